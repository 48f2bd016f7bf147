"""Recorded exchanges with real providers: each is claimed, read without a fault, and keeps to the schema."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from llm_sidecar.dialects.reader import read, reader
from llm_sidecar.otel import to_json
from tests.unit.dialects.corpus import chosen, needs_corpus, recorded
from tests.unit.otel_schema import problems

pytestmark = needs_corpus

CHAT = {
    "openai_chat": "openai.chat",
    "openai_responses": "openai.responses",
    "openai_completions_legacy": "openai.completions",
    "anthropic_messages": "anthropic.messages",
    "vertex_raw_predict": "anthropic.messages",
}
"""Recordings whose URL says that they are of this kind, and the dialect that must read them."""

NOT_OF_THEIR_KIND = {
    "https://api.openai.com/v1/organization/usage/completions": "an account's usage",
    "https://api.aleph-alpha.com/complete": "an API of its own",
    "http://testserver/completion": "an app's own endpoint",
}
"""Recordings that the URL makes look like one of those, and what they are."""


def test_every_exchange_is_read_without_a_fault() -> None:
    """Whatever it is: nothing raises, no part of a dialect gives up, and the JSON keeps to the schema and is JSON."""
    read_ones = Counter[str]()
    for row, exchange in recorded():
        call = read(exchange)
        if call is None:
            continue
        found = to_json(call, exchange, messages=True)
        assert problems(found) == [], row["source"]
        assert not [text for text in call.warnings if "shown in full" in text], row["source"]
        json.dumps(found, allow_nan=False).encode()
        json.dumps(found, ensure_ascii=False).encode()
        read_ones[call.api] += 1
    assert sum(read_ones.values()) > 1400


@pytest.mark.parametrize("kind", CHAT)
def test_every_chat_like_exchange_is_claimed_by_its_dialect(kind: str) -> None:
    """At whatever host and under whatever prefix it was recorded."""
    found = Counter[str]()
    for row, exchange in chosen(lambda row: row["api_kind"] == kind and row["method"] == "POST"):
        if row["url"].split("?")[0].replace(":443", "") in NOT_OF_THEIR_KIND:
            continue
        call = read(exchange)
        assert call is not None, row["source"]
        # A stored prompt's completions are chat completions.
        expected = "openai.chat" if "/v1/prompts/" in row["url"] else CHAT[kind]
        assert call.api == expected, row["source"]
        found["read"] += 1
    assert found["read"] > 50


@pytest.mark.parametrize("kind", CHAT)
def test_every_answer_is_read(kind: str) -> None:
    """A 2xx answer of a chat-like API has output messages, or is in the list below with its reason."""
    without = []
    for row, exchange in chosen(lambda row: row["api_kind"] == kind and 200 <= row["status"] < 300):
        call = read(exchange)
        if call is None or call.output_messages or call.error_type or not exchange.response_body:
            continue
        without.append(row["source"])
    unexplained = [source for source in without if not any(source.endswith(end) for end in EMPTY)]
    assert unexplained == []


EMPTY = {
    "audio-from-path-text-1.json#0": "an audio transcription, which the URL hides",
    "audio-from-path-vtt-1.json#0": "an audio transcription, which the URL hides",
    "test_invalid_response.yaml#0": "a test server that echoes the request",
    "test_text_response.yaml#0": "a test server that echoes the request",
    "multimodalRequest/responses/followup-request.json#1": "an SDK's snapshot with events that the API does not have",
    "test_background_mode_reasoning_vcr.yaml#0": "runs in the background: no output yet",
    "test_background_mode_streaming_without_starting_after_vcr.yaml#0": "runs in the background: no output yet",
    "test_background_mode_streaming_without_starting_after_vcr.yaml#1": "runs in the background: no output yet",
    "azure-deepseek-reasoning.1.chunks.txt#0": "a chat completion, at a URL made up for Responses",
    "azure-deepseek-reasoning.1.json#0": "a chat completion, at a URL made up for Responses",
    "anthropic-skill-version-create.json#0": "a skill, at a URL made up for Messages",
}
"""Recordings without an answer to read, and why."""


def test_arriving_in_pieces_makes_no_difference() -> None:
    """A streamed recording, cut at awkward places and looked at on the way, ends as the one read at once."""
    compared = 0
    for row, exchange in chosen(lambda row: row["streaming"] and row["status"] == 200)[::7]:
        follower = reader(exchange)
        if follower is None:
            continue
        follower.respond(200, exchange.response_headers, decoded=True)
        body = exchange.response_body
        for at in range(0, len(body), 997):
            follower.feed(body[at : at + 997])
            if at % (997 * 16) == 0:
                assert follower.call().incomplete
        follower.end()
        assert follower.call() == read(exchange), row["source"]
        compared += 1
    assert compared > 50
