"""A WebSocket server and client for the tests, on `wsproto`, byte for byte and without threads of their own."""

from __future__ import annotations

import base64
import os
import socket
import ssl

import wsproto.utilities
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import Event, TextMessage


def upgrade(connection: socket.socket, request: bytes) -> Connection:
    """The server's answer to an upgrade request; after it, the connection for messages."""
    lines = dict(line.split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line)
    headers = {name.lower(): value for name, value in lines.items()}
    accept = wsproto.utilities.generate_accept_token(headers[b"sec-websocket-key"])
    chosen = headers.get(b"sec-websocket-protocol", b"").split(b",")[0].strip()
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n" % (accept, chosen)
    )
    return Connection(ConnectionType.SERVER)


def connect(proxy_port: int, port: int, cafile: str, headers: bytes) -> tuple[socket.socket, Connection]:
    """A client through the proxy, upgraded."""
    raw = socket.create_connection(("127.0.0.1", proxy_port), timeout=10)
    raw.sendall(b"CONNECT localhost:%d HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % (port, port))
    _head(raw)
    tls = ssl.create_default_context(cafile=cafile).wrap_socket(raw, server_hostname="localhost")
    tls.sendall(
        b"GET /v1/realtime HTTP/1.1\r\nHost: localhost:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n"
        % (port, base64.b64encode(os.urandom(16)), headers)
    )
    assert b" 101 " in _head(tls)
    return tls, Connection(ConnectionType.CLIENT)


def send(connection: socket.socket, protocol: Connection, event: Event) -> None:
    connection.sendall(protocol.send(event))


def receive_text(connection: socket.socket, protocol: Connection) -> str:
    """The next whole text message."""
    text = ""
    while True:
        protocol.receive_data(connection.recv(65536) or None)
        for event in protocol.events():
            assert isinstance(event, TextMessage), event
            text += event.data
            if event.message_finished:
                return text


def _head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, head
        head += byte
    return head
