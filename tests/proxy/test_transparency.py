"""Whatever HTTP/1.1 the two sides speak: what each receives through the proxy is what it receives without it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Sidecar, chunk

TOKEN = "!#$%&'*+-.^_`|~" + "abcXYZ019"
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "PROPFIND", "X-OWN"]
HOP_BY_HOP = ("connection", "keep-alive", "proxy-", "te", "trailer", "transfer-encoding", "upgrade", "content-length")
NO_BODY = (204, 304)
INTERIM = [[], [b"HTTP/1.1 103 Early Hints", b"Link: </x>; rel=preload", b""], [b"HTTP/1.1 100 Continue", b""]]


@dataclass(frozen=True)
class Message:
    """A head without its last line, and a body with how it is framed."""

    head: list[bytes]
    body: bytes
    framing: str
    trailer: bytes = b""

    def wire(self) -> bytes:
        head = b"\r\n".join(self.head) + b"\r\n"
        if self.framing == "length":
            return head + b"Content-Length: %d\r\n\r\n" % len(self.body) + self.body
        if self.framing == "chunked":
            cut = len(self.body) // 3
            pieces = [p for p in (self.body[:cut], self.body[cut:]) if p]
            body = b"".join(map(chunk, pieces)) + b"0\r\n" + self.trailer + b"\r\n"
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + body
        return head + b"\r\n" + self.body


values = st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S")) | st.just(" "), max_size=30)
extra = st.lists(
    st.tuples(
        st.text(st.sampled_from(TOKEN), min_size=1, max_size=12).filter(lambda n: not n.lower().startswith(HOP_BY_HOP))
        | st.sampled_from(["Authorization", "x-api-key", "Cookie", "Set-Cookie", "Accept", "ETag", "Content-Encoding"]),
        values,
    ).map(lambda h: f"{h[0]}: {h[1].strip()}".encode("latin-1")),
    max_size=6,
)
paths = st.text(st.sampled_from("abc/?&=%;:@!$'()*+,-._~[]|\"<>\\^`{}é"), max_size=40).map(lambda p: ("/" + p).encode())
bodies = st.binary(max_size=2000) | st.sampled_from(
    [b'{"access_token": "secret-0123456789"}', b"", b"\x1f\x8b\x08broken"]
)


@st.composite
def requests(draw: st.DrawFn) -> Message:
    method = draw(st.sampled_from(METHODS))
    body = draw(bodies)
    framing = draw(st.sampled_from(["length", "chunked"] if body else ["none", "length", "chunked"]))
    head = [method.encode() + b" " + draw(paths) + b" HTTP/1.1", b"Host: localhost", b"Connection: close", *draw(extra)]
    if draw(st.booleans()):
        head.append(b"Expect: 100-continue")
    return Message(head, body, framing)


@st.composite
def responses(draw: st.DrawFn) -> Message:
    status = draw(st.sampled_from([200, 201, 204, 206, 301, 304, 400, 401, 404, 418, 429, 499, 500, 503, 529, 599]))
    reason = draw(st.sampled_from([b"OK", b"", b"Not  What You Think", b"\xc3\xa9"]))
    interim = draw(st.sampled_from(INTERIM))
    body = b"" if status in NO_BODY else draw(bodies)
    framing = "none" if status in NO_BODY else draw(st.sampled_from(["length", "chunked", "close"]))
    trailer = draw(st.sampled_from([b"", b"X-Checksum: 1\r\n"])) if framing == "chunked" else b""
    head = [*interim, b"HTTP/1.1 %d %s" % (status, reason), *draw(extra)]
    return Message(head, body, framing, trailer)


def parsed(data: bytes) -> tuple[list[bytes], bytes]:
    """The head's lines but those of interim responses, Expect and framing; and the body, whatever its chunks."""
    while True:
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        if not lines[0].startswith(b"HTTP/1.1 1"):
            break
        data = body
    names = [line.partition(b":")[0].lower() for line in lines]
    if b"transfer-encoding" in names:
        rest, body = body, b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            if not (length := int(size, 16)):
                break
            body, rest = body + rest[:length], rest[length + 2 :]
    kept = [line for line, name in zip(lines, names, strict=True) if name not in (b"expect", b"trailer")]
    return kept, body


@pytest.fixture(scope="module")
def server_context(upstream_ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    upstream_ca.issue_cert("localhost").configure_cert(context)
    return context


def exchange(port: int, trust: ssl.SSLContext, request: bytes, proxy: int | None) -> bytes:
    """What the client receives until the server closes."""
    with socket.create_connection(("127.0.0.1", proxy or port), timeout=10) as raw:
        if proxy:
            raw.sendall(f"CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += raw.recv(1)
            assert b" 200 " in head
        with trust.wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(request)
            data = b""
            while more := tls.recv(65536):
                data += more
            return data


def read_whole(connection: socket.socket) -> bytes:
    """A request with its body, in either framing, without the answer to Expect that the test does not need."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        lower = head.lower()
        if end and b"transfer-encoding: chunked" in lower:
            if body.endswith(b"0\r\n\r\n"):
                return data
        elif end:
            length = lower.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
            if len(body) >= int(length or 0):
                return data
        if not (more := connection.recv(65536)):
            return data
        data += more


@given(requests(), responses())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_both_sides_receive_the_same(
    sidecar: Sidecar, upstream_ca: trustme.CA, server_context: ssl.SSLContext, request_: Message, response: Message
) -> None:
    """Methods, paths, names in any case, duplicates, any framing and encoding, interim responses, trailers."""
    received: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with server_context.wrap_socket(connection, server_side=True) as tls:
            received.append(read_whole(tls))
            answer = response.wire()
            if request_.head[0].startswith(b"HEAD "):
                heads = 2 if b"" in response.head else 1
                answer = b"\r\n\r\n".join(answer.split(b"\r\n\r\n")[:heads]) + b"\r\n\r\n"
            tls.sendall(answer)

    _run(sidecar, upstream_ca, request_, serve, received)


def _run(
    sidecar: Sidecar, ca: trustme.CA, request: Message, serve: Callable[[socket.socket], None], received: list[bytes]
) -> None:
    direct_trust = ssl.create_default_context()
    ca.configure_trust(direct_trust)
    proxy_trust = ssl.create_default_context(cafile=str(sidecar.bundle))
    got = []
    for proxy, trust in ((None, direct_trust), (sidecar.proxy_port, proxy_trust)):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve, args=(listener,), daemon=True)
            thread.start()
            got.append(exchange(listener.getsockname()[1], trust, request.wire(), proxy))
            thread.join(10)
    assert parsed(received[1]) == parsed(received[0])
    assert parsed(got[1]) == parsed(got[0])
