"""Following an exchange: what is there while it arrives, when it is cut, and when it makes no sense."""

from __future__ import annotations

import gzip
import json
import sys
import time
from dataclasses import replace

import pytest

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects import find
from llm_sidecar.dialects.blobs import blob_content, blobs
from llm_sidecar.dialects.openai_chat import OpenAIChat
from llm_sidecar.dialects.reader import Reader, read, reader
from llm_sidecar.exchange import Exchange
from tests.unit.dialects.fixtures import load


def follow(exchange: Exchange) -> Reader:
    found = reader(exchange)
    assert found is not None
    return found


def chat(request: dict[str, Json], **more: Json) -> Exchange:
    body = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}]} | request).encode()
    url = "https://api.openai.com/v1/chat/completions"
    headers = {"content-type": "application/json"}
    return Exchange(id="x", method="POST", url=url, request_headers=headers, request_body=body, **more)


def said(call: Call) -> str:
    return "".join(part["content"] for message in call.output_messages for part in message["parts"])


def test_a_call_is_there_when_its_request_is() -> None:
    """Before any byte of a response: what was asked, and that it is incomplete."""
    call = follow(chat({})).call()
    assert call.request == {"model": "gpt-5"}
    assert call.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    assert call.incomplete
    assert call.output_messages == []


def test_it_grows_as_the_stream_arrives_and_ends_once() -> None:
    """Each look shows what has come; a message has no finish reason until it has one; the end makes it complete."""
    exchange = load("openai.chat/stream_text")
    lines = exchange.response_body.splitlines(keepends=True)
    follower = follow(exchange)
    follower.respond(200, exchange.response_headers)
    seen = []
    for line in lines:
        follower.feed(line)
        call = follower.call()
        assert call.incomplete
        seen.append(said(call))
    assert seen[1::2] == ["", "Grü", "Grüße 😀", "Grüße 😀", "Grüße 😀", "Grüße 😀"]
    follower.end()
    follower.end("a second end changes nothing")
    assert not follower.call().incomplete
    assert follower.call().finish_reasons == ["stop"]


def test_what_was_shown_stays_as_it_was() -> None:
    """A call that was handed out does not change when more arrives."""
    exchange = load("openai.chat/stream_text")
    follower = follow(exchange)
    follower.respond(200, exchange.response_headers)
    follower.feed(exchange.response_body[:400])
    early = follower.call()
    before = said(early)
    follower.feed(exchange.response_body[400:])
    follower.end()
    assert said(early) == before != said(follower.call())


def test_an_encoded_stream_is_read_while_it_arrives() -> None:
    """The proxy hands on bytes as they are on the wire: gzip, flushed after each event."""
    exchange = load("openai.chat/stream_text")
    packed = gzip.compress(exchange.response_body)
    follower = follow(exchange)
    follower.respond(200, {**exchange.response_headers, "content-encoding": "gzip"})
    for at in range(0, len(packed), 50):
        follower.feed(packed[at : at + 50])
    follower.end()
    assert follower.call() == read(exchange)


def test_a_body_that_is_cut_says_what_it_had() -> None:
    """One that is no stream too: as much of its JSON as there is."""
    whole = load("openai.chat/text")
    at = whole.response_body.index(b"Hello.") + 3
    cut = replace(whole, response_body=whole.response_body[:at], complete=False, error="peer closed connection")
    call = read(cut)
    assert call is not None
    assert said(call) == "Hel"
    assert (call.incomplete, call.finish_reasons, call.error_type) == (True, ["error"], "connection_error")


def test_a_request_that_was_never_answered() -> None:
    """The connection failed: the request is shown, and why."""
    call = read(chat({}, complete=False, error="Connection refused", ended=1.0))
    assert call is not None
    assert (call.error_type, call.error_message, call.incomplete) == ("connection_error", "Connection refused", True)


def test_an_error_page_is_an_error_message() -> None:
    """A gateway's HTML: its beginning, and the status as the type."""
    page = {"status": 503, "response_headers": {"content-type": "text/html"}, "response_body": b"<h1>Busy</h1>"}
    call = read(chat({}, **page))
    assert call is not None
    assert (call.error_type, call.error_message, call.incomplete) == ("503", "<h1>Busy</h1>", False)


def test_a_stream_that_does_not_say_its_type_is_one_all_the_same() -> None:
    """Some servers send event streams as text/plain."""
    exchange = load("openai.chat/stream_text")
    assert read(replace(exchange, response_headers={"content-type": "text/plain"})) == read(exchange)


def test_a_request_that_is_no_json_is_said_and_its_answer_read() -> None:
    """The response is worth reading for itself."""
    call = read(replace(load("openai.chat/text"), request_body=b'{"model": "gpt-5", '))
    assert call is not None
    assert said(call) == "Hello."
    assert call.warnings[0].startswith("The request's body cannot be read: ")


@pytest.mark.parametrize("side", ["request", "response"])
def test_a_fault_of_a_dialect_is_a_warning(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the call stands, and the JSON that was not understood is shown as it is."""

    def fail(*_: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(OpenAIChat, side, fail)
    call = read(load("openai.chat/text"))
    assert call is not None
    assert call.warnings == [f"The {side} is not shown in full: KeyError: 'surprise'."]
    assert call.attributes[f"llm_sidecar.{side}.other"]
    assert bool(call.output_messages) == (side == "request")


@pytest.mark.parametrize(
    ("method", "url", "body", "headers"),
    [
        ("GET", "https://example.com/", b"", {}),
        ("POST", "https://example.com/login", b'{"user": "ada", "model": "T"}', {"content-type": "application/json"}),
        ("POST", "https://example.com/chat/messages", b'{"text": "hi"}', {"content-type": "application/json"}),
        ("POST", "https://example.com/threads/1/messages", b'{"role": "user"}', {}),
        ("POST", "https://example.com/upload", b"\0" * 1000, {}),
        ("OPTIONS", "https://api.openai.com/v1/chat/completions", b"", {}),
        ("POST", "https://[broken/v1/chat/completions", b"{}", {}),
    ],
)
def test_what_is_no_call_is_none(method: str, url: str, body: bytes, headers: dict[str, str]) -> None:
    """Traffic of other kinds is left alone."""
    assert read(Exchange(id="x", method=method, url=url, request_headers=headers, request_body=body)) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:11434/v1/chat/completions",
        "https://gateway.example.com/acme/openai/v1/chat/completions/",
        "https://res.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=1",
        "http://10.0.0.7:8000/",
        "https://llm.example.com/any/path/at/all",
    ],
)
def test_a_base_url_of_ones_own_does_not_matter(url: str) -> None:
    """By its path where that says so, else by its shape."""
    call = read(replace(chat({}), url=url))
    assert call is not None
    assert call.api == "openai.chat"


def test_bodies_of_other_traffic_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large upload of another kind costs a look at its ends."""

    def fail(_: bytes) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr("llm_sidecar.dialects.parse", fail)
    body = b'{"rows": [' + b'{"a": 1},' * 100_000 + b"{}]}"
    assert find(Exchange(id="x", method="POST", url="https://example.com/rows", request_body=body)) is None


def test_blobs_are_there_on_request() -> None:
    """A call has their kind, type and size; the content is read from the exchange."""
    exchange = load("anthropic.messages/history")
    call = read(exchange)
    assert call is not None
    listed = list(blobs(call))
    assert [(part["mime_type"], part["size"], "content" in part) for part in listed] == [("image/png", 70, False)] * 2
    for number, part in enumerate(listed):
        content = blob_content(exchange, number)
        assert content is not None
        assert (content[0], len(content[1]), content[1][:4]) == ("image/png", part["size"], b"\x89PNG")
    assert blob_content(exchange, 2) is None
    assert blob_content(load("openai.chat/text"), 0) is None


def test_a_body_of_megabytes_is_read_in_no_time_and_not_kept() -> None:
    """4 MB with an inline image: under 20 ms of processor time, and the call holds none of it."""
    image = "data:image/png;base64," + "iVBORw0K" * 500_000
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": image}}]
    exchange = chat({"messages": [{"role": "user", "content": content}]})
    taken = []
    for _ in range(5):
        started = time.thread_time()
        call = read(exchange)
        taken.append(time.thread_time() - started)
    assert min(taken) < 0.020
    assert call is not None
    assert sys.getsizeof(json.dumps(call.input_messages)) < 1000
    assert call.input_messages[0]["parts"][1]["size"] == 3_000_000


def test_a_hundred_thousand_events_take_linear_time() -> None:
    """Twice the stream takes about twice the time, not four times: texts are not copied for each token."""

    def seconds(events: int) -> float:
        event = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"0123456789" * 4)
        exchange = chat({"stream": True}, status=200, response_headers={"content-type": "text/event-stream"})
        exchange = replace(exchange, response_body=event * events)
        started = time.thread_time()
        call = read(exchange)
        assert call is not None
        assert len(said(call)) == events * 40
        return time.thread_time() - started

    seconds(1000)
    assert seconds(100_000) < 4 * seconds(50_000)


@pytest.mark.parametrize("name", ["openai.chat/stream_text", "openai.responses/stream_tools"])
def test_a_client_that_hangs_up_on_the_end_mark_cuts_nothing(name: str) -> None:
    """SDKs close the connection on the last event, at times before the proxy has seen the response end."""
    whole = load(name)
    call = read(replace(whole, complete=False, error="Client disconnected."))
    assert call is not None
    assert (call.incomplete, call.error_type) == (False, None)
    half = whole.response_body[: len(whole.response_body) // 2]
    early = replace(whole, complete=False, error="Client disconnected.", response_body=half)
    call = read(early)
    assert call is not None
    assert (call.incomplete, call.error_type) == (True, "client_disconnected")
