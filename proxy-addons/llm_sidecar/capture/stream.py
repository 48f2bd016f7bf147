"""Every response passes as it arrives; a copy is kept, also of one that is cut, and shown while in flight.

mitmproxy's `store_streamed_bodies` loses the body when either side aborts, and shows nothing before the end.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.hooks import Hook

from llm_sidecar import mitmweb, settings
from llm_sidecar.capture.stored import StoredBody
from llm_sidecar.capture.wire import VAULT

CHUNKS = "llm_sidecar.chunks"
"""In `flow.metadata`: when the body arrived, as a list of [offset, seconds since the request ended]."""

_SOON = 0.05
_INTERVAL = 0.25
_MOST_CHUNKS = 20_000
_LARGE = 4 * 1024 * 1024

logger = logging.getLogger(__name__)


@dataclass
class ResponseProgressHook(Hook):
    """More of a response's body has arrived (`flow.response.raw_content` has it), at most 4 times a second."""

    flow: http.HTTPFlow


class Tee:
    """`flow.response.stream`: hands each chunk on as it is, and keeps it. Never raises: that would lose the chunk."""

    def __init__(self, flow: http.HTTPFlow) -> None:
        self._flow: http.HTTPFlow | None = flow
        self._body = bytearray()
        self._arrivals: list[list[float]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._since = flow.request.timestamp_end or time.time()
        flow.metadata[CHUNKS] = self._arrivals
        response = flow.response
        self._stored = StoredBody(response, VAULT.of(flow)) if response and settings.redact() else None

    def __call__(self, chunk: bytes) -> bytes:
        try:
            if chunk:
                self._keep(chunk)
            else:
                self.settle(whole=True)
        except Exception:
            logger.exception("A response's copy is incomplete. The response itself is not affected.")
        return chunk

    def _keep(self, chunk: bytes) -> None:
        if len(self._arrivals) < _MOST_CHUNKS:
            self._arrivals.append([len(self._body), round(time.time() - self._since, 4)])
        self._body += chunk
        if self._timer is None:
            # The first chunk shows at once, but not for a response that ends at once. A large body is copied for each
            # look at it, so it is looked at less often.
            first = len(self._body) == len(chunk)
            interval = _SOON if first else _INTERVAL * (1 + len(self._body) // _LARGE)
            self._timer = asyncio.get_running_loop().call_later(interval, self._show)

    def _show(self) -> None:
        self._timer = None
        self._copy(whole=False)
        if self._flow:
            mitmweb.master().addons.trigger(ResponseProgressHook(self._flow))

    def _copy(self, whole: bool) -> None:
        if self._flow and self._flow.response:
            shown = self._stored.shown(self._body, whole) if self._stored else bytes(self._body)
            self._flow.response.data.content = shown

    def settle(self, whole: bool = False) -> None:
        """Put what has arrived into the flow, once and for all. Not `whole`: the body was cut."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._copy(whole)
        # The flow holds on to this object. Without a way back, a flow that is removed is gone at once.
        self._flow, self._stored, self._body = None, None, bytearray()


class Stream:
    """Streams every response through a `Tee`."""

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        # Flows that were loaded from a file come by here too; a 101 is no message with a body.
        if flow.live and flow.response is not None and flow.response.status_code >= 200:
            flow.response.stream = Tee(flow)

    def response_progress(self, flow: http.HTTPFlow) -> None:
        mitmweb.master().view.update([flow])

    def error(self, flow: http.HTTPFlow) -> None:
        if flow.response is not None and isinstance(flow.response.stream, Tee):
            flow.response.stream.settle()
