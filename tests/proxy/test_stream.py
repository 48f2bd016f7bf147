"""Responses pass as they arrive, unchanged, and a copy of all of it is kept."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from tests.conftest import SSE_HEAD, Sidecar, Upstream, chunk, wait_for

EVENTS = [b'data: {"n": %d}\n\n' % n for n in range(5)]


def path_is(path: str) -> Callable[[dict], bool]:
    return lambda flow: flow["request"]["path"] == path


@pytest.mark.parametrize("media_type", [b"text/event-stream", b"application/x-ndjson", b"application/json"])
def test_each_chunk_is_handed_on_before_the_next_one_exists(
    sidecar: Sidecar, upstream: Callable[..., Upstream], media_type: bytes
) -> None:
    """Upstream sends an event only after the client has read the one before it: a buffering proxy would deadlock."""
    read = threading.Semaphore(1)

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD.replace(b"text/event-stream", media_type))
        for event in EVENTS:
            assert read.acquire(timeout=5)
            connection.sendall(chunk(event))
        connection.sendall(chunk(b""))

    got = []
    with sidecar.client() as client, client.stream("GET", upstream(handler).url + "/paced") as response:
        for data in response.iter_raw():
            got.append(data)
            read.release()
    assert got == EVENTS


def test_a_stream_is_shown_while_in_flight(sidecar: Sidecar, upstream: Callable[..., Upstream]) -> None:
    """mitmweb's API has what has arrived so far, before the stream ends."""
    end = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD + chunk(EVENTS[0]))
        end.wait(10)
        connection.sendall(chunk(EVENTS[1]) + chunk(b""))

    with sidecar.client() as client, client.stream("GET", upstream(handler).url + "/live") as response:
        stream = response.iter_raw()
        next(stream)
        flow = sidecar.wait_flow(path_is("/live"))
        wait_for(lambda: sidecar.body(flow) == EVENTS[0], what="the first event in the flow")
        end.set()
        assert b"".join(stream) == EVENTS[1]
    wait_for(lambda: sidecar.body(flow) == EVENTS[0] + EVENTS[1], what="the whole body in the flow")


def test_a_stream_cut_by_the_provider_keeps_what_arrived(sidecar: Sidecar, upstream: Callable[..., Upstream]) -> None:
    """The client sees the cut, the flow has the part before it and the reason."""

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD + chunk(EVENTS[0]) + chunk(EVENTS[1]))

    with sidecar.client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(upstream(handler).url + "/cut")
    flow = sidecar.wait_flow(lambda f: path_is("/cut")(f) and "error" in f)
    assert sidecar.body(flow) == EVENTS[0] + EVENTS[1]


def test_a_stream_cancelled_by_the_client_keeps_what_arrived(
    sidecar: Sidecar, upstream: Callable[..., Upstream]
) -> None:
    """A client that leaves in the middle takes nothing away from what is shown, and upstream is told."""
    upstream_saw_the_end = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD + chunk(EVENTS[0]))
        try:
            while connection.recv(1):
                pass
        finally:
            upstream_saw_the_end.set()

    with sidecar.client() as client, client.stream("GET", upstream(handler).url + "/cancel") as response:
        next(response.iter_raw())
    flow = sidecar.wait_flow(lambda f: path_is("/cancel")(f) and "error" in f)
    assert sidecar.body(flow) == EVENTS[0]
    assert upstream_saw_the_end.wait(5)


def test_a_binary_body_passes_unchanged(sidecar: Sidecar, upstream: Callable[..., Upstream]) -> None:
    """The AWS event stream is binary: every byte value comes through."""
    body = bytes(range(256)) * 300

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nContent-Length: %d\r\n\r\n"
            % len(body)
        )
        connection.sendall(body)

    with sidecar.client() as client:
        assert client.get(upstream(handler).url + "/binary").content == body
    assert sidecar.body(sidecar.wait_flow(path_is("/binary"))) == body


def test_the_time_to_the_first_chunk_does_not_grow(sidecar: Sidecar, upstream: Callable[..., Upstream]) -> None:
    """A stream of a second shows its first event in its first tenth."""

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD)
        for event in EVENTS:
            connection.sendall(chunk(event))
            threading.Event().wait(0.25)
        connection.sendall(chunk(b""))

    started = time.monotonic()
    with sidecar.client() as client, client.stream("GET", upstream(handler).url + "/first") as response:
        stream = response.iter_raw()
        next(stream)
        first = time.monotonic() - started
        for _ in stream:
            pass
    assert first < (time.monotonic() - started) / 5
