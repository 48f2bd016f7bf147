"""Calls are read from the traffic as it passes, and served as JSON, comment and contentview."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tornado.websocket import websocket_connect

from tests.conftest import SSE_HEAD, Sidecar, Upstream, chunk, wait_for

HEADERS = {"Authorization": "Bearer offline"}
URL = "https://api.openai.com/v1/chat/completions"


@pytest.fixture
def api(sidecar: Sidecar) -> Iterator[httpx.Client]:
    with sidecar.api() as client:
        yield client


def body(prompt: str, **kwargs: Any) -> dict[str, Any]:
    return {"model": "gpt-5", "messages": [{"role": "user", "content": prompt}], **kwargs}


def ask(sidecar: Sidecar, prompt: str, headers: dict[str, str] | None = None, **kwargs: Any) -> str:
    with sidecar.client() as client:
        response = client.post(URL, json=body(prompt, **kwargs), headers=HEADERS | (headers or {}))
        return response.raise_for_status().text


def listed(api: httpx.Client, q: str, **params: Any) -> list[dict[str, Any]]:
    return api.get("/llm/api/calls", params={"q": q, **params}).raise_for_status().json()["calls"]


def ended(api: httpx.Client, q: str) -> dict[str, Any]:
    """The one call that fits, once it has ended."""

    def found() -> dict[str, Any] | None:
        calls = [c for c in listed(api, q) if not c["llm_sidecar.incomplete"]]
        return calls[0] if calls else None

    return wait_for(found, what=f"a call for {q!r}")


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_is_read(sidecar: Sidecar, api: httpx.Client, stream: bool) -> None:
    """Model, messages, answer, usage and timing of one call, streamed or not, in the field's own words."""
    prompt = f"read me, stream is {stream}"
    ask(sidecar, prompt, stream=stream, **({"stream_options": {"include_usage": True}} if stream else {}))
    row = ended(api, f'"{prompt}"')
    call = api.get(f"/llm/api/calls/{row['id']}").json()
    assert row.items() <= call.items()
    assert call["gen_ai.provider.name"] == "openai"
    assert call["gen_ai.request.model"] == "gpt-5"
    assert call["server.address"] == "api.openai.com"
    assert call["url.full"] == URL
    assert call["llm_sidecar.api"] == "openai.chat"
    assert call["llm_sidecar.offline"] is True
    assert call["llm_sidecar.run"] == row["id"]
    assert call["gen_ai.usage.input_tokens"] > 0
    assert call["gen_ai.response.finish_reasons"] == ["stop"]
    assert ("gen_ai.response.time_to_first_chunk" in call) == stream
    assert 0 <= call.get("gen_ai.response.time_to_first_chunk", 0) < call["duration"]
    assert call["gen_ai.input.messages"] == [{"role": "user", "parts": [{"type": "text", "content": prompt}]}]
    assert "offline" in call["gen_ai.output.messages"][0]["parts"][0]["content"]


def test_a_call_grows_while_it_streams(sidecar: Sidecar, api: httpx.Client, upstream: Callable[..., Upstream]) -> None:
    """A call is listed when its request is there, shows what has arrived, and ends once."""
    go = threading.Semaphore(0)

    def handler(connection: socket.socket, _request: bytes) -> None:
        assert go.acquire(timeout=10)
        connection.sendall(SSE_HEAD)
        for word in ("one", " two"):
            event = {"id": "c", "model": "local", "choices": [{"index": 0, "delta": {"content": word}}]}
            connection.sendall(chunk(b"data: " + json.dumps(event).encode() + b"\n\n"))
            assert go.acquire(timeout=10)
        last = {"id": "c", "model": "local", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        connection.sendall(chunk(b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n") + chunk(b""))

    def answer() -> str:
        (row,) = listed(api, "growing-call")
        call = api.get(f"/llm/api/calls/{row['id']}").json()
        return "".join(p["content"] for m in call.get("gen_ai.output.messages", []) for p in m["parts"])

    url = upstream(handler).url + "/v1/chat/completions"

    def run() -> None:
        with sidecar.client() as client:
            client.post(url, json=body("growing-call", stream=True))

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(lambda: listed(api, "growing-call is:incomplete"), what="the call before its answer")
    for so_far in ("one", "one two"):
        go.release()
        wait_for(lambda so_far=so_far: answer() == so_far, what=f"{so_far!r} in the call")
    go.release()
    thread.join()
    assert ended(api, "growing-call")["gen_ai.response.finish_reasons"] == ["stop"]
    assert len(listed(api, "growing-call")) == 1


def test_a_cut_stream_gives_what_had_arrived(
    sidecar: Sidecar, api: httpx.Client, upstream: Callable[..., Upstream]
) -> None:
    """It is marked incomplete, with the reason."""

    def handler(connection: socket.socket, _request: bytes) -> None:
        event = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "half"}}]}
        connection.sendall(SSE_HEAD + chunk(b"data: " + json.dumps(event).encode() + b"\n\n"))

    with sidecar.client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.post(upstream(handler).url + "/v1/chat/completions", json=body("cut-call", stream=True))
    row = wait_for(lambda: listed(api, "cut-call is:incomplete is:error"))[0]
    call = api.get(f"/llm/api/calls/{row['id']}").json()
    assert call["gen_ai.output.messages"][0]["parts"] == [{"type": "text", "content": "half"}]
    assert call["gen_ai.response.finish_reasons"] == ["error"]


def test_other_traffic_is_no_call(sidecar: Sidecar, api: httpx.Client, upstream: Callable[..., Upstream]) -> None:
    """JSON that is no call to a model is not listed."""

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    with sidecar.client() as client:
        client.post(upstream(handler).url + "/orders", json={"item": "not-a-call"})
    ask(sidecar, "after not-a-call")
    ended(api, '"after not-a-call"')
    assert len(listed(api, "not-a-call")) == 1


def test_the_comment_and_the_contentview_have_the_conversation(sidecar: Sidecar, api: httpx.Client) -> None:
    """The summary comes first in the comment; mitmweb selects the contentview LLM by itself."""
    ask(
        sidecar,
        "comment on this",
        messages=[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "x"}],
    )
    id = ended(api, "kind")["id"]
    flow = sidecar.wait_flow(lambda f: f["id"] == id and "→ assistant" in f["comment"])
    assert flow["comment"].splitlines()[0].startswith("gpt-5 · “x” → ")
    assert "── system ──\nBe kind." in flow["comment"]
    for side, text in (("request", "── user ──\nx"), ("response", "→ assistant")):
        view = api.get(f"/flows/{id}/{side}/content/Auto.json").json()
        assert view["view_name"] == "LLM"
        assert text in view["text"]


def test_a_persons_comment_stays(sidecar: Sidecar, api: httpx.Client) -> None:
    """What somebody has written is never written over."""
    ask(sidecar, "mine")
    id = ended(api, "mine")["id"]
    sidecar.wait_flow(lambda f: f["id"] == id and f["comment"])
    api.put(f"/flows/{id}", json={"comment": "look at this"}).raise_for_status()
    dump = api.get("/flows/dump", params={"filter": "~comment look"}).content
    api.post("/flows/dump", content=dump, headers={"Content-Type": "application/octet-stream"}).raise_for_status()
    ended(api, "mine")
    assert sidecar.wait_flow(lambda f: f["id"] == id)["comment"] == "look at this"


def test_flows_from_a_file_are_read_as_live_ones(sidecar: Sidecar, api: httpx.Client) -> None:
    """Saved flows that are opened again give the same calls."""
    ask(sidecar, "saved-call", stream=True)
    before = ended(api, "saved-call")
    dump = api.get("/flows/dump").content
    api.post("/flows/dump", content=dump, headers={"Content-Type": "application/octet-stream"}).raise_for_status()
    assert ended(api, "saved-call") == before


def test_a_run_by_its_messages_and_by_name(sidecar: Sidecar, api: httpx.Client) -> None:
    """A second turn joins the first; the header names a run and does not leave the proxy."""
    first = json.loads(ask(sidecar, "run-start"))["choices"][0]["message"]
    turn = [{"role": "user", "content": "run-start"}, {"role": "assistant", "content": first["content"]}]
    ask(sidecar, "", messages=[*turn, {"role": "user", "content": "run-more"}])
    second = ended(api, "run-more")
    assert second["llm_sidecar.previous"] == second["llm_sidecar.run"] != second["id"]
    detail = api.get(f"/llm/api/calls/{second['id']}").json()
    assert detail["llm_sidecar.kept_messages"] == 1
    assert "llm_sidecar.prefix_break" not in detail
    ask(sidecar, "run-named", {"x-llm-sidecar-run": "nightly-7"})
    named = wait_for(lambda: listed(api, "run:nightly-7"))[0]
    assert named["llm_sidecar.run"] == "nightly-7"
    assert "x-llm-sidecar-run" not in str(sidecar.wait_flow(lambda f: f["id"] == named["id"])["request"])


def test_paging_neither_skips_nor_repeats(sidecar: Sidecar, api: httpx.Client) -> None:
    """Calls that arrive between two pages change nothing about the older ones."""
    for n in range(5):
        ask(sidecar, f"paging {n}")
    wait_for(lambda: len(listed(api, "paging")) == 5)
    whole = [c["id"] for c in listed(api, "paging")]
    first = [c["id"] for c in listed(api, "paging", limit=2)]
    ask(sidecar, "paging meanwhile")
    wait_for(lambda: len(listed(api, "paging")) == 6)
    second = [c["id"] for c in listed(api, "paging", limit=2, before=first[-1])]
    last = [c["id"] for c in listed(api, "paging", limit=2, before=second[-1])]
    assert first + second + last == whole


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("/llm/api/calls?q=is:wrong", 400, "is:wrong"),
        ("/llm/api/calls?q=slower:soon", 400, "slower:soon"),
        ("/llm/api/calls?limit=none", 400, "limit=none"),
        ("/llm/api/calls?before=nobody", 404, "nobody"),
        ("/llm/api/calls/nobody", 404, "nobody"),
        ("/llm/api/calls?q=cost:100%25", 400, "100%"),
    ],
)
def test_an_error_says_what_is_wrong(api: httpx.Client, path: str, status: int, named: str) -> None:
    """As JSON, with the value that cannot be."""
    response = api.get(path)
    assert response.status_code == status
    assert named in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "holds"),
    [("curl", "$OPENAI_API_KEY"), ("python", "OpenAI("), ("har", '"entries"'), ("json", '"gen_ai.input.messages"')],
)
def test_a_call_is_exported(
    sidecar: Sidecar, api: httpx.Client, upstream: Callable[..., Upstream], kind: str, holds: str
) -> None:
    """Each kind is a download that holds no key."""

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    with sidecar.client() as client:
        url = upstream(handler).url + "/v1/chat/completions"
        client.post(url, json=body(f"export-{kind}"), headers={"Authorization": "Bearer sk-planted-0123456789abcd"})
    row = ended(api, f"export-{kind}")
    response = api.get(f"/llm/api/calls/{row['id']}/{kind}").raise_for_status()
    assert response.headers["content-disposition"].startswith("attachment")
    assert holds in response.text
    assert f"export-{kind}" in response.text
    assert "planted" not in response.text


def test_all_that_fit_are_exported_as_one_har(sidecar: Sidecar, api: httpx.Client) -> None:
    """Oldest first."""
    for n in (1, 2):
        ask(sidecar, f"one-har {n}")
    wait_for(lambda: len(listed(api, "one-har")) == 2)
    entries = api.get("/llm/api/har", params={"q": "one-har"}).json()["log"]["entries"]
    assert ["one-har 1" in e["request"]["postData"]["text"] for e in entries] == [True, False]


def test_an_unknown_export_is_named(sidecar: Sidecar, api: httpx.Client) -> None:
    """With the kinds that there are."""
    ask(sidecar, "no-such-export")
    row = ended(api, "no-such-export")
    response = api.get(f"/llm/api/calls/{row['id']}/pdf")
    assert response.status_code == 404
    assert "curl" in response.json()["error"]["message"]


def test_problems_are_listed(sidecar: Sidecar, api: httpx.Client) -> None:
    """A client that does not trust the proxy is named with the remedy."""
    with httpx.Client(proxy=sidecar.proxy, trust_env=False) as untrusting, pytest.raises(httpx.ConnectError):
        untrusting.get("https://us.api.openai.com/v1/models")

    def told() -> list[str]:
        found = api.get("/llm/api/problems").json()["problems"]
        return [p["message"] for p in found if p["kind"] == "tls_failure" and "us.api.openai.com" in p["message"]]

    assert "SSL_CERT_FILE" in wait_for(told)[0]


def test_nothing_without_a_login(sidecar: Sidecar) -> None:
    """The API has mitmweb's login, and says so as JSON."""
    for path in ("/llm/api/calls", "/llm/api/calls/x"):
        response = httpx.get(sidecar.web + path, trust_env=False)
        assert response.status_code == 403
        assert "login" in response.json()["error"]["message"]


def test_the_feed_tells_of_changes(sidecar: Sidecar, api: httpx.Client) -> None:
    """A WebSocket gets each call as it appears and as it ends, and hears when it is gone."""
    import asyncio

    async def follow() -> list[dict[str, Any]]:
        url = f"{sidecar.web}/llm/api/updates?token={sidecar.password}".replace("http", "ws", 1)
        feed = await websocket_connect(url)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, ask, sidecar, "feed-call\noffline: first-event=0.5s")
        seen = []
        while not seen or seen[-1]["type"] != "removed":
            message = await asyncio.wait_for(feed.read_message(), 10)
            assert message is not None
            seen.append(json.loads(message))
            last = seen[-1]
            if last["type"] == "call" and not last["call"]["llm_sidecar.incomplete"]:
                await loop.run_in_executor(None, api.delete, f"/flows/{last['call']['id']}")
        return seen

    seen = asyncio.run(follow())
    assert seen[0]["call"]["llm_sidecar.incomplete"]
    assert seen[-1] == {"type": "removed", "id": seen[0]["call"]["id"]}
