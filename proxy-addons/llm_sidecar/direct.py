"""Makes mitmproxy's HTTP layer behave as if nothing were in between, where by itself it does not.

- A connection that fails upstream fails here too. mitmproxy answers 502 with a page, which an SDK takes for the
  provider's answer and raises another exception for.
- Interim responses (1xx) of HTTP/1.1 are skipped, as mitmproxy does for HTTP/2; it takes them for the response.
- Trailers of chunked bodies are left out; mitmproxy gives up on them and drops the connection.
"""

from __future__ import annotations

import re

import h11
from h11._receivebuffer import ReceiveBuffer
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers import http as http_layer
from mitmproxy.proxy.layers.http import (
    ErrorCode,
    HttpStream,
    ResponseProtocolError,
    ResponseTrailers,
    SendHttp,
    _http1,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client, TBodyReader, make_body_reader

_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d\b")


class DirectStream(HttpStream):
    """An `HttpStream` that passes a failure on as a failure."""

    def handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        for command in super().handle_event(event):
            if isinstance(command, SendHttp):
                sent = command.event
                if isinstance(sent, ResponseTrailers) and self.context.client.alpn != b"h2":
                    continue
                if isinstance(sent, ResponseProtocolError) and sent.code.http_status_code() == 502:
                    command.event = ResponseProtocolError(sent.stream_id, sent.message, ErrorCode.KILL)
            yield command


class PatientClient(Http1Client):
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
        _http1.make_body_reader = _body_reader  # type: ignore[assignment]

    def done(self) -> None:
        http_layer.HttpStream = HttpStream  # type: ignore[misc]
        http_layer.Http1Client = Http1Client  # type: ignore[misc]
        _http1.make_body_reader = make_body_reader
