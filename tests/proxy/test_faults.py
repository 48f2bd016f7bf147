"""The app sees what it would see without the proxy: the same answer, or the same exception of the real SDK.

The call is shown with what had arrived and the true reason, and the proxy goes on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import httpx2
import openai
import pytest
import trustme

from tests.authorities import Authority
from tests.conftest import SSE_HEAD, Sidecar, Upstream, chunk, wait_for
from tests.proxy import http2
from tests.proxy.faults import FAULTS, HELLO, HTTP2_FAULTS, JSON_HEAD, Fault

Start = Callable[..., Upstream]
Client = Callable[..., openai.OpenAI]


@pytest.fixture
def ways(sidecar: Sidecar, upstream_ca: trustme.CA, report: list[str]) -> dict[str, Client]:
    """How to make an SDK client that goes directly, and one that goes through the proxy."""
    trust = ssl.create_default_context()
    upstream_ca.configure_trust(trust)

    def direct(url: str, retries: int = 0, timeout: float = 8, h2: bool = False) -> openai.OpenAI:
        return client(url, retries, httpx2.Client(verify=trust, trust_env=False, timeout=timeout, http2=h2))

    def proxied(url: str, retries: int = 0, timeout: float = 8, h2: bool = False) -> openai.OpenAI:
        through = ssl.create_default_context(cafile=str(sidecar.bundle))
        return client(
            url, retries, httpx2.Client(verify=through, proxy=sidecar.proxy, trust_env=False, timeout=timeout, http2=h2)
        )

    def client(url: str, retries: int, http: httpx2.Client) -> openai.OpenAI:
        return openai.OpenAI(api_key="sk-test", base_url=f"{url}/v1", http_client=http, max_retries=retries)

    return {"direct": direct, "proxied": proxied}


def outcome(client: openai.OpenAI, stream: bool) -> str:
    """What the app gets: the text and how it ended."""
    messages = [{"role": "user", "content": "hi"}]
    text = ""
    try:
        if stream:
            for piece in client.chat.completions.create(model="m", messages=messages, stream=True):
                text += piece.choices[0].delta.content or ""
        else:
            text = client.chat.completions.create(model="m", messages=messages).choices[0].message.content or ""
    except openai.APIStatusError as e:
        return f"{text!r}, {type(e).__name__} {e.status_code} {e.response.text!r}"
    except Exception as e:
        return f"{text!r}, {type(e).__name__}"
    finally:
        client.close()
    return f"{text!r}"


def same(ways: dict[str, Client], url: str, report: list[str], name: str, stream: bool = True, **kwargs: object) -> str:
    """Both outcomes are equal; one line of the table."""
    direct, proxied = (outcome(way(url, **kwargs), stream) for way in ways.values())
    report.append(f"| {name} | {direct} | {'same' if proxied == direct else proxied} |")
    assert proxied == direct
    return direct


@pytest.fixture
def clear(sidecar: Sidecar) -> None:
    with sidecar.api() as api:
        api.post("/clear").raise_for_status()


@pytest.mark.usefixtures("clear")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.name)
def test_the_provider(
    sidecar: Sidecar, upstream: Start, ways: dict[str, Client], fault: Fault, report: list[str]
) -> None:
    """A provider that does all kinds of wrong."""
    url = upstream(fault.handler).url
    same(ways, url, report, fault.name, fault.stream, retries=fault.retries, timeout=fault.timeout)
    if fault.shown:
        flow = sidecar.wait_flow(lambda f: "error" in f)
        assert fault.shown.lower() in flow["error"]["msg"].lower()
        if "mid-" in fault.name:
            assert HELLO[:20] in sidecar.body(flow)
    else:
        flow = sidecar.wait_flow(lambda f: "response" in f and f["response"]["timestamp_end"])
        assert "error" not in flow


@pytest.mark.parametrize("name", HTTP2_FAULTS)
def test_the_provider_over_http2(
    ways: dict[str, Client], upstream_ca: trustme.CA, name: str, report: list[str]
) -> None:
    """The same exception of the SDK when a stream or the whole connection is ended."""
    with http2.serving(upstream_ca, HTTP2_FAULTS[name]) as server:
        same(ways, server.url, report, name, h2=True)


def test_no_server(ways: dict[str, Client], report: list[str]) -> None:
    """Nothing listens there."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        assert "APIConnectionError" in same(ways, f"https://localhost:{port}", report, "nothing listens")
        assert "APIConnectionError" in same(ways, f"http://localhost:{port}", report, "nothing listens, plain http")


@pytest.mark.usefixtures("clear")
def test_no_such_name(ways: dict[str, Client], report: list[str]) -> None:
    """The name does not resolve."""
    assert "APIConnectionError" in same(ways, "https://no-such-host.invalid", report, "the name does not resolve")
    assert "APIConnectionError" in same(ways, "http://no-such-host.invalid", report, "the same, plain http")


@pytest.mark.usefixtures("clear")
@pytest.mark.parametrize("what", ["expired", "unknown", "for another name"])
def test_a_certificate_that_is_not_accepted(
    sidecar: Sidecar, ways: dict[str, Client], upstream_ca: trustme.CA, tmp_path: Path, what: str, report: list[str]
) -> None:
    """The proxy refuses what the client would refuse, and the call says why."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if what == "unknown":
        context = Authority("Somebody").server_context(tmp_path, "localhost")
    elif what == "expired":
        past = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
        upstream_ca.issue_cert("localhost", not_after=past).configure_cert(context)
    else:
        upstream_ca.issue_cert("other.example").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    context.wrap_socket(connection, server_side=True).recv(1)

        threading.Thread(target=serve, daemon=True).start()
        url = f"https://localhost:{listener.getsockname()[1]}"
        assert "APIConnectionError" in same(ways, url, report, f"the certificate is {what}")
        listener.close()
    flow = sidecar.wait_flow(lambda f: "error" in f)
    assert "certificate" in flow["error"]["msg"].lower()


@pytest.mark.usefixtures("clear")
def test_the_client_cancels(sidecar: Sidecar, upstream: Start, ways: dict[str, Client], report: list[str]) -> None:
    """Upstream is told at once, and what had arrived is shown."""
    told = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD + chunk(HELLO))
        with contextlib.suppress(OSError):
            connection.recv(1)
        told.set()

    client = ways["proxied"](upstream(handler).url)
    stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], stream=True)
    assert next(iter(stream)).choices[0].delta.content == "Hello "
    stream.close()
    client.close()
    assert told.wait(5)
    flow = sidecar.wait_flow(lambda f: "error" in f)
    assert sidecar.body(flow) == HELLO
    report.append("| the client cancels mid-stream | upstream told | same |")


def test_large_bodies(sidecar: Sidecar, upstream: Start, report: list[str]) -> None:
    """10 MB up and 100 MB down, every byte."""
    up, down = bytes(range(256)) * 40_000, b"\xab\x00\x0a\x22" * 25_000_000

    def handler(connection: socket.socket, request: bytes) -> None:
        assert request.endswith(up)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(down))
        connection.sendall(down)

    server = upstream(handler)
    with sidecar.client() as client:
        assert client.post(server.url + "/large", content=up, timeout=60).content == down
    flow = sidecar.wait_flow(lambda f: f["request"]["path"] == "/large" and f["response"]["timestamp_end"], 30)
    assert flow["response"]["contentLength"] == len(down)
    with sidecar.api() as api:
        api.delete(f"/flows/{flow['id']}")
    report.append("| 10 MB request, 100 MB response | every byte | same |")


def test_the_proxy_dies_and_returns(
    upstream: Start, upstream_ca: trustme.CA, tmp_path: Path, report: list[str]
) -> None:
    """Mid-stream the app sees a cut connection; once the proxy is there again, the very same client goes on."""
    end = threading.Event()

    def handler(connection: socket.socket, request: bytes) -> None:
        if b"/stream" in request:
            connection.sendall(SSE_HEAD + chunk(HELLO))
            end.wait(20)
        else:
            connection.sendall(JSON_HEAD + b"Content-Length: 2\r\n\r\n{}")

    it = Sidecar(tmp_path)
    it.certs.mkdir()
    upstream_ca.cert_pem.write_to_path(str(it.certs / "upstream.pem"))
    server = upstream(handler)
    with it.run():
        client = it.client()
        with client.stream("GET", f"{server.url}/stream") as response:
            stream = response.iter_raw()
            next(stream)
            assert it.process is not None
            it.process.kill()
            with pytest.raises(httpx.TransportError):
                next(stream)
        end.set()
    with pytest.raises(httpx.ConnectError):
        client.get(server.url)
    with it.run():
        assert wait_for(lambda: client.get(server.url).json() == {}, what="the answer")
    client.close()
    report.append(
        "| the proxy is killed mid-stream, and restarted | - | RemoteProtocolError; then the client goes on |"
    )
