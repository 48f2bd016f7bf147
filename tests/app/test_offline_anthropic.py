"""The offline model, as the official Anthropic client sees it."""

from __future__ import annotations

import json
import time

import anthropic
import httpx2
import pytest

ASKED = {"model": "claude-sonnet-4-5", "max_tokens": 500}
LIFE = "add 20 to the answer to life, the universe and everything"
ADD = {
    "name": "add",
    "description": "Add two numbers",
    "input_schema": {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    },
}


@pytest.fixture(scope="module")
def client(offline_llm):
    """An Anthropic client of the offline model that repeats nothing by itself."""
    with anthropic.Anthropic(base_url=offline_llm, api_key="offline", max_retries=0) as client:
        yield client


def user(content) -> list[dict]:
    return [{"role": "user", "content": content}]


def test_message_plain(client):
    """Text, stop reason and usage; a prompt may be a string or blocks."""
    for content in ("Hello there", [{"type": "text", "text": "Hello there"}]):
        message = client.messages.create(**ASKED, system="Be kind", messages=user(content))
        assert "offline model" in message.content[0].text
        assert "Hello there" in message.content[0].text
        assert message.stop_reason == "end_turn"
        assert message.usage.input_tokens > 0
        assert message.usage.output_tokens > 0


def test_message_stream_has_the_documented_sequence(client):
    """The events in their order, over time; the deltas join to the text, the usage comes at the end."""
    started = time.monotonic()
    events = list(client.messages.create(**ASKED, messages=user("offline: words=20"), stream=True))
    assert time.monotonic() - started > 0.5, "the stream came all at once"
    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 20,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    plain = client.messages.create(**ASKED, messages=user("offline: words=20"))
    assert text == plain.content[0].text
    assert events[-2].usage.output_tokens == plain.usage.output_tokens


@pytest.mark.parametrize("kind", [{"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}])
def test_thinking_where_asked(client, kind):
    """A signed thinking block before the text, plain and streamed; none where it was not asked for."""
    asked = ASKED | {"max_tokens": 4096, "messages": user("Hello")}
    plain = client.messages.create(**asked, thinking=kind)
    with client.messages.stream(**asked, thinking=kind) as stream:
        streamed = stream.get_final_message()
    for message in (plain, streamed):
        assert [block.type for block in message.content] == ["thinking", "text"]
        assert message.content[0].thinking
        assert message.content[0].signature
    assert streamed.content[1].text == plain.content[1].text
    assert [block.type for block in client.messages.create(**asked).content] == ["text"]


@pytest.mark.parametrize("stream", [False, True])
def test_tool_use_and_its_result(client, stream):
    """The tool is used with 42 and 20 from the prompt; given the result, the second round says it."""

    def ask(messages):
        if not stream:
            return client.messages.create(**ASKED, messages=messages, tools=[ADD])
        with client.messages.stream(**ASKED, messages=messages, tools=[ADD]) as events:
            return events.get_final_message()

    first = ask(user(LIFE))
    (use,) = first.content
    assert (first.stop_reason, use.name, use.input) == ("tool_use", "add", {"a": 42, "b": 20})
    assert use.id.startswith("toolu_")
    result = {"type": "tool_result", "tool_use_id": use.id, "content": [{"type": "text", "text": "62"}]}
    second = ask([*user(LIFE), {"role": "assistant", "content": first.content}, *user([result])])
    assert second.stop_reason == "end_turn"
    assert "62" in second.content[0].text


@pytest.mark.parametrize(
    ("choice", "used"),
    [("none", []), ("auto", []), ("any", ["add"]), ("tool", ["get_time"])],
)
def test_tool_choice(client, choice, used):
    """A prompt that no tool fits is answered in words, unless `tool_choice` says otherwise."""
    get_time = {"name": "get_time", "input_schema": {"type": "object", "properties": {}}}
    named = {"name": "get_time"} if choice == "tool" else {}
    message = client.messages.create(
        **ASKED,
        messages=user("Tell me a story"),
        tools=[ADD, get_time],
        tool_choice={"type": choice, **named},
    )
    assert [block.name for block in message.content if block.type == "tool_use"] == used


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (401, anthropic.AuthenticationError, "authentication_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (529, anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_errors_are_the_clients_own(client, status, error, kind):
    """`offline: status=…` gives Anthropic's error body and headers."""
    with pytest.raises(error) as raised:
        client.messages.create(**ASKED, messages=user(f"offline: status={status} retry-after=3"))
    assert raised.value.body["error"]["type"] == kind
    assert raised.value.response.headers["retry-after"] == "3"
    assert raised.value.request_id.startswith("req_")


@pytest.mark.parametrize("words", ["cut", "malformed"])
def test_a_stream_that_breaks_in_the_middle(client, words):
    """Half of the answer arrives, then the stream breaks."""
    stream = client.messages.create(**ASKED, messages=user(f"offline: words=30 {words}"), stream=True)
    seen: list[object] = []
    with pytest.raises((anthropic.APIError, httpx2.TransportError, json.JSONDecodeError)):
        seen.extend(stream)
    assert len(seen) > 5


def test_models_are_listed(client):
    """The list that OpenAI's client reads is one for Anthropic's too."""
    assert ASKED["model"] in [model.id for model in client.models.list()]
