"""The addon that keeps flows over restarts, and keeps their number and size bounded, in memory as on disk.

What mitmweb shows is what is kept: a flow that is removed there is removed from disk, and the other way round.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from mitmproxy import flow as mitmproxy_flow
from mitmproxy import http
from mitmproxy.hooks import Hook
from mitmproxy.utils import asyncio_utils

from llm_sidecar import mitmweb, settings
from llm_sidecar.capture.keep_files import KeptFiles, State
from llm_sidecar.capture.stream import CHUNKS
from llm_sidecar.comments import is_persons

FOLDER = "flows"
INTERRUPTED = "The proxy was stopped before this call ended. What had arrived may be incomplete."

_LOOK_SECONDS = 1.0
_IN_FLIGHT_SECONDS = 10.0
"""A call that is under way for long is written now and then: a crash then costs only its end."""
_OVERHEAD = 8 * 1024
"""Bytes of memory that a flow takes beside its bodies, about."""
_CHUNK_OVERHEAD = 150
_AT_ONCE = 50
_MOST_BEHIND = 64 * 1024 * 1024

logger = logging.getLogger(__name__)


@dataclass
class FlowsLoadedHook(Hook):
    """Flows kept from before are in the view now; no other hook has fired for them."""

    flows: Sequence[mitmproxy_flow.Flow]


class Keep:
    """Writes flows as they end, removes the oldest beyond the caps, loads what is kept when the proxy starts."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        """What keeps flows from being kept, for people: short name -> sentence."""
        self._sizes: dict[str, int] = {}
        """Flow id -> bytes, oldest first."""
        self._total = 0
        self._changed: dict[str, mitmproxy_flow.Flow] = {}
        self._written: dict[str, tuple[int, float]] = {}
        """Flow id -> what was written last (see `_print`), and when."""
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def load(self, loader: object) -> None:
        self._most_calls, self._most_bytes = settings.most_calls(), settings.most_bytes()
        loop = asyncio.get_running_loop()

        def report(reason: str | None) -> None:
            loop.call_soon_threadsafe(self._report, reason)

        self._files = KeptFiles(settings.state_dir() / FOLDER, report)
        view = mitmweb.master().view
        view.sig_store_remove.connect(self._removed)
        view.sig_store_refresh.connect(self._cleared)
        view.sig_view_add.connect(self._appeared)
        view.sig_view_update.connect(self._updated)

    def running(self) -> None:
        for work, name in ((self._load(), "load kept flows"), (self._look(), "write changed flows")):
            self._tasks.append(asyncio_utils.create_task(work, name=name, keep_ref=False))

    def done(self) -> None:
        self._closing = True
        for task in self._tasks:
            task.cancel()
        for flow in list(self._changed.values()):
            self._write(flow)
        self._files.close()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self._appeared(flow)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None:
            self._ended(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._ended(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self._ended(flow)

    def _appeared(self, flow: mitmproxy_flow.Flow) -> None:
        self._sizes.setdefault(flow.id, 0)
        self._measure(flow)
        self._updated(flow)

    def _ended(self, flow: http.HTTPFlow) -> None:
        self._write(flow)
        self._measure(flow)

    def _updated(self, flow: mitmproxy_flow.Flow) -> None:
        self._changed[flow.id] = flow

    def _removed(self, flow: mitmproxy_flow.Flow) -> None:
        self._forget(flow.id)
        self._files.remove(flow.timestamp_created, flow.id)

    def _cleared(self) -> None:
        view = mitmweb.master().view
        kept = {id for id in self._sizes if view.get_by_id(id) is not None}
        for id in self._sizes.keys() - kept:
            self._forget(id)
        self._files.remove_all_but(kept)

    def _forget(self, id: str) -> None:
        self._total -= self._sizes.pop(id, 0)
        self._changed.pop(id, None)
        self._written.pop(id, None)

    async def _look(self) -> None:
        """Write what has changed: marks, comments, edits, and now and then what is still in flight."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            for flow in list(self._changed.values()):
                if not flow.live or now - self._written.get(flow.id, (0, 0.0))[1] > _IN_FLIGHT_SECONDS:
                    self._write(flow)
                    self._measure(flow)
                    await asyncio.sleep(0)

    def _write(self, flow: mitmproxy_flow.Flow) -> None:
        self._changed.pop(flow.id, None)
        if self._files.behind > _MOST_BEHIND and not self._closing:
            # A slow disk: later, if the flow is still there then.
            self._changed[flow.id] = flow
            return
        now = _print(flow)
        if self._written.get(flow.id, (0, 0.0))[0] != now and flow.id in self._sizes:
            self._written[flow.id] = now, time.monotonic()
            self._files.write(_state(flow), _size(flow))

    def _measure(self, flow: mitmproxy_flow.Flow) -> None:
        """Take the flow's size into account, and remove the oldest flows that are too many."""
        if flow.id not in self._sizes:
            return
        view = mitmweb.master().view
        self._total += (size := _size(flow)) - self._sizes[flow.id]
        self._sizes[flow.id] = size
        if len(self._sizes) <= self._most_calls and self._total <= self._most_bytes:
            return
        for id in list(self._sizes):
            if id == flow.id:
                continue
            if (old := view.get_by_id(id)) is None:
                self._forget(id)
            elif not (old.live or old.intercepted or old.marked):
                # One at a time: for several, mitmproxy writes a log line.
                view.remove([old])
            if len(self._sizes) <= self._most_calls and self._total <= self._most_bytes:
                return

    async def _load(self) -> None:
        view = mitmweb.master().view
        flows = await asyncio.wrap_future(self._files.read())
        newer = self._sizes
        self._sizes = {}
        for flow in flows:
            if flow.id in newer:
                continue
            _mend(flow)
            self._sizes[flow.id] = size = _size(flow)
            self._total += size
            self._written[flow.id] = _print(flow), 0.0
            view.add([flow])
            if len(self._sizes) % _AT_ONCE == 0:
                await asyncio.sleep(0)
        mitmweb.master().addons.trigger(FlowsLoadedHook([f for f in flows if f.id in self._sizes]))
        self._sizes |= newer
        if flows:
            self._measure(flows[-1])

    def _report(self, reason: str | None) -> None:
        if reason is None:
            self.problems.clear()
            logger.warning("llm-sidecar: calls are kept again.")
        elif not self.problems:
            self.problems["keep"] = (
                f"Calls are shown but not kept over a restart: the proxy's volume cannot be written ({reason}). "
                "Make room on the disk, or clear calls."
            )
            logger.error(f"llm-sidecar: {self.problems['keep']}")


def _state(flow: mitmproxy_flow.Flow) -> State:
    """`flow.get_state()`, without its deep copy of thousands of chunk times, which takes long."""
    metadata = flow.metadata
    flow.metadata = {k: v for k, v in metadata.items() if k != CHUNKS}
    try:
        state: State = dict(flow.get_state())
    finally:
        flow.metadata = metadata
    if CHUNKS in metadata:
        state["metadata"][CHUNKS] = list(metadata[CHUNKS])
    return state


def _print(flow: mitmproxy_flow.Flow) -> int:
    """Differs when the flow does. Bodies are compared by identity: they are replaced, never changed."""
    # A call's comment is written anew when its flow is loaded.
    comment = flow.comment if is_persons(flow) else ""
    parts: list[object] = [flow.marked, comment, flow.error and flow.error.msg]
    if isinstance(flow, http.HTTPFlow):
        for message in filter(None, (flow.request, flow.response)):
            parts += message.headers.fields, id(message.data.content), message.timestamp_end
        request = flow.request.data
        parts += request.method, request.scheme, request.host, request.port, request.path
        parts += (len(flow.websocket.messages), flow.websocket.timestamp_end) if flow.websocket else ()
    return hash(tuple(parts))


def _mend(flow: mitmproxy_flow.Flow) -> None:
    """A flow that was written in flight has ended by now."""
    flow.intercepted = False
    if isinstance(flow, http.HTTPFlow) and flow.error is None:
        ended = flow.response and flow.response.timestamp_end
        if not ended or (flow.websocket and not flow.websocket.timestamp_end):
            flow.error = mitmproxy_flow.Error(INTERRUPTED)


def _size(flow: mitmproxy_flow.Flow) -> int:
    """Bytes that the flow takes, about, in memory and on disk."""
    size = _OVERHEAD + _CHUNK_OVERHEAD * len(flow.metadata.get(CHUNKS, ()))
    if isinstance(flow, http.HTTPFlow):
        for message in (flow.request, flow.response):
            size += len(message.data.content or b"") if message else 0
        if flow.websocket:
            size += sum(len(message.content) + _CHUNK_OVERHEAD for message in flow.websocket.messages)
    return size
