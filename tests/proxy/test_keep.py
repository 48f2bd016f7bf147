"""Calls outlive the proxy process, whatever ends it; what is too much or was cleared is gone for good."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import trustme
from mitmproxy.io import FlowReader, FlowWriter
from wsproto.events import CloseConnection, TextMessage

from tests.conftest import SSE_HEAD, Sidecar, Upstream, chunk, clean_env, wait_for
from tests.proxy import websocket

Start = Callable[..., Upstream]
BODY = b'{"answer": "kept"}'


def answer(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n" + BODY)


@pytest.fixture
def own(upstream_ca: trustme.CA, tmp_path: Path) -> Sidecar:
    """A proxy that a test may end; it trusts the upstream servers."""
    it = Sidecar(tmp_path)
    it.certs.mkdir()
    upstream_ca.cert_pem.write_to_path(str(it.certs / "upstream.pem"))
    return it


def kill(it: Sidecar) -> None:
    assert it.process is not None
    it.process.send_signal(signal.SIGKILL)
    it.process.wait(10)


def files(it: Sidecar) -> list[Path]:
    return sorted((it.state / "flows").glob("*.flow"))


def paths(it: Sidecar) -> list[str]:
    return [flow["request"]["path"] for flow in it.flows()]


def call(it: Sidecar, server: Upstream, *names: str) -> None:
    with it.client() as client:
        for name in names:
            assert client.get(f"{server.url}/{name}").content == BODY


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_calls_outlive_the_process(own: Sidecar, upstream: Start, end: str) -> None:
    """Ended, cut and WebSocket calls are there again with their bodies, also after `kill -9` right after the last."""
    server = upstream(answer)

    def cut(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD + chunk(b"data: 1\n\n"))

    def talk(connection: socket.socket, request: bytes) -> None:
        protocol = websocket.upgrade(connection, request)
        websocket.send(connection, protocol, TextMessage(websocket.receive_text(connection, protocol)))
        connection.recv(1)

    with own.run():
        with own.client() as client, pytest.raises(httpx.RemoteProtocolError):
            client.get(upstream(cut).url + "/cut")
        client, protocol = websocket.connect(
            own.proxy_port, int(upstream(talk).url.rpartition(":")[2]), str(own.bundle), b""
        )
        with client:
            websocket.send(client, protocol, TextMessage("hello"))
            websocket.receive_text(client, protocol)
            websocket.send(client, protocol, CloseConnection(1000))
            own.wait_flow(lambda f: "websocket" in f and f["websocket"]["timestamp_end"])
        call(own, server, "whole")
        wait_for(lambda: len(files(own)) >= 3, what="the files")
        if end == "kill":
            kill(own)
    with own.run():
        wait_for(lambda: len(own.flows()) == 3, what="the kept flows")
        assert own.body(own.wait_flow(lambda f: f["request"]["path"] == "/whole")) == BODY
        shown = own.wait_flow(lambda f: f["request"]["path"] == "/cut")
        assert own.body(shown) == b"data: 1\n\n"
        assert "error" in shown
        talked = own.wait_flow(lambda f: "websocket" in f)
        assert talked["websocket"]["messages_meta"]["count"] == 2
        assert len(server.requests) == 1


def test_mitmweb_reads_each_file(own: Sidecar, upstream: Start) -> None:
    """They are mitmproxy's own files: `mitmweb -r` and `mitmdump -r` open them."""
    with own.run():
        call(own, upstream(answer), "readable")
        wait_for(lambda: files(own), what="the file")
    args = ["-m", "mitmproxy.tools.main", "-nr", str(files(own)[0])]
    code = "import sys; from mitmproxy.tools.main import mitmdump; mitmdump(sys.argv[1:])"
    read = subprocess.run([sys.executable, "-c", code, *args[2:]], env=clean_env(), capture_output=True, text=True)
    assert "/readable" in read.stdout
    assert "200 OK" in read.stdout


def test_a_torn_file_is_left_out(own: Sidecar, upstream: Start) -> None:
    """The rest is there, and the log names the file."""
    with own.run():
        call(own, upstream(answer), "first", "second")
        wait_for(lambda: len(files(own)) == 2, what="the files")
    torn = files(own)[1]
    os.truncate(torn, torn.stat().st_size // 2)
    (own.state / "flows" / "half.new").write_bytes(b"17:")
    with own.run():
        wait_for(lambda: paths(own) == ["/first"], what="the first flow")
        wait_for(lambda: torn.name in own.log, what="the file's name in the log")
    assert not (own.state / "flows" / "half.new").exists()


def test_a_call_in_flight_when_the_proxy_dies(own: Sidecar, upstream: Start) -> None:
    """What had arrived of a long call is there, and it says that the proxy was stopped."""
    end = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD + chunk(b"data: 1\n\n"))
        end.wait(20)

    with own.run():
        with own.client() as client, client.stream("GET", upstream(handler).url + "/long") as response:
            stream = response.iter_raw()
            next(stream)
            wait_for(lambda: files(own), what="the file of the call in flight")
            kill(own)
        end.set()
    with own.run():
        flow = own.wait_flow(lambda f: f["request"]["path"] == "/long")
        assert "stopped before this call ended" in flow["error"]["msg"]
        assert own.body(flow) == b"data: 1\n\n"


def test_what_is_done_in_mitmweb_is_kept(own: Sidecar, upstream: Start) -> None:
    """Marks and comments stay; a removed flow stays removed, and clearing clears the disk."""
    with own.run(), own.api() as api:
        call(own, upstream(answer), "one", "two")
        one, two = (own.wait_flow(lambda f, p=p: f["request"]["path"] == p)["id"] for p in ("/one", "/two"))
        api.put(f"/flows/{one}", json={"comment": "look at this", "marked": ":star:"}).raise_for_status()
        api.delete(f"/flows/{two}").raise_for_status()
        wait_for(lambda: len(files(own)) == 1 and b"look at this" in files(own)[0].read_bytes(), what="the change")
        kill(own)
    with own.run(), own.api() as api:
        flow = own.wait_flow()
        assert flow["comment"] == "look at this"
        assert flow["marked"]
        assert paths(own) == ["/one"]
        api.post("/clear").raise_for_status()
        wait_for(lambda: not files(own), what="the empty folder")
        kill(own)
    with own.run():
        assert paths(own) == []


def test_the_oldest_go_first(own: Sidecar, upstream: Start) -> None:
    """By count: what is marked or in flight stays, in mitmweb as on disk, also over a restart with a smaller cap."""
    own.env["LLM_SIDECAR_MAX_CALLS"] = "4"
    end = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD + chunk(b"data: 1\n\n"))
        end.wait(20)
        connection.sendall(chunk(b""))

    server = upstream(answer)
    with own.run(), own.api() as api, own.client() as client:
        call(own, server, "marked")
        api.put(f"/flows/{own.wait_flow()['id']}", json={"marked": ":star:"}).raise_for_status()
        with client.stream("GET", upstream(handler).url + "/in-flight") as response:
            stream = response.iter_raw()
            next(stream)
            call(own, server, "1", "2", "3", "4")
            assert sorted(paths(own)) == ["/3", "/4", "/in-flight", "/marked"]
            end.set()
            assert b"".join(stream) == b""
        wait_for(lambda: len(files(own)) == 4, what="as many files")
    own.env["LLM_SIDECAR_MAX_CALLS"] = "2"
    with own.run():
        wait_for(lambda: sorted(paths(own)) == ["/4", "/marked"], what="fewer flows")
        wait_for(lambda: len(files(own)) == 2, what="fewer files")


def test_bytes_are_bounded_too(own: Sidecar, upstream: Start) -> None:
    """A few large calls push out older ones as many small ones do."""
    own.env["LLM_SIDECAR_MAX_BYTES"] = "1m"

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000)

    server = upstream(handler)
    with own.run(), own.client() as client:
        for n in range(6):
            client.get(f"{server.url}/{n}")
        wait_for(lambda: paths(own) == ["/3", "/4", "/5"], what="the last three")
        wait_for(lambda: sum(f.stat().st_size for f in files(own)) < 1_048_576, what="room on disk")


def test_a_disk_that_cannot_be_written(own: Sidecar, upstream: Start) -> None:
    """The traffic goes on, the log says it once, and once there is room again, calls are kept again."""
    server = upstream(answer)
    with own.run():
        folder = own.state / "flows"
        folder.write_bytes(b"in the way")
        call(own, server, "1", "2", "3")
        wait_for(lambda: "cannot be written" in own.log, what="the warning")
        assert len(paths(own)) == 3
        folder.unlink()
        call(own, server, "4")
        wait_for(lambda: files(own), what="the file")
        wait_for(lambda: "kept again" in own.log, what="the all-clear")
    assert own.log.count("cannot be written") == 1


def test_an_uploaded_file_cannot_leave_the_folder(own: Sidecar, upstream: Start) -> None:
    """A flow's id may be anything in a file from elsewhere; its own file is inside the folder all the same."""
    with own.run(), own.api() as api:
        call(own, upstream(answer), "x")
        (flow,) = FlowReader(io.BytesIO(api.get("/flows/dump").content)).stream()
        first, flow.id = flow.id, "../../../../evil"
        FlowWriter(dump := io.BytesIO()).add(flow)
        api.post("/flows/dump", content=dump.getvalue()).raise_for_status()
        wait_for(lambda: [f for f in files(own) if first not in f.name], what="its file")
    assert not list(own.folder.rglob("*evil*"))


@pytest.mark.parametrize("value", ["0", "many", "-1", "5t"])
def test_a_bad_cap_is_named(own: Sidecar, value: str) -> None:
    """One line, before anything starts."""
    own.env["LLM_SIDECAR_MAX_BYTES"] = value
    with own.run(wait=False):
        assert own.process is not None
        assert own.process.wait(20) == 1
    assert "LLM_SIDECAR_MAX_BYTES" in own.log
