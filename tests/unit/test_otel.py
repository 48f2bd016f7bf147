"""A call as JSON: flat, by the conventions' names, short in lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llm_sidecar.dialects.reader import read, reader
from llm_sidecar.otel import to_json
from tests.unit.dialects.fixtures import load
from tests.unit.otel_schema import problems


def test_a_list_shows_no_messages_and_one_call_does() -> None:
    """What is large is left to the call's own page: messages, tools, the provider's raw usage, unnamed fields."""
    exchange = load("openai.responses/history")
    call = read(exchange)
    assert call is not None
    short, full = to_json(call, exchange), to_json(call, exchange, messages=True)
    assert set(full) - set(short) >= {"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions"}
    assert set(full) - set(short) >= {"llm_sidecar.usage"}
    assert all(full[key] == value for key, value in short.items())


def test_times_are_the_proxys() -> None:
    """RFC 3339 in UTC; the duration from the start to the end; the first chunk counted from the request's end."""
    exchange = load("openai.chat/stream_text")
    call = read(exchange)
    assert call is not None
    found = to_json(call, exchange)
    assert found["start_time"] == "2026-09-21T14:13:20.000Z"
    assert found["duration"] == 2.0
    assert found["gen_ai.response.time_to_first_chunk"] == 0.5


def test_a_call_in_flight_has_no_duration_yet() -> None:
    """And no status, as long as there is none."""
    exchange = replace(load("openai.chat/stream_text"), status=None, response_body=b"", first_chunk=None, ended=None)
    follower = reader(exchange)
    assert follower is not None
    found = to_json(follower.call(), exchange)
    assert found["llm_sidecar.incomplete"] is True
    assert not set(found) & {"duration", "http.response.status_code", "gen_ai.response.time_to_first_chunk"}


def test_the_first_chunk_of_a_plain_answer_is_not_told() -> None:
    """It would say how long the whole answer took."""
    exchange = load("openai.chat/text")
    call = read(exchange)
    assert call is not None
    assert "gen_ai.response.time_to_first_chunk" not in to_json(call, exchange)


def test_an_offline_answer_is_marked() -> None:
    """By the header that the proxy puts on it."""
    exchange = load("openai.chat/text")
    offline = replace(exchange, response_headers={**exchange.response_headers, "x-llm-sidecar": "offline"})
    call = read(offline)
    assert call is not None
    assert to_json(call, offline)["llm_sidecar.offline"] is True
    assert "llm_sidecar.cost_usd" not in to_json(call, offline)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("gen_ai.output.messages", [{"role": "assistant", "parts": [{"type": "text", "content": "x"}]}]),
        ("gen_ai.output.messages", [{"role": "assistant", "parts": [{"type": "tool_call"}], "finish_reason": "stop"}]),
        (
            "gen_ai.input.messages",
            [{"role": "user", "parts": [{"type": "uri", "modality": "image", "uri": "data:,x"}]}],
        ),
        ("gen_ai.input.messages", [{"role": "user", "parts": [{"type": "blob", "modality": "image"}]}]),
        ("gen_ai.tool.definitions", [{"type": "function"}]),
        ("gen_ai.usage.input_tokens", 1.5),
        ("gen_ai.usage.invented_tokens", 1),
        ("llm_sidecar.cost_usd", "1"),
    ],
)
def test_the_schema_that_calls_are_held_against_refuses(place: str, value: object) -> None:
    """What breaks the conventions is found: a schema that let all pass would prove nothing."""
    exchange = load("openai.chat/text")
    call = read(exchange)
    assert call is not None
    assert problems(to_json(call, exchange, messages=True) | {place: value})
