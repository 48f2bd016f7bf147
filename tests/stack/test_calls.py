"""Prompts go through the whole stack: page, SDK, TLS, proxy, offline model, and are seen in mitmweb."""

from __future__ import annotations

import json
import time
import uuid

import httpx
import pytest

from tests.stack.stack import Stack


def ask(stack: Stack, prompt: str, **choices: object) -> list[dict]:
    """What the page sends, and the events that it gets."""
    response = httpx.post(f"{stack.app}/ask", json={"prompt": prompt, **choices}, timeout=60, trust_env=False)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def text(events: list[dict]) -> str:
    return "".join(event.get("text", "") for event in events)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("api", "path"), [("chat", "/v1/chat/completions"), ("responses", "/v1/responses")])
def test_a_prompt_through_the_page(stack: Stack, api: str, path: str, stream: bool) -> None:
    """The page answers, and the same call is in mitmweb with the provider's address, its request and its response."""
    marker = uuid.uuid4().hex
    events = ask(stack, f"what is {marker}?", api=api, stream=stream)
    assert "offline model" in text(events)

    flow = stack.wait_flow(marker)
    assert (flow["request"]["scheme"], flow["request"]["pretty_host"]) == ("https", "api.openai.com")
    assert flow["request"]["path"] == path
    assert ["x-llm-sidecar", "offline"] in flow["response"]["headers"]
    assert marker in json.dumps(json.loads(stack.body(flow, "request")))
    response = stack.body(flow, "response")
    call_id = next(event["call"] for event in events if "call" in event)
    assert call_id in response
    assert response.startswith(("event:", "data:")) if stream else json.loads(response)["id"] == call_id


def test_a_tool_call_takes_two_rounds(stack: Stack) -> None:
    """The tool runs in the app; both calls of the provider's API are seen."""
    marker = uuid.uuid4().hex
    events = ask(stack, f"add 20 to the answer to life, the universe and everything ({marker})", tools=True)
    assert [event["tool"] for event in events if "tool" in event] == ["add"]
    calls = [event["call"] for event in events if "call" in event]
    assert len(calls) == 2
    stack.wait_flow(marker)
    bodies = [stack.body(flow, "response") for flow in stack.flows() if marker in stack.body(flow, "request")]
    assert all(any(call in body for body in bodies) for call in calls)


def test_streams_arrive_as_they_are_made(stack: Stack) -> None:
    """The first chunk of a stream is at the page in less than a tenth of the time that the stream takes."""
    ask(stack, "warm up")
    began = time.monotonic()
    first = None
    with httpx.stream(
        "POST", f"{stack.app}/ask", json={"prompt": "offline: words=100"}, timeout=60, trust_env=False
    ) as response:
        for line in response.iter_lines():
            if first is None and "text" in json.loads(line):
                first = time.monotonic() - began
    whole = time.monotonic() - began
    assert first is not None
    assert whole > 3
    assert first < whole / 10


def test_a_link_to_the_call(stack: Stack) -> None:
    """The page knows where its calls can be looked at: the published port, as a browser reaches it."""
    assert f'data-web-url="{stack.web}"' in httpx.get(stack.app, trust_env=False).text


def test_plain_http_and_https_from_the_host(stack: Stack) -> None:
    """The published proxy port serves the host too: http as it is, https with the published CA."""
    with stack.client() as client:
        response = client.get("https://api.openai.com/v1/models", headers={"Authorization": "Bearer offline"})
        assert response.headers["x-llm-sidecar"] == "offline"
        assert client.get("http://app:9022/healthz").text == "ok\n"


def test_without_the_ca_https_is_refused(stack: Stack) -> None:
    """A client that does not trust the CA is not fooled."""
    with (
        httpx.Client(proxy=stack.proxy, trust_env=False) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get("https://api.openai.com/v1/models")
