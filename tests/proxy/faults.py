"""Everything that goes wrong upstream, as servers that do it. Each fault is a handler, or a way to reach no server."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from dataclasses import dataclass

import h2.connection

from tests.conftest import SSE_HEAD, Handler, chunk
from tests.proxy.http2 import Answer, Request

EVENT = b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n'  # noqa: E501
HELLO = EVENT % b"Hello "
DONE = b"data: [DONE]\n\n"
ANSWER = json.dumps(
    {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello world"}}],
    }
).encode()  # fmt: skip
WHOLE = SSE_HEAD + chunk(HELLO + DONE) + chunk(b"")
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True)
class Fault:
    """`shown`: what the call's error in mitmweb must contain; "" for a call that ends well there."""

    name: str
    handler: Handler
    shown: str = ""
    stream: bool = True
    retries: int = 0
    timeout: float = 8
    """Seconds that the client waits for the next bytes."""


def _send(data: bytes) -> Handler:
    return lambda connection, _request: connection.sendall(data)


def _reset(connection: socket.socket) -> None:
    """End with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _then_reset(data: bytes) -> Handler:
    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(data)
        threading.Event().wait(0.1)
        _reset(connection)

    return handler


def _then_stall(data: bytes) -> Handler:
    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(data)
        # Until the client has had enough.
        connection.settimeout(20)
        connection.recv(1)

    return handler


def _with_retry() -> Handler:
    seen: list[bytes] = []

    def handler(connection: socket.socket, request: bytes) -> None:
        seen.append(request)
        if len(seen) % 2:
            connection.sendall(
                b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
            )
        else:
            connection.sendall(JSON_HEAD + b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)

    return handler


_broken_gzip = gzip.compress(ANSWER)[:40] + b"\0" * 40

_LENGTHS = b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"

FAULTS = [
    Fault("closes without an answer", _send(b""), "server closed connection"),
    Fault("resets without an answer", _then_reset(b""), "server closed connection"),
    Fault("stalls without an answer", _then_stall(b""), "Client disconnected", timeout=1),
    Fault("stalls mid-stream", _then_stall(SSE_HEAD + chunk(HELLO)), "Client disconnected", timeout=1),
    Fault("closes mid-stream", _send(SSE_HEAD + chunk(HELLO)), "peer closed connection"),
    Fault("closes mid-chunk", _send(SSE_HEAD + chunk(HELLO)[:-20]), "peer closed connection"),
    Fault("resets mid-stream", _then_reset(SSE_HEAD + chunk(HELLO)), "peer closed connection"),
    Fault("breaks the chunk framing", _send(SSE_HEAD + chunk(HELLO) + b"zz\r\nnonsense\r\n"), "HTTP/1 protocol error"),
    Fault(
        "announces more bytes than it sends",
        _send(JSON_HEAD + b"Content-Length: %d\r\n\r\n" % (len(ANSWER) + 10) + ANSWER),
        "peer closed connection", stream=False,
    ),
    Fault(
        "sends more bytes than it announces",
        _send(JSON_HEAD + b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER + b"more"), stream=False,
    ),
    Fault(
        "breaks the compression",
        _send(JSON_HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(_broken_gzip) + _broken_gzip),
        stream=False,
    ),
    Fault("sends nonsense", _send(b"\x00\xff nonsense\r\n\r\n"), "Cannot parse HTTP response"),
    Fault("sends two lengths", _send(JSON_HEAD + _LENGTHS + b"xx"), "content-length"),
    Fault("sends JSON that ends early", _send(JSON_HEAD + b"Content-Length: 9\r\n\r\n" + ANSWER[:9]), stream=False),
    Fault("sends an event that is no JSON", _send(SSE_HEAD + chunk(b"data: {oops\n\n") + chunk(b""))),
    Fault("sends an error event", _send(SSE_HEAD + chunk(b'data: {"error": {"message": "busy"}}\n\n') + chunk(b""))),
    Fault("answers 401", _send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}")),
    Fault("answers 500 with a page", _send(b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\n<p>!")),
    Fault("answers 429, then well", _with_retry(), stream=False, retries=1),
    Fault("ends the stream by closing", _send(SSE_HEAD.replace(b"Transfer-Encoding: chunked\r\n", b"") + HELLO)),
    Fault("sends early hints first", _send(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + WHOLE)),
    Fault("sends trailers", _send(WHOLE.removesuffix(b"\r\n") + b"X-Checksum: 1\r\n\r\n")),
]  # fmt: skip


def _goaway(http: h2.connection.H2Connection, stream: int, _request: Request) -> None:
    http.send_headers(stream, [(":status", "200"), ("content-type", "text/event-stream")])
    http.send_data(stream, HELLO)
    http.close_connection()


def _goaway_first(http: h2.connection.H2Connection, _stream: int, _request: Request) -> None:
    http.close_connection(error_code=2)


def _reset_stream(http: h2.connection.H2Connection, stream: int, _request: Request) -> None:
    http.send_headers(stream, [(":status", "200"), ("content-type", "text/event-stream")])
    http.send_data(stream, HELLO)
    http.reset_stream(stream, error_code=2)


def _refused_stream(http: h2.connection.H2Connection, stream: int, _request: Request) -> None:
    http.reset_stream(stream, error_code=7)


def _whole(http: h2.connection.H2Connection, stream: int, _request: Request) -> None:
    http.send_headers(stream, [(":status", "200"), ("content-type", "text/event-stream")])
    http.send_data(stream, HELLO + DONE, end_stream=True)


HTTP2_FAULTS: dict[str, Answer] = {
    "HTTP/2: GOAWAY mid-stream": _goaway,
    "HTTP/2: GOAWAY instead of an answer": _goaway_first,
    "HTTP/2: stream reset midway": _reset_stream,
    "HTTP/2: stream refused": _refused_stream,
    "HTTP/2: all well": _whole,
}
