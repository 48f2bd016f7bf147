"""The key `offline` is answered by the offline model, at the provider's own address; others go to the provider."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anthropic
import httpx
import httpx2
import openai
import pytest

from tests.conftest import Sidecar, Upstream

PROMPT = "Say hello."


def openai_client(sidecar: Sidecar, key: str = "offline", **kwargs: object) -> openai.OpenAI:
    trust = ssl.create_default_context(cafile=str(sidecar.bundle))
    http = httpx2.Client(proxy=sidecar.proxy, verify=trust, trust_env=False)
    return openai.OpenAI(api_key=key, http_client=http, max_retries=0, **kwargs)


def test_the_openai_sdk_is_answered_offline(sidecar: Sidecar) -> None:
    """The real SDK calls https://api.openai.com over TLS; the answer is marked, and the flow keeps the real host."""
    raw = openai_client(sidecar).chat.completions.with_raw_response.create(
        model="gpt-5", messages=[{"role": "user", "content": PROMPT}]
    )
    assert raw.headers["x-llm-sidecar"] == "offline"
    answer = raw.parse()
    assert "offline" in answer.choices[0].message.content
    flow = sidecar.wait_flow(lambda f: f["request"]["path"] == "/v1/chat/completions" and "response" in f)
    request = flow["request"]
    assert (request["scheme"], request["host"], request["port"]) == ("https", "api.openai.com", 443)
    assert json.loads(sidecar.body(flow, "request"))["messages"][0]["content"] == PROMPT
    assert json.loads(sidecar.body(flow))["id"] == answer.id


def test_the_anthropic_sdk_is_answered_offline(sidecar: Sidecar) -> None:
    """The key in `x-api-key` counts as the one in `Authorization` does."""
    trust = ssl.create_default_context(cafile=str(sidecar.bundle))
    http = httpx2.Client(proxy=sidecar.proxy, verify=trust, trust_env=False)
    client = anthropic.Anthropic(api_key="offline", http_client=http, max_retries=0)
    answer = client.messages.create(model="claude-x", max_tokens=99, messages=[{"role": "user", "content": PROMPT}])
    assert "offline" in answer.content[0].text


def test_a_stream_arrives_event_by_event(sidecar: Sidecar) -> None:
    """The first event of an offline stream is there long before the last."""
    started = time.monotonic()
    with openai_client(sidecar).responses.create(model="gpt-5", input=PROMPT, stream=True) as stream:
        times = [time.monotonic() - started for _ in stream]
    assert len(times) > 10
    assert times[0] < times[-1] / 2


@pytest.mark.parametrize("http2", [False, True])
def test_ten_parallel_streams_do_not_wait_for_each_other(sidecar: Sidecar, http2: bool) -> None:
    """Ten streams at once take about as long as one, also for a client that would speak HTTP/2."""
    body = {"model": "gpt-5", "stream": True, "messages": [{"role": "user", "content": PROMPT}]}
    with sidecar.client(http2=http2) as client:

        def first_and_last(_n: int) -> tuple[float, float]:
            started = time.monotonic()
            request = {"url": "https://api.openai.com/v1/chat/completions", "json": body}
            headers = {"Authorization": "Bearer offline"}
            with client.stream("POST", **request, headers=headers) as response:
                times = [time.monotonic() - started for _ in response.iter_raw()]
            return times[0], times[-1]

        _, alone = first_and_last(0)
        with ThreadPoolExecutor(10) as pool:
            firsts, lasts = zip(*pool.map(first_and_last, range(10)), strict=True)
    assert max(firsts) < max(lasts) / 2
    assert max(lasts) < alone * 4


def test_a_real_key_is_never_diverted(sidecar: Sidecar) -> None:
    """Where the provider cannot be reached the SDK says what it says without a proxy: a connection error."""
    with pytest.raises(openai.APIConnectionError):
        openai_client(sidecar, "sk-real").models.list()


@pytest.mark.parametrize("name", ["authorization", "x-api-key"])
def test_the_key_means_nothing_elsewhere(sidecar: Sidecar, upstream: Callable[..., Upstream], name: str) -> None:
    """A local model server that is called with the key `offline` gets the call, and its answer is not marked."""

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server = upstream(handler)
    value = "Bearer offline" if name == "authorization" else "offline"
    with sidecar.client() as client:
        response = client.get(server.url, headers={name: value})
    assert "x-llm-sidecar" not in response.headers
    assert len(server.requests) == 1


def test_a_provider_host_that_only_looks_like_one_is_not_diverted(sidecar: Sidecar) -> None:
    """`api.openai.com.example.invalid` is somebody else."""
    with sidecar.client() as client, pytest.raises(httpx.ProxyError):
        client.get("https://api.openai.com.example.invalid/v1/models", headers={"Authorization": "Bearer offline"})


def test_an_offline_call_can_be_sent_again(sidecar: Sidecar) -> None:
    """mitmweb's replay of such a flow goes to the offline model again."""
    answer = openai_client(sidecar).embeddings.create(model="text-embedding-3-small", input="twice")
    assert answer.data
    flow = sidecar.wait_flow(lambda f: f["request"]["path"] == "/v1/embeddings" and "response" in f)
    with sidecar.api() as api:
        copy = api.post(f"/flows/{flow['id']}/duplicate").text
        api.post(f"/flows/{copy}/replay").raise_for_status()
    again = sidecar.wait_flow(lambda f: f["id"] == copy and f["is_replay"] == "request" and "response" in f)
    assert again["response"]["status_code"] == 200


def test_an_http1_request_is_answered_too(sidecar: Sidecar) -> None:
    """Plain http to the provider's host, as some gateways have it, carries the key no further either."""
    with sidecar.client() as client:
        response = client.get("http://api.openai.com/v1/models", headers={"Authorization": "Bearer offline"})
    assert response.headers["x-llm-sidecar"] == "offline"


def test_the_answer_passes_byte_for_byte(sidecar: Sidecar, offline_llm: str) -> None:
    """But for the mark, what the client gets through the proxy is what the offline model sends."""
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": PROMPT}]}
    direct = httpx.post(f"{offline_llm}/v1/chat/completions", json=body, trust_env=False)
    with sidecar.client() as client:
        proxied = client.post(
            "https://api.openai.com/v1/chat/completions", json=body, headers={"Authorization": "Bearer offline"}
        )
    skip = ("date", "x-llm-sidecar", "x-request-id")
    same = [(k, v) for k, v in proxied.headers.multi_items() if k not in skip]
    assert same == [(k, v) for k, v in direct.headers.multi_items() if k not in skip]
    unequal = {"id", "created"}
    assert {k: v for k, v in proxied.json().items() if k not in unequal} == {
        k: v for k, v in direct.json().items() if k not in unequal
    }
