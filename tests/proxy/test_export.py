"""Exports of calls that really passed the proxy: they send the same again, and hold no key."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from collections.abc import Callable

import openai
import pytest
from mitmproxy import http
from mitmproxy.io import FlowReader

from llm_sidecar import export
from tests.conftest import SSE_HEAD, Sidecar, Upstream, chunk
from tests.unit.export.test_no_secrets import reading_of

KEY = "sk-marked-0123456789-key-WXYZ"
MESSAGES = [{"role": "user", "content": 'It\'s "hard":\n$HOME `id` ünï 🎈'}]
ANSWER = {
    "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
}  # fmt: skip
EVENT = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
         "choices": [{"index": 0, "delta": {"content": "Hello"}}]}  # fmt: skip

Start = Callable[..., Upstream]


def answer(connection: socket.socket, _request: bytes) -> None:
    body = json.dumps(ANSWER).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + body)


def cut(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(SSE_HEAD + chunk(b"data: " + json.dumps(EVENT).encode() + b"\n\n") + b"5\r\nda")


def client(sidecar: Sidecar, url: str) -> openai.OpenAI:
    """The real SDK, through the proxy."""
    return openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", http_client=sidecar.client(), max_retries=0, timeout=600)


def exported(sidecar: Sidecar, upstream: Upstream, kind: str) -> tuple[http.HTTPFlow, str]:
    """The export of the newest call to `upstream`, from the flow that mitmweb has of it."""
    port = int(upstream.url.rpartition(":")[2])
    shown = sidecar.wait_flow(lambda flow: flow["request"]["port"] == port and not flow.get("live"))
    with sidecar.api() as api:
        flows = FlowReader(io.BytesIO(api.get("/flows/dump").raise_for_status().content)).stream()
        flow = next(f for f in flows if f.id == shown["id"])
    assert isinstance(flow, http.HTTPFlow)
    return flow, export.export(reading_of(flow), flow, kind)[2].decode()


def parsed(request: bytes) -> tuple[bytes, dict[bytes, bytes], object]:
    """Request line, headers by lower-case name, JSON. Without what depends on the client's own decoding."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(b":") for field in fields)}
    for name in (b"accept-encoding", b"content-length", b"connection"):
        headers.pop(name, None)
    return line, headers, json.loads(body)


def test_curl_sends_what_the_sdk_sent(sidecar: Sidecar, upstream: Start) -> None:
    """To the last header; the key is the environment's, the proxy's own redaction notwithstanding."""
    server = upstream(answer)
    client(sidecar, server.url).chat.completions.create(
        model="m", messages=MESSAGES, extra_headers={"x-team": "o'hara"}, extra_body={"own": [1]}
    )
    command = exported(sidecar, server, "curl")[1]
    env = sidecar.proxy_env | {"CURL_CA_BUNDLE": str(sidecar.bundle), "OPENAI_API_KEY": KEY}
    done = subprocess.run(["sh"], input=command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ANSWER
    first, again = server.requests
    assert parsed(again) == parsed(first)
    assert KEY not in command


def test_python_sends_what_the_sdk_sent(sidecar: Sidecar, upstream: Start) -> None:
    """A script in a process of its own, with the same SDK: the same request."""
    server = upstream(answer)
    client(sidecar, server.url).chat.completions.create(model="m", messages=MESSAGES, extra_body={"own": [1]})
    source = exported(sidecar, server, "python")[1]
    env = sidecar.proxy_env | {"OPENAI_API_KEY": KEY}
    done = subprocess.run([sys.executable, "-"], input=source, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, again = server.requests
    assert parsed(again) == parsed(first)
    assert KEY not in source


@pytest.mark.parametrize("kind", export.KINDS)
def test_a_cut_stream_is_exported_as_far_as_it_came(sidecar: Sidecar, upstream: Start, kind: str) -> None:
    """Every kind works; HAR and JSON have what arrived and why no more did."""
    server = upstream(cut)
    with pytest.raises(openai.APIConnectionError), client(sidecar, server.url).chat.completions.create(
        model="m", messages=MESSAGES, stream=True
    ) as stream:  # fmt: skip
        list(stream)
    flow, content = exported(sidecar, server, kind)
    assert KEY not in content
    assert flow.error
    if kind == "har":
        (entry,) = json.loads(content)["log"]["entries"]
        assert '"Hello"' in entry["response"]["content"]["text"]
    elif kind == "json":
        call = json.loads(content)
        assert call["gen_ai.output.messages"][0]["parts"] == [{"type": "text", "content": "Hello"}]
        assert call["llm_sidecar.incomplete"] is True
    else:
        assert "$OPENAI_API_KEY" in content or 'os.environ["OPENAI_API_KEY"]' in content
