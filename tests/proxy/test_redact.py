"""Nobody sees a secret: not in mitmweb, its API, the page, exports, logs or files. The provider gets every byte."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from wsproto.events import CloseConnection, TextMessage

from tests.conftest import SSE_HEAD, Sidecar, Upstream, chunk, wait_for
from tests.proxy import http2, websocket

KEY = "sk-marked-0123456789-key-WXYZ"
MARK = "sk-marked"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

Start = Callable[..., Upstream]


def answer(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(OK)


def receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := connection.recv(size)):
        data += more
    return data


def at(path: str) -> Callable[[dict], bool]:
    return lambda flow: flow["request"]["path"].partition("?")[0] == path


def everything_shown(it: Sidecar) -> Iterator[tuple[str, bytes]]:
    """All that anybody can look at: name and content."""
    with it.api() as api:
        for path in ("/flows", "/flows/dump", "/events", "/options", "/state", "/commands", "/llm/api/calls"):
            yield path, api.get(path).content
        for flow in it.flows():
            url = f"/flows/{flow['id']}"
            for side in ("request", "response"):
                if side in flow:
                    yield f"{url} {side}", api.get(f"{url}/{side}/content.data").content
                    yield f"{url} {side} view", api.get(f"{url}/{side}/content/auto.json").content
            yield f"{url} messages", api.get(f"{url}/messages/content/auto.json").content
            for kind in ("curl", "httpie", "raw", "raw_request", "raw_response"):
                command = {"arguments": [kind, f"@{flow['id']}"]}
                yield f"{url} {kind}", api.post("/commands/export", json=command).content
            for export in ("", "/curl", "/python", "/har", "/json"):
                yield f"{url}{export}", api.get(f"/llm/api/calls/{flow['id']}{export}").content
    yield "log", it.log.encode()
    for file in it.folder.rglob("*"):
        if file.is_file():
            yield str(file), file.read_bytes()


def assert_nowhere(it: Sidecar, mark: str = MARK) -> None:
    found = [name for name, content in everything_shown(it) if mark.encode() in content]
    assert found == []


@pytest.fixture(scope="module")
def own(upstream_ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """A proxy of these tests' own: everything it keeps is searched."""
    it = Sidecar(tmp_path_factory.mktemp("redact"))
    it.certs.mkdir()
    upstream_ca.cert_pem.write_to_path(str(it.certs / "upstream.pem"))
    with it.run():
        yield it


@pytest.fixture(autouse=True)
def _no_other_flows(own: Sidecar) -> None:
    with own.api() as api:
        api.post("/clear").raise_for_status()


HEADS = {
    "bearer": b"Authorization: Bearer %s",
    "odd case and spaces": b"aUTHORIZATION:   Bearer   %s",
    "anthropic": b"x-api-key: %s",
    "azure": b"api-key: %s",
    "gemini": b"X-Goog-Api-Key: %s",
    "basic": b"Authorization: Basic %s",
    "aws": b"Authorization: AWS4-HMAC-SHA256 Credential=%s/20260101/us-east-1/x, SignedHeaders=host, Signature=%s1",
    "aws session": b"X-Amz-Security-Token: %s",
    "two cookies": b"Cookie: a=%s; b=%s2; theme=dark",
    "twice": b"x-api-key: %s\r\nx-api-key: %s-another-WXYZ",
    "proxy": b"Proxy-Authorization: Basic %s",
    "unknown": b"X-New-Provider-Api-Key: %s",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_a_header_reaches_the_provider_and_nobody_else(own: Sidecar, upstream: Start, head: bytes) -> None:
    """The provider gets the header as the app wrote it, while nothing that is shown has it."""
    server = upstream(answer, tls=False)
    header = head.replace(b"%s", KEY.encode())
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", own.proxy_port), timeout=10) as client:
        client.sendall(
            b"GET http://localhost:%d/v1/x?alt=sse&key=%s HTTP/1.1\r\nHost: localhost:%d\r\n%s\r\nX-Other: kept\r\n\r\n"
            % (port, KEY.encode(), port, header)
        )
        assert receive(client, len(OK)) == OK
    (arrived,) = server.requests
    got = {line.lower().replace(b" ", b"") for line in arrived.split(b"\r\n")}
    assert {line.lower().replace(b" ", b"") for line in header.split(b"\r\n")} <= got
    assert arrived.startswith(b"GET /v1/x?alt=sse&key=%s HTTP/1.1\r\n" % KEY.encode())
    flow = own.wait_flow(at("/v1/x"))
    assert flow["request"]["path"] == "/v1/x?alt=sse&key=…WXYZ"
    assert ["X-Other", "kept"] in flow["request"]["headers"]
    assert MARK not in json.dumps(own.flows())


BODIES = {
    "mcp": ("application/json", '{"model": "gpt-5", "tools": [{"type": "mcp", "authorization": "%s"}], "input": "hi"}'),
    "oauth": ("application/x-www-form-urlencoded", "grant_type=refresh_token&refresh_token=%s&client_secret=%s1"),
    "multipart": (
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n%s\r\n--b--',
    ),
    "broken json": ("application/json", '{"client_secret": "%s"'),
}


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_reaches_the_provider_and_nobody_else(
    own: Sidecar, upstream: Start, upstream_ca: trustme.CA, name: str, protocol: str
) -> None:
    """Byte for byte, over both versions of HTTP, also gzipped."""
    kind, body = BODIES[name][0], BODIES[name][1].replace("%s", KEY).encode()
    with http2.serving(upstream_ca, http2.ok) as server2, own.client(http2=protocol == "HTTP/2") as client:
        server1 = upstream(answer)
        url = server2.url if protocol == "HTTP/2" else server1.url
        headers = {"content-type": kind, "authorization": f"Bearer {KEY}"}
        assert client.post(f"{url}/v1/responses", content=body, headers=headers).http_version == protocol
        packed = gzip.compress(body)
        client.post(f"{url}/v1/responses", content=packed, headers={**headers, "content-encoding": "gzip"})
        if protocol == "HTTP/2":
            assert [r.body for r in server2.requests] == [body, packed]
            assert (b"authorization", b"Bearer " + KEY.encode()) in server2.requests[0].headers
        else:
            assert [r.partition(b"\r\n\r\n")[2] for r in server1.requests] == [body, packed]
    flow = own.wait_flow(at("/v1/responses"))
    if name == "mcp":
        with own.api() as api:
            wait_for(lambda: api.get("/llm/api/calls").json()["calls"], what="the call on the page")
    assert "…" in own.body(flow, "request").decode()
    assert_nowhere(own)


def test_from_the_first_moment(own: Sidecar, upstream: Start) -> None:
    """While the request is under way, mitmweb already shows the short form, and has shown nothing else."""
    end = threading.Event()

    def handler(connection: socket.socket, request: bytes) -> None:
        end.wait(10)
        answer(connection, request)

    server = upstream(handler)
    with own.client() as client:
        call = threading.Thread(
            target=client.post,
            args=(f"{server.url}/held",),
            kwargs={"json": {"api_key": KEY}, "headers": {"x-api-key": KEY}},
        )
        call.start()
        flow = own.wait_flow(at("/held"))
        assert ["x-api-key", "…WXYZ"] in flow["request"]["headers"]
        wait_for(lambda: server.requests, what="the request upstream")
        assert_nowhere(own)
        end.set()
        call.join()


def resend(it: Sidecar, id: str) -> None:
    with it.api() as api:
        api.post(f"/flows/{id}/replay").raise_for_status()


def test_sending_again_uses_the_real_values(own: Sidecar, upstream: Start) -> None:
    """A copy of the flow too, and one whose body and path were edited: what was not touched stays as it was."""
    server = upstream(answer)
    body = json.dumps({"tools": [{"authorization": KEY}], "input": "hi"}).encode()
    with own.client() as client:
        client.post(f"{server.url}/again?key={KEY}", content=body, headers={"x-api-key": KEY})
    flow = own.wait_flow(at("/again"))
    first = server.requests[0]
    with own.api() as api:
        copy = api.post(f"/flows/{flow['id']}/duplicate").text
        resend(own, copy)
        wait_for(lambda: len(server.requests) == 2, what="the copy upstream")
        assert server.requests[1] == first

        shown = own.body(own.wait_flow(lambda f: f["id"] == copy), "request").decode()
        edit = {"request": {"content": shown.replace("hi", "hello there"), "path": "/again?key=…WXYZ&x=1"}}
        wait_for(lambda: api.put(f"/flows/{copy}", json=edit).is_success, what="the edit")
        resend(own, copy)
        wait_for(lambda: len(server.requests) == 3, what="the edited copy upstream")
    head, _, edited = server.requests[2].partition(b"\r\n\r\n")
    assert edited == body.replace(b"hi", b"hello there")
    assert head.startswith(b"POST /again?key=%s&x=1 " % KEY.encode())
    assert b"content-length: %d" % len(edited) in head.lower()
    assert_nowhere(own)


def test_a_key_typed_into_mitmweb_is_used_and_not_shown(own: Sidecar, upstream: Start) -> None:
    """Edited into a call for sending it again, a new key is treated like any other."""
    server = upstream(answer)
    with own.client() as client:
        client.get(f"{server.url}/typed", headers={"x-api-key": KEY})
    flow = own.wait_flow(at("/typed"))
    with own.api() as api:
        headers = [[n, f"{MARK}-typed-9876543210" if n == "x-api-key" else v] for n, v in flow["request"]["headers"]]
        api.put(f"/flows/{flow['id']}", json={"request": {"headers": headers}}).raise_for_status()
    assert_nowhere(own)
    resend(own, flow["id"])
    wait_for(lambda: len(server.requests) == 2, what="the request upstream")
    assert f"x-api-key: {MARK}-typed-9876543210".encode() in server.requests[1]


@pytest.mark.parametrize("where", ["header", "body"])
def test_a_forgotten_key_is_not_sent_as_its_short_form(
    own: Sidecar, upstream: Start, upstream_ca: trustme.CA, tmp_path: Path, where: str
) -> None:
    """A call from a file, or from before a restart, fails with a reason that says what to do."""
    server = upstream(answer)
    with own.client() as client:
        if where == "header":
            client.get(f"{server.url}/forgotten", headers={"x-api-key": KEY})
        else:
            client.post(f"{server.url}/forgotten", json={"client_secret": KEY})
    flow = own.wait_flow(at("/forgotten"))
    with own.api() as api:
        dump = api.get("/flows/dump", params={"filter": f"~u {server.url}/forgotten"}).content
    other = Sidecar(tmp_path)
    with other.run():
        with other.api() as api:
            api.post("/flows/dump", content=dump).raise_for_status()
        resend(other, flow["id"])
        shown = other.wait_flow(lambda f: "error" in f)
        assert "no longer in memory" in shown["error"]["msg"]
    assert len(server.requests) == 1


SECRET_RESPONSE = {"access_token": KEY, "expires_in": 3600, "client_secret": {"value": "ek_" + KEY}}


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_response_reaches_the_app_and_nobody_else(own: Sidecar, upstream: Start, coding: str) -> None:
    """The app gets its token and its cookie; shown are their short forms, in a body that still decodes."""
    body = json.dumps(SECRET_RESPONSE).encode()
    raw = gzip.compress(body) if coding else body
    extra = b"Content-Encoding: gzip\r\n" if coding else b""

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: sid=%s; HttpOnly\r\n%s"
            b"Content-Length: %d\r\n\r\n%s" % (KEY.encode(), extra, len(raw), raw)
        )

    with own.client() as client:
        response = client.get(upstream(handler).url + "/token-response")
        assert response.json() == SECRET_RESPONSE
        assert response.headers["set-cookie"] == f"sid={KEY}; HttpOnly"
    flow = own.wait_flow(lambda f: at("/token-response")(f) and f["response"]["timestamp_end"])
    assert ["Set-Cookie", "sid=…WXYZ; HttpOnly"] in flow["response"]["headers"]
    assert json.loads(own.body(flow)) == {
        "access_token": "…WXYZ",
        "expires_in": 3600,
        "client_secret": {"value": "ek_…WXYZ"},
    }
    assert_nowhere(own)


def test_an_echo_is_hidden_while_it_arrives(own: Sidecar, upstream: Start) -> None:
    """A provider that repeats the key, in pieces, in a stream that is then cut: no piece of it is shown."""
    more = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD + chunk(b'data: {"delta": "your key is ' + KEY[:20].encode()))
        more.wait(10)
        connection.sendall(chunk(KEY[20:].encode() + b'"}\n\ndata: {"access_token": "' + KEY[:20].encode()))

    url = upstream(handler).url + "/echo"
    with own.client() as client, client.stream("GET", url, headers={"x-api-key": KEY}) as response:
        stream = response.iter_raw()
        next(stream)
        flow = own.wait_flow(at("/echo"))
        wait_for(lambda: own.body(flow) == b'data: {"delta": "your key is ', what="what came before the key")
        more.set()
        with pytest.raises(httpx.RemoteProtocolError):
            list(stream)
    wait_for(lambda: own.body(flow).endswith(b'"access_token": "'), what="what came before the cut")
    assert "your key is …WXYZ".encode() in own.body(flow)
    assert_nowhere(own)


SDKS = {
    "openai": """
import openai
openai.OpenAI(api_key=KEY, base_url=URL + "/v1", max_retries=0).responses.create(model="m", input="hi")""",
    "azure": """
import openai
client = openai.AzureOpenAI(api_key=KEY, azure_endpoint=URL, api_version="1", max_retries=0)
client.responses.create(model="m", input="hi")""",
    "anthropic": """
import anthropic
client = anthropic.Anthropic(api_key=KEY, base_url=URL, max_retries=0)
client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}])""",
    "google": """
from google import genai
options = genai.types.HttpOptions(base_url=URL)
client = genai.Client(api_key=KEY, http_options=options)
client.models.generate_content(model="m", contents="hi")""",
    "cohere": """
import cohere
cohere.ClientV2(api_key=KEY, base_url=URL).chat(model="m", messages=[{"role": "user", "content": "hi"}])""",
    "bedrock": """
import boto3
client = boto3.client(
    "bedrock-runtime", "us-east-1", endpoint_url=URL, aws_access_key_id=KEY, aws_secret_access_key=KEY,
    aws_session_token=KEY, verify=BUNDLE,
)
client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "hi"}]}])""",
}


@pytest.mark.parametrize("sdk", SDKS)
def test_real_sdks(own: Sidecar, upstream: Start, sdk: str) -> None:
    """Each puts its key where it likes. The provider sees it, and nobody else."""
    server = upstream(answer)
    head = f"KEY, URL, BUNDLE = {KEY!r}, {server.url!r}, {str(own.bundle)!r}\n"
    run = subprocess.run(
        [sys.executable, "-c", head + SDKS[sdk]], env=own.proxy_env, capture_output=True, text=True, timeout=60
    )
    assert server.requests, run.stderr
    assert KEY.encode() in server.requests[0]
    own.wait_flow(lambda f: f["response"]["timestamp_end"])
    assert_nowhere(own)


def test_a_websocket(own: Sidecar, upstream: Start) -> None:
    """The key in the subprotocol and tokens in messages pass, and are shown in short."""
    message = json.dumps({"type": "session.update", "session": {"client_secret": KEY}})
    got: list[str] = []

    def handler(connection: socket.socket, request: bytes) -> None:
        got.append(request.decode())
        protocol = websocket.upgrade(connection, request)
        got.append(websocket.receive_text(connection, protocol))
        websocket.send(connection, protocol, TextMessage(message))
        connection.recv(1)

    port = int(upstream(handler).url.rpartition(":")[2])
    header = f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{KEY}\r\n".encode()
    client, protocol = websocket.connect(own.proxy_port, port, str(own.bundle), header)
    with client:
        websocket.send(client, protocol, TextMessage(message))
        assert websocket.receive_text(client, protocol) == message
        websocket.send(client, protocol, CloseConnection(1000))
    assert f"openai-insecure-api-key.{KEY}" in got[0]
    assert got[1] == message
    flow = own.wait_flow(lambda f: at("/v1/realtime")(f) and f["websocket"]["messages_meta"]["count"] == 2)
    with own.api() as api:
        messages = api.get(f"/flows/{flow['id']}/messages/content/raw.json").json()
    assert [json.loads(m["text"])["session"]["client_secret"] for m in messages] == ["…WXYZ", "…WXYZ"]
    assert_nowhere(own)


def test_failed_calls_tunnels_and_nonsense(own: Sidecar, upstream: Start) -> None:
    """What never became a call, and what is no HTTP, leaves no secret either, nor does a wrong password."""

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"authorization: Bearer %s\r\n\r\n" % KEY.encode())

    broken = upstream(handler, tls=False)
    with own.client() as client:
        for url in (broken.url + "/nonsense", "http://localhost:1/refused"):
            with pytest.raises(httpx.RemoteProtocolError):
                client.get(url, headers={"authorization": f"Bearer {KEY}"})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for text in (
            f"CONNECT localhost:{port} HTTP/1.1\r\nProxy-Authorization: Basic {KEY}\r\n\r\n\0\0PASS {KEY}\r\n",
            f"GET http://user:{KEY}@localhost:1/ HTTP/1.1\r\nAuthorization: Bearer {KEY}\r\n\r\n",
            f"GET http://localhost:1/ HTTP/1.1\r\nAuthorization: Bearer {KEY}\r\n",
            f"GET / HTTP/1.1\r\nBad header\r\nx-api-key: {KEY}\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", own.proxy_port), timeout=10) as client:
                client.sendall(text.encode())
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
    assert httpx.get(f"{own.web}/flows?token={KEY}", trust_env=False).status_code == 403
    wait_for(lambda: "/flows?token=…" in own.log, what="the refusal in the log")
    assert_nowhere(own)


def test_turned_off(upstream: Start, upstream_ca: trustme.CA, tmp_path: Path) -> None:
    """`LLM_SIDECAR_REDACT=off` shows what there is, and the log says so."""
    it = Sidecar(tmp_path, env={"LLM_SIDECAR_REDACT": "off"})
    it.certs.mkdir()
    upstream_ca.cert_pem.write_to_path(str(it.certs / "upstream.pem"))
    with it.run(), it.client() as client:
        client.post(upstream(answer).url, json={"api_key": KEY}, headers={"x-api-key": KEY})
        flow = it.wait_flow()
        assert ["x-api-key", KEY] in flow["request"]["headers"]
        assert KEY.encode() in it.body(flow, "request")
    assert "LLM_SIDECAR_REDACT is off" in it.log
