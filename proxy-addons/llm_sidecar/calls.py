"""The calls among the flows: which there are, what each says, which belong together.

The flows are the only store. Of each call a small `Row` is kept; the whole call is read from its flow again when
somebody asks. Reading runs in one worker thread, in the order of events, so that no body holds the proxy's loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mitmproxy import flow as mitmproxy_flow
from mitmproxy import http
from mitmproxy.hooks import Hook

from llm_sidecar import cost, mitmweb
from llm_sidecar.call import Call
from llm_sidecar.capture.exchange import exchange_of
from llm_sidecar.capture.run_name import RUN
from llm_sidecar.dialects.reader import Reader, reader
from llm_sidecar.exchange import Exchange
from llm_sidecar.row import Row, row_of
from llm_sidecar.runs import Difference, Runs, Trace, difference

_SOON = 0.05
"""Seconds until a call is shown that has not ended by then."""

_RECENT = 32
"""Whole calls that are kept beside the rows: what people look at is what came last."""

_AT_ONCE = 256 * 1024
"""Bytes of a call that may be read while the proxy's loop waits: a few milliseconds."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """A call, read whole."""

    row: Row
    call: Call
    exchange: Exchange
    difference: Difference | None = None
    """Against the call before it in its run."""


@dataclass
class CallChangedHook(Hook):
    """A call appeared, grew or ended. `reading.row` is its newest row."""

    reading: Reading


@dataclass
class CallRemovedHook(Hook):
    """A call is no longer kept."""

    id: str


@dataclass
class _Live:
    """A call whose response is still arriving."""

    reader: Reader
    fed: int = 0
    responded: bool = False


class Calls:
    """Follows the flows. `rows` and `read` are for the views."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._recent: OrderedDict[str, Reading] = OrderedDict()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._waiting: set[str] = set()
        # Of the worker thread alone:
        self._live: dict[str, _Live] = {}
        self._runs = Runs()

    def load(self, loader: object) -> None:
        view = mitmweb.master().view
        view.sig_store_remove.connect(self._removed)
        view.sig_store_refresh.connect(self._refreshed)
        # Loading the price list takes a while, which the first call need not wait for.
        self._worker.submit(cost.prices_date)

    def done(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)

    def request(self, flow: http.HTTPFlow) -> None:
        # A flow from a file comes by as a whole: its end is enough, where it has one. So it is for a quick call.
        if flow.live:
            asyncio.get_running_loop().call_later(_SOON, self._appear, flow)
        elif flow.response is None and flow.error is None:
            self._follow(flow)

    def flows_loaded(self, flows: list[mitmproxy_flow.Flow]) -> None:
        """Flows kept from before are in the view; no hook has fired for them."""
        for flow in flows:
            if isinstance(flow, http.HTTPFlow):
                self._follow(flow)

    def response_progress(self, flow: http.HTTPFlow) -> None:
        # One look at a time: a reader that is behind takes all that has come since in one go.
        if flow.id not in self._waiting:
            self._waiting.add(flow.id)
            self._follow(flow)

    def response(self, flow: http.HTTPFlow) -> None:
        self._follow(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._follow(flow)

    def rows(self) -> list[Row]:
        """All calls, newest first."""
        return sorted(self._rows.values(), key=lambda row: (row.started, row.id), reverse=True)

    def row(self, id: str) -> Row | None:
        return self._rows.get(id)

    async def read(self, id: str) -> Reading | None:
        """A call, whole; None when there is no such call."""
        if reading := self._recent.get(id):
            return reading
        flow = mitmweb.master().view.get_by_id(id)
        if not isinstance(flow, http.HTTPFlow) or id not in self._rows:
            return None
        exchange = exchange_of(flow)
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._read_again, exchange)

    def read_now(self, flow: http.HTTPFlow) -> Reading | None:
        """As `read`, but at once, for mitmproxy's contentviews, which cannot wait. None too for a large one."""
        if reading := self._recent.get(flow.id):
            return reading
        exchange = exchange_of(flow)
        if flow.id not in self._rows or len(exchange.request_body) + len(exchange.response_body) > _AT_ONCE:
            return None
        # Only looks things up in what is the worker thread's: waiting for that thread could take long.
        return self._read_again(exchange)

    def _appear(self, flow: http.HTTPFlow) -> None:
        if not _is_over(flow):
            self._follow(flow)

    def _follow(self, flow: http.HTTPFlow) -> None:
        """Have the worker look at the flow as it is now, and take in what it finds."""
        loop = asyncio.get_running_loop()
        exchange, name, over = exchange_of(flow), flow.metadata.get(RUN), _is_over(flow)

        def look() -> None:
            self._waiting.discard(exchange.id)
            try:
                reading = self._look(exchange, over, name)
            except Exception:
                logger.exception("A call could not be read. Its flow is kept as it is.")
                return
            if reading is not None:
                loop.call_soon_threadsafe(self._take_in, reading)

        self._worker.submit(look)

    def _take_in(self, reading: Reading) -> None:
        id = reading.row.id
        if mitmweb.master().view.get_by_id(id) is None:
            return
        self._rows[id] = reading.row
        self._recent[id] = reading
        self._recent.move_to_end(id)
        while len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
        mitmweb.master().addons.trigger(CallChangedHook(reading))

    def _removed(self, flow: mitmproxy_flow.Flow) -> None:
        self._recent.pop(flow.id, None)
        if self._rows.pop(flow.id, None) is not None:
            self._worker.submit(self._forget, flow.id)
            mitmweb.master().addons.trigger(CallRemovedHook(flow.id))

    def _refreshed(self) -> None:
        view = mitmweb.master().view
        for id in [id for id in self._rows if view.get_by_id(id) is None]:
            self._recent.pop(id, None)
            del self._rows[id]
            self._worker.submit(self._forget, id)
            mitmweb.master().addons.trigger(CallRemovedHook(id))

    # From here on in the worker thread.

    def _look(self, exchange: Exchange, over: bool, name: str | None) -> Reading | None:
        live = self._live.get(exchange.id)
        if live is None:
            if (found := reader(exchange)) is None:
                return None
            live = self._live[exchange.id] = _Live(found)
            self._runs.forget(exchange.id)
            self._runs.place(Trace.of(exchange.id, found.call()), name)
        call = _continue(live, exchange, over)
        if over:
            del self._live[exchange.id]
            self._runs.answered(exchange.id, call)
        return self._reading(call, exchange)

    def _read_again(self, exchange: Exchange) -> Reading | None:
        if (found := reader(exchange)) is None:
            return None
        over = exchange.complete or exchange.error is not None or exchange.id not in self._live
        return self._reading(_continue(_Live(found), exchange, over), exchange)

    def _reading(self, call: Call, exchange: Exchange) -> Reading:
        place, trace = self._runs.placed(exchange.id), self._runs.trace(exchange.id)
        before = self._runs.trace(place.previous) if place.previous else None
        change = difference(before, trace) if before and trace else None
        return Reading(row_of(call, exchange, place), call, exchange, change)

    def _forget(self, id: str) -> None:
        self._live.pop(id, None)
        self._runs.forget(id)


def calls() -> Calls:
    """The running `Calls` addon."""
    return mitmweb.master().addons.get("calls")


def _is_over(flow: http.HTTPFlow) -> bool:
    ended = flow.response is not None and flow.response.timestamp_end is not None
    return ended or flow.error is not None or not flow.live


def _continue(live: _Live, exchange: Exchange, over: bool) -> Call:
    """Feed a reader what its exchange has more than the last time."""
    if exchange.status is not None:
        if not live.responded:
            live.reader.respond(exchange.status, exchange.response_headers)
            live.responded = True
        live.reader.feed(exchange.response_body[live.fed :])
        live.fed = len(exchange.response_body)
    if over:
        live.reader.end(exchange.error)
    return live.reader.call()
