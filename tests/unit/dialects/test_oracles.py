"""Streams as the providers' own SDKs read them: the same text, tool calls, finish reasons and usage.

Where the two differ, or the SDK gives up, the list says why; a difference that is not in the list fails.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import fields

import pytest

from llm_sidecar.dialects.reader import read
from llm_sidecar.exchange import Exchange
from tests.unit.dialects import oracles
from tests.unit.dialects.corpus import chosen, needs_corpus

pytestmark = needs_corpus

ORACLES = {
    "openai_chat": oracles.openai_chat,
    "openai_responses": oracles.openai_responses,
    "anthropic_messages": oracles.anthropic_messages,
    "vertex_raw_predict": oracles.anthropic_messages,
}

DIFFERENT: dict[str, list[str]] = {
    "no finish reason was sent: `unknown` here, None there": [
        "completion_stream_multiple_choices_proxy.yaml#0",
        "test_snowflake_model_streaming.yaml#0",
        "test_snowflake_thinking_streaming.yaml#0",
    ],
    "the usage is in a place of the provider's own, which the SDK does not know (`x_groq`)": [
        "test_async_chat_completion_streaming.yaml#0",
    ],
    "xAI counts reasoning apart from the output; here the total includes it": [
        "xai-grok-4-fast/tool_streaming.yaml#0",
        "grok_3_mini_latest/object_streaming.json#0",
        "xai-text.chunks.txt#0",
        "xai-tool-call.chunks.txt#0",
    ],
    "the passes that compact the conversation are counted apart; here the totals include them": [
        "test_anthropic_compaction_usage_with_cache_streaming.yaml#0",
        "anthropic-compaction.1.chunks.txt#0",
    ],
    "the arguments were cut: as they came here, completed by the SDK": [
        "incomplete_partial_json_response.txt#0",
    ],
    "several messages in one recording: all of them here, the SDK keeps to the first": [
        "anthropic-programmatic-tool-calling.1.chunks.txt#0",
        "anthropic-tool-search-deferred-bm25.chunks.txt#0",
        "anthropic-tool-search-deferred-regex.chunks.txt#0",
        "anthropic-tool-search-regex.1.chunks.txt#0",
        "spliced-message-start.chunks.txt#0",
    ],
    "two calls under one index with ids of their own: the SDK glues them together": [
        "cererebras-structured-output-tools.1.chunks.txt#0",
    ],
    "a tool that the client runs and that is no function: a tool call here": [
        "test_openai_client_tool_search_streaming.yaml#0",
        "openai-client-tool-search.1.chunks.txt#0",
        "openai-apply-patch-tool.1.chunks.txt#0",
        "openai-local-shell-tool.1.chunks.txt#0",
    ],
    "a response that is fetched again: its usage was counted when it was made": [
        "test_background_mode_streaming_starting_after_vcr.yaml#1",
    ],
}

SDK_GIVES_UP: dict[str, list[str]] = {
    "an error inside the stream, which the SDK raises and which is on our call": [
        "stream-rate-limited-1.json#0",
        "stream-unknown-error-responses-1.json#0",
        "test_tool_use_failed_error_streaming.yaml#0",
        "test_tool_use_failed_error_streaming_with_text.yaml#0",
        "test_openrouter_stream_error.yaml#0",
        "llama_4_scout_17b_16e_instruct/object_streaming.json#0",
        "openai-error.1.chunks.txt#0",
        "google_gemini_2_5_flash_lite/object_streaming.json#0",
    ],
    "tool calls or other list items without an index": [
        "with_tool_call_response_emits_expected_spans[True].yaml#0",
        "test_mistral_chat_model_acomplete_async_parallel_function_call.yaml#0",
        "test_mistral_chat_model_acomplete_usage_structured_output.yaml#0",
        "test_mistral_chat_model_complete_parallel_function_call.yaml#0",
        "acomplete[Return [1, 2, 3, 4, 5]-output_types2-list].yaml#0",
        "acomplete[Return a list of fruit-output_types3-list].yaml#0",
        "complete[Return [1, 2, 3, 4, 5]-output_types2-list].yaml#0",
        "acomplete_ollama[Return True.-output_types1-bool].yaml#0",
        "acomplete_ollama[Return [1, 2, 3, 4, 5]-output_types2-list].yaml#0",
        "complete_ollama[Return [1, 2, 3, 4, 5]-output_types2-list].yaml#0",
        "test_openrouter_web_search_annotations_stream.yaml#0",
        "mistral-reasoning.chunks.txt#0",
    ],
    "a choice without a delta": [
        "azure_chat_completion_streamed.yaml#0",
    ],
    "Writer's chunks, which are not of the SDK's shape": [
        "test_writer_async_streaming_chat_multiple_tool_call_requests_legacy.yaml#0",
        "test_writer_streaming_chat_multiple_tool_call_requests_legacy.yaml#0",
        "test_writer_streaming_chat_tool_call_request_with_events_with_content.yaml#0",
    ],
    "the recorder put a whole message in one event, or events that the API does not have": [
        "multimodalRequest/responses/followup-request.json#1",
        "reasoningRequest/vertex-anthropic/followup-request.json#1",
        "reasoningRequest/vertex-anthropic/request.json#1",
        "reasoningRequestTruncated/vertex-anthropic/followup-request.json#1",
        "reasoningRequestTruncated/vertex-anthropic/request.json#1",
        "simpleRequest/vertex-anthropic/followup-request.json#1",
        "simpleRequest/vertex-anthropic/request.json#1",
        "streamParam/anthropic/followup-request.json#0",
        "streamParam/anthropic/request.json#0",
        "thinkingSignatureRequest/vertex-anthropic/followup-request.json#1",
        "thinkingSignatureRequest/vertex-anthropic/request.json#1",
        "toolCallRequest/vertex-anthropic/followup-request.json#1",
        "toolCallRequest/vertex-anthropic/request.json#1",
    ],
    "not a stream of this API, or broken JSON in it": [
        "gateway_message_delta_metadata.yaml#0",
        "audio-from-path-text-1.json#0",
        "audio-from-path-vtt-1.json#0",
        "azure-deepseek-reasoning.1.chunks.txt#0",
        "parallel-tool-call-wrapper.1.chunks.txt#0",
    ],
}


def known(source: str, explained: dict[str, list[str]]) -> bool:
    return any(source.endswith(end) for ends in explained.values() for end in ends)


def opinion(kind: str, exchange: Exchange) -> oracles.Answer | Exception:
    try:
        with warnings.catch_warnings(action="ignore"):
            return ORACLES[kind](exchange)
    except Exception as error:
        return error


def compare(kind: str) -> Counter[str]:
    """How many recorded streams of a kind are the same, different, or too much for the SDK; each with a reason."""
    figures = Counter[str]()
    for row, exchange in chosen(lambda row: row["api_kind"] == kind and row["streaming"] and row["status"] == 200):
        if not exchange.response_body:
            continue
        call = read(exchange)
        assert call is not None
        ours, theirs = oracles.ours(call), opinion(kind, exchange)
        if isinstance(theirs, Exception):
            assert known(row["source"], SDK_GIVES_UP), f"{row['source']}: {theirs!r}"
            figures["the SDK gives up"] += 1
            continue
        differing = [f.name for f in fields(ours) if getattr(ours, f.name) != getattr(theirs, f.name)]
        if differing:
            assert known(row["source"], DIFFERENT), f"{row['source']}: {differing}\n{ours}\n{theirs}"
        figures["different, explained" if differing else "the same"] += 1
    return figures


@pytest.mark.parametrize("kind", ORACLES)
def test_streams_are_read_as_the_sdk_reads_them(kind: str) -> None:
    """Every recorded 200 stream of the kind."""
    assert compare(kind)["the same"] > 10
