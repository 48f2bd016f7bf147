"""Makes mitmproxy's HTTP layer behave as if nothing were in between, where by itself it does not.

- A connection that fails upstream fails here too. mitmproxy answers 502 with a page, which an SDK takes for the
  provider's answer and raises another exception for.
- Interim responses (1xx) of HTTP/1.1 are skipped, as mitmproxy does for HTTP/2; it takes them for the response.
- Trailers of chunked bodies are left out; mitmproxy gives up on them and drops the connection.

And it lets go of a call that is over. mitmproxy's layers refer to themselves and so stay until the garbage collector's
next full round, with every body they have seen.
"""

from __future__ import annotations

import re

import h11
from h11._receivebuffer import ReceiveBuffer
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers import http as http_layer
from mitmproxy.proxy.layers.http import (
    DropStream,
    ErrorCode,
    HttpStream,
    ResponseProtocolError,
    ResponseTrailers,
    SendHttp,
    _http1,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Server, TBodyReader, make_body_reader

_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d\b")


class DirectStream(HttpStream):
    """An `HttpStream` that passes a failure on as a failure."""

    def handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        over = False
        for command in super().handle_event(event):
            if isinstance(command, SendHttp):
                sent = command.event
                if isinstance(sent, ResponseTrailers) and self.context.client.alpn != b"h2":
                    continue
                if isinstance(sent, ResponseProtocolError) and sent.code.http_status_code() == 502:
                    command.event = ResponseProtocolError(sent.stream_id, sent.message, ErrorCode.KILL)
            over |= isinstance(command, DropStream)
            yield command
        if over:
            self.let_go()

    def let_go(self) -> None:
        """The call is over, and no event comes after this."""
        del self.flow


class _Letting:
    """A connection that lets go of its last call when it is done."""

    def mark_done(self, *, request: bool = False, response: bool = False) -> layer.CommandGenerator[None]:
        yield from super().mark_done(request=request, response=response)  # type: ignore[misc]
        if self.state == self.done:  # type: ignore[attr-defined]
            self.request = self.response = None


class LettingServer(_Letting, Http1Server):  # type: ignore[misc]
    """An `Http1Server`."""


class PatientClient(_Letting, Http1Client):  # type: ignore[misc]
    """An `Http1Client` that waits for the final response."""

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        while self.request and isinstance(event, events.DataReceived) and _INTERIM.match(bytes(self.buf)):
            if not self.buf.maybe_extract_lines():
                return
        yield from super().read_headers(event)


class _WithoutTrailers:
    def __init__(self, reader: TBodyReader) -> None:
        self._reader = reader

    def __call__(self, buf: ReceiveBuffer) -> h11.Event | None:
        event = self._reader(buf)
        return h11.EndOfMessage() if isinstance(event, h11.EndOfMessage) else event

    def read_eof(self) -> h11.Event | None:
        return self._reader.read_eof()


def _body_reader(expected_size: int | None) -> _WithoutTrailers:
    return _WithoutTrailers(make_body_reader(expected_size))


class Direct:
    """Installs the above. Comes before `Redact`, whose streams build on these."""

    def load(self, loader: object) -> None:
        http_layer.HttpStream = DirectStream  # type: ignore[misc]
        http_layer.Http1Client = PatientClient  # type: ignore[misc]
        http_layer.Http1Server = LettingServer  # type: ignore[misc]
        _http1.make_body_reader = _body_reader  # type: ignore[assignment]

    def done(self) -> None:
        http_layer.HttpStream = HttpStream  # type: ignore[misc]
        http_layer.Http1Client = Http1Client  # type: ignore[misc]
        http_layer.Http1Server = Http1Server  # type: ignore[misc]
        _http1.make_body_reader = make_body_reader
