"""The demo app, asked as its page asks it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import httpx
import openai
import pytest
from werkzeug.serving import make_server

from app import create_app
from tests.app.conftest import gunicorn
from tests.conftest import SSE_HEAD, chunk, free_port

LIFE = "add 20 to the answer to life, the universe and everything"
BOTH_APIS = pytest.mark.parametrize("api", ["chat", "responses"])
STREAMED_OR_NOT = pytest.mark.parametrize("stream", [True, False])
Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(demo: str) -> Ask:
    """`ask("Hello", stream=False)` sends a question to the demo app."""
    return lambda prompt, **question: post(demo, prompt, **question)


def post(url: str, prompt: str, **question: object) -> httpx.Response:
    return httpx.post(f"{url}/ask", json={"prompt": prompt, **question}, timeout=20, trust_env=False)


def events(response: httpx.Response) -> list[dict]:
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def text(found: list[dict]) -> str:
    return "".join(event.get("text", "") for event in found)


@BOTH_APIS
@STREAMED_OR_NOT
def test_a_prompt_is_answered(ask: Ask, api: str, stream: bool) -> None:
    """The model's text arrives, and the id of the one call that was made."""
    found = events(ask("Hello there", api=api, stream=stream))
    assert "offline model" in text(found)
    assert "Hello there" in text(found)
    assert found[0]["call"].startswith({"chat": "chatcmpl-", "responses": "resp_"}[api])
    assert sum("call" in event for event in found) == 1


@BOTH_APIS
@STREAMED_OR_NOT
def test_the_model_calls_the_tool(ask: Ask, api: str, stream: bool) -> None:
    """Two calls: in the first the model calls `add`, which the app runs; the second has the answer."""
    found = events(ask(LIFE, api=api, stream=stream, tools=True))
    tool = next(event for event in found if "tool" in event)
    assert (tool["tool"], json.loads(tool["arguments"]), tool["result"]) == ("add", {"a": 42, "b": 20}, "62")
    assert "62" in text(found)
    assert sum("call" in event for event in found) == 2


def test_without_the_tool_there_is_no_tool_call(ask: Ask) -> None:
    """The tool is offered to the model only where the page says so."""
    assert not any("tool" in event for event in events(ask(LIFE)))


@BOTH_APIS
def test_the_answer_streams(demo: str, api: str) -> None:
    """The first line arrives when the model begins, not when it ends."""
    arrived = []
    question = {"prompt": "Hello", "api": api}
    with httpx.stream("POST", f"{demo}/ask", json=question, timeout=20, trust_env=False) as response:
        started = time.monotonic()
        for line in response.iter_lines():
            arrived.append((time.monotonic() - started, line))
    assert len(arrived) > 30
    assert arrived[0][0] < arrived[-1][0] / 10


@pytest.mark.parametrize(
    ("directive", "status", "line"),
    [
        ("status=401", 502, "127.0.0.1 does not accept the API key (401). Set OPENAI_API_KEY to a valid one."),
        ("status=429 retry-after=7", 502, "too many requests (429). Try again in 7 s."),
        ("status=429", 502, "too many requests (429). Try again later."),
        ("status=400", 502, "127.0.0.1 answered with status 400: the offline model answers 400, as asked"),
        ("status=503", 502, "127.0.0.1 answered with status 503: the offline model answers 503, as asked"),
    ],
)
@BOTH_APIS
@STREAMED_OR_NOT
def test_an_error_of_the_provider_is_one_line(
    ask: Ask, api: str, stream: bool, directive: str, status: int, line: str
) -> None:
    """The page's own request fails with 502, and says what the provider said and what to do."""
    response = ask(f"offline: {directive}", api=api, stream=stream)
    assert response.status_code == status
    assert line in response.json()["error"]
    assert "\n" not in response.json()["error"]


@pytest.mark.parametrize(("word", "line"), [("cut", "connection to 127.0.0.1 failed"), ("malformed", "cannot be read")])
@BOTH_APIS
def test_an_answer_that_breaks(ask: Ask, api: str, word: str, line: str) -> None:
    """In a stream: what arrived stays, and one line says why it ended. Without streaming: a 502."""
    *before, last = events(ask(f"offline: words=10 {word}", api=api))
    assert text(before).startswith("This is the offline model")
    assert line in last["error"]
    whole = ask(f"offline: words=10 {word}", api=api, stream=False)
    assert whole.status_code == 502
    assert "Traceback" not in whole.text


@pytest.fixture
def demo_of():
    """`demo_of(base_url)` runs a demo app whose provider is there, in this process; gives its URL."""
    servers = []

    def run(base_url: str, **client: object) -> str:
        app = create_app(openai.OpenAI(api_key="sk-secret", base_url=base_url, max_retries=0, **client))
        servers.append(make_server("127.0.0.1", 0, app, threaded=True))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].port}"

    yield run
    for server in servers:
        server.shutdown()


@BOTH_APIS
@STREAMED_OR_NOT
def test_a_provider_that_does_not_answer_in_time(demo_of, offline_llm: str, api: str, stream: bool) -> None:
    """A timeout is a 504."""
    url = demo_of(f"{offline_llm}/v1", timeout=0.3)
    response = post(url, "offline: first-event=2s", api=api, stream=stream)
    assert response.status_code == 504
    assert response.json()["error"] == "127.0.0.1 did not answer in time. Try again later."


@BOTH_APIS
def test_a_provider_that_is_not_there(demo_of, api: str) -> None:
    """A refused connection is a 502 that names the host and the cause."""
    response = post(demo_of(f"http://127.0.0.1:{free_port()}/v1"), "Hello", api=api)
    assert response.status_code == 502
    assert "The connection to 127.0.0.1 failed: [Errno 111] Connection refused" in response.json()["error"]


GARBAGE = {
    "a page of HTML": ("text/html", b"<html>Sign in to the Wi-Fi</html>"),
    "not JSON": ("application/json", b"\xff\xfe{"),
    "an empty object": ("application/json", b"{}"),
    "a list": ("application/json", b"[1, 2]"),
    "no choices": ("application/json", b'{"id": "x", "choices": [], "output": 3}'),
    "no events": ("text/event-stream", b": nothing\n\n"),
    "events of no kind": ("text/event-stream", b'data: {"a": 1}\n\ndata: [2]\n\n'),
    "nothing": ("application/json", b""),
}


@pytest.mark.parametrize("kind", GARBAGE)
@BOTH_APIS
@STREAMED_OR_NOT
def test_a_provider_that_answers_garbage(demo_of, upstream, kind: str, api: str, stream: bool) -> None:
    """Whatever comes with a 200: one readable line, and a 502 as nothing of an answer was there."""
    media_type, body = GARBAGE[kind]
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    provider = upstream(lambda connection, _: connection.sendall(head.encode() + body), tls=False)
    response = post(demo_of(f"{provider.url}/v1"), "Hello", api=api, stream=stream)
    assert response.status_code == 502, response.text
    assert response.json()["error"].startswith("The answer of localhost cannot be read")
    assert "\n" not in response.json()["error"]
    assert "sk-secret" not in response.text


@BOTH_APIS
def test_a_stream_that_ends_too_early(demo_of, upstream, api: str) -> None:
    """One that ends in order, but without the provider's mark of its end, is not taken for whole."""
    data = {
        "chat": {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hel"}}]},
        "responses": {"type": "response.created", "sequence_number": 0, "response": {"id": "x", "output": []}},
    }[api]
    sse = SSE_HEAD + chunk(f"data: {json.dumps(data)}\n\n".encode()) + chunk(b"")
    provider = upstream(lambda connection, _: connection.sendall(sse), tls=False)
    found = events(post(demo_of(f"{provider.url}/v1"), "Hello", api=api))
    assert found[0] == {"call": "x"}
    assert "localhost" in found[-1]["error"]


@pytest.mark.parametrize(
    ("prompt", "status", "line"),
    [
        ("", 400, "The prompt is empty"),
        (" \n\t ", 400, "The prompt is empty"),
        ("a\x00b", 400, "it has the character U+0000"),
        ("\ud800", 400, "it has the character U+D800"),
        ("x" * (32 * 1024 + 1), 413, "32 KiB is the most"),
        ("ü" * (16 * 1024 + 1), 413, "32 KiB is the most"),
        ("x" * 5_000_000, 413, "32 KiB is the most"),
        (7, 400, "The request has no prompt"),
        (None, 400, "The request has no prompt"),
    ],
)
def test_a_prompt_that_cannot_be_asked(demo: str, prompt: object, status: int, line: str) -> None:
    """A status and a line that say what is wrong with the prompt."""
    response = httpx.post(
        f"{demo}/ask",
        content=json.dumps({"prompt": prompt}),
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )
    assert response.status_code == status
    assert line in response.json()["error"]


def test_the_longest_prompt_is_asked(ask: Ask) -> None:
    """32 KiB, also of characters that JSON has to escape."""
    for prompt in ("x" * 32 * 1024, "\n" + "\t" * (32 * 1024 - 2) + "x", "ü" * 16 * 1024):
        assert events(ask(prompt, stream=False))


@pytest.mark.parametrize(
    ("body", "status", "line"),
    [
        (b"\xff\xfe\x00", 400, "not JSON in UTF-8"),
        (b'{"prompt": "caf\xe9"}', 400, "not JSON in UTF-8"),
        (b"", 400, "not JSON in UTF-8"),
        (b"[]", 400, "has no prompt"),
        (b'{"prompt": "Hi", "api": "telepathy"}', 400, "choose chat or responses"),
    ],
)
def test_a_request_that_is_no_question(demo: str, body: bytes, status: int, line: str) -> None:
    """Bytes that are not JSON in UTF-8, or not of the form that the page sends."""
    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{demo}/ask", content=body, headers=headers, trust_env=False)
    assert response.status_code == status
    assert line in response.json()["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_other_sites_cannot_ask(demo: str, headers: dict[str, str], status: int) -> None:
    """What another site's page, another port's too, can make a browser send is refused, a plain form included."""
    question = json.dumps({"prompt": "offline: words=1", "stream": False})
    response = httpx.post(
        f"{demo}/ask", content=question, headers={"Content-Type": "application/json"} | headers, trust_env=False
    )
    assert response.status_code == status


def test_the_page_allows_no_foreign_code(demo: str) -> None:
    """A strict content security policy, and nothing in the page that would need a laxer one."""
    response = httpx.get(demo, trust_env=False)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "style=" not in response.text
    assert "access-control-allow-origin" not in response.headers


def test_no_key_means_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A blank key counts as none; a key is used as it is and is nowhere on the page."""
    for given, used in (("", "offline"), ("  ", "offline"), (" sk-real ", "sk-real")):
        monkeypatch.setenv("OPENAI_API_KEY", given)
        monkeypatch.setenv("OPENAI_BASE_URL", "")
        app = create_app()
        assert app.extensions["openai"].api_key == used
        assert app.extensions["openai"].base_url.host == "api.openai.com"
        page = app.test_client().get("/").text
        assert "sk-real" not in page
        assert ("No OPENAI_API_KEY is set" in page) == (used == "offline")


@pytest.mark.parametrize("target", ["app:create_app()", "app.offline:create_app()"])
def test_sigterm_ends_it_within_five_seconds(offline_llm: str, tmp_path, target: str) -> None:
    """With a long answer in flight, in the demo and in the offline model."""
    path, body = "/ask", {"prompt": "offline: words=5000"}
    if "offline" in target:
        path, body = "/v1/responses", {"input": "offline: words=5000", "model": "m", "stream": True}
    with (
        gunicorn(target, tmp_path / "log", OPENAI_BASE_URL=f"{offline_llm}/v1") as (url, process),
        httpx.stream("POST", f"{url}{path}", json=body, trust_env=False) as response,
    ):
        answer = response.iter_raw()
        next(answer)
        started = time.monotonic()
        process.terminate()
        process.wait(10)
        assert time.monotonic() - started < 5
