"""Calls that the proxy is given as a flow file: many at once, or with a body of any kind."""

from __future__ import annotations

import io
import json
import time
from typing import Any

from mitmproxy import connection, http
from mitmproxy.io import FlowWriter

from tests.conftest import Sidecar, wait_for


def flow(
    number: int,
    request: dict[str, Any],
    response: dict[str, Any] | bytes,
    *,
    url: str = "https://api.openai.com/v1/chat/completions",
    headers: dict[str, str] | None = None,
) -> http.HTTPFlow:
    """A finished exchange; `number` is its place in time. A response of bytes is an event stream."""
    started = time.time() - 10_000 + number
    client = connection.Client(peername=("127.0.0.1", 50000), sockname=("127.0.0.1", 9020), timestamp_start=started)
    it = http.HTTPFlow(client, connection.Server(address=("api.openai.com", 443)))
    it.request = http.Request.make("POST", url, json.dumps(request), {"content-type": "application/json"})
    it.request.timestamp_start, it.request.timestamp_end = started, started + 0.01
    streamed = isinstance(response, bytes)
    body = response if isinstance(response, bytes) else json.dumps(response).encode()
    kind = "text/event-stream" if streamed else "application/json"
    it.response = http.Response.make(200, body, {"content-type": kind, **(headers or {})})
    it.response.timestamp_start, it.response.timestamp_end = started + 0.4, started + 1.2
    return it


def chat(number: int, asked: str, answered: str, **more: Any) -> http.HTTPFlow:
    """A chat completion."""
    request = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": asked}], **more}
    choice = {"index": 0, "message": {"role": "assistant", "content": answered}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 100 + number, "completion_tokens": 20}
    return flow(
        number, request, {"id": f"chatcmpl-{number}", "model": "gpt-5-mini", "choices": [choice], "usage": usage}
    )


def load(sidecar: Sidecar, flows: list[http.HTTPFlow]) -> None:
    """Have the proxy hold exactly these, and wait until it has read them all."""
    file = io.BytesIO()
    writer = FlowWriter(file)
    for each in flows:
        writer.add(each)
    with sidecar.api() as api:
        api.post("/flows/dump", content=file.getvalue(), timeout=60).raise_for_status()

        def read() -> bool:
            listed = api.get("/llm/api/calls", params={"limit": 1000}).json()["calls"]
            return len(listed) == min(len(flows), 1000) and flows[0].id in (listed[-1]["id"], flows[0].id)

        wait_for(read, 60, "all calls are read")
        last = flows[-1].id
        wait_for(lambda: api.get(f"/llm/api/calls/{last}").is_success, 60, "the last call is read")
