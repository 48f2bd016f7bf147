"""A small HTTP/2 server and client for the tests, on `h2`: what they send and got is what the tests compare."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import trustme


@dataclass
class Request:
    """What arrived at the server."""

    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


@dataclass
class Server:
    url: str
    requests: list[Request] = field(default_factory=list)


Answer = Callable[[h2.connection.H2Connection, int, Request], None]
"""Called when a request is complete; sends on the connection object."""


@contextlib.contextmanager
def serving(ca: trustme.CA, answer: Answer) -> Iterator[Server]:
    """An HTTP/2 server on localhost for the time of the block."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["h2"])
    ca.issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"https://localhost:{listener.getsockname()[1]}")

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        def serve(raw: socket.socket) -> None:
            with (
                contextlib.suppress(OSError, h2.exceptions.ProtocolError),
                context.wrap_socket(raw, server_side=True) as connection,
            ):
                _serve(connection, server, answer)

        threading.Thread(target=accept, daemon=True).start()
        yield server


def _serve(connection: socket.socket, server: Server, answer: Answer) -> None:
    http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
    http.initiate_connection()
    connection.sendall(http.data_to_send())
    requests: dict[int, Request] = {}
    while data := connection.recv(65536):
        for event in http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                requests[event.stream_id] = Request(list(event.headers))
            elif isinstance(event, h2.events.DataReceived):
                requests[event.stream_id].body += event.data
                http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                server.requests.append(requests[event.stream_id])
                answer(http, event.stream_id, requests[event.stream_id])
        connection.sendall(http.data_to_send())


def ok(http: h2.connection.H2Connection, stream: int, _request: Request) -> None:
    """An empty JSON object."""
    http.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
    http.send_data(stream, b"{}", end_stream=True)
