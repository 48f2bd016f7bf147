"""Recorded answers of Gemini and Bedrock as google-genai and botocore read them; each difference has its reason."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable

import pytest

from llm_sidecar.dialects.reader import read
from llm_sidecar.exchange import Exchange
from tests.unit.dialects import oracles_google_aws as theirs
from tests.unit.dialects.corpus import chosen, needs_corpus
from tests.unit.dialects.oracles import Answer, ours
from tests.unit.dialects.test_oracles import known

pytestmark = needs_corpus

DIFFERENT: dict[str, list[str]] = {
    "the total is missing, or is not that of the figures": [
        "test_generate_content_with_file_uri_image[True].yaml#0",
        "media-detection-1.json#0",
    ],
    "the recording ends without a finish reason: `error` here": [
        "google-genai-creates-a-streaming-genai-span.json#0",
    ],
    "a prompt that was blocked has no candidate: here a message that says so": [
        "test_google_model_armor_prompt_template_text_gets_blocked.yaml#1",
    ],
    "the model's own count of its output, which Bedrock's leaves a part out of": [
        "should-handle-streaming-responses-with-tool-calls.json#0",
        "TestInvokeModelWithStreamResponse.test_invoke.yaml#0",
    ],
    "cached input, which Bedrock counts apart; here the total includes it": [
        "invoke-with-response-stream_post_4b5b3e7d.json#0",
        "invoke-with-response-stream_post_920fdf6e.json#0",
    ],
    "a guardrail answered, so there are no metrics, but counts in the event": [
        "test_guardrail_invoke_stream.yaml#0",
    ],
}

ORACLE_GIVES_UP: dict[str, list[str]] = {
    "enums as numbers": [
        "test_gemini_token_counts.yaml#0",
        "test_gemini_token_counts_streaming.yaml#0",
        "TestLLMChainWithGoogleAI.httprr#0",
        "TestGoogleAICall.httprr#0",
        "TestGoogleAIGenerateContentWithMultipleMessages.httprr#0",
        "TestGoogleAIToolCallResponse.httprr#1",
        "TestGoogleAIWithOptions.httprr#0",
        "TestGoogleAIWithStreaming.httprr#0",
    ],
    "a signature that was replaced by words": [
        "stream-with-tools-1.json#0",
    ],
    "events that are not separated, which makes them one": [
        "stream-basic-text-1.sse#0",
    ],
    "an event stream that was recorded as base64": [
        "raw_stream_emits_required_zero_arg_tool_call.yaml#0",
        "streaming_tools_smoke.yaml#1",
    ],
    "events that were written down as server-sent ones (read here all the same)": [
        "bedrockAnthropicOpus48SamplingParam/bedrock/request.json#1",
        "bedrockDocumentCitationStreamingParam/bedrock/request.json#1",
        "multimodalRequest/bedrock/request.json#1",
        "toolCallRequest/bedrock/followup-request.json#1",
        "amazon-bedrock-json-tool-text-then-weather-then-json.1.chunks.txt#0",
        "amazon-bedrock-json-tool.1.chunks.txt#0",
        "amazon-bedrock-json-with-tool.1.chunks.txt#0",
        "amazon-bedrock-json-with-tools.1.chunks.txt#0",
        "amazon-bedrock-reasoning.chunks.txt#0",
        "amazon-bedrock-tool-call.1.chunks.txt#0",
        "amazon-bedrock-tool-no-args.chunks.txt#0",
        "parallelToolCallsRequest/bedrock-anthropic/followup-request.json#1",
        "parallelToolCallsRequest/bedrock-anthropic/request.json#1",
        "reasoningRequest/bedrock-anthropic/request.json#1",
        "simpleRequest/bedrock-anthropic/request.json#1",
    ],
}


def gemini_ours(exchange: Exchange) -> Answer:
    """Our reading; the usage as one total, in which every figure has its part."""
    call = read(exchange)
    assert call is not None
    answer = ours(call)
    if answer.usage:
        answer.usage = {"total": sum(answer.usage.values())}
    return answer


def bedrock_ours(exchange: Exchange) -> Answer:
    call = read(exchange)
    assert call is not None
    return ours(call)


def invoke_ours(exchange: Exchange) -> Answer:
    """Our reading of the text of all choices, and the usage; the rest has the family's own oracle, or none."""
    answer = bedrock_ours(exchange)
    return Answer(texts=["".join(answer.texts)], usage=answer.usage)


KINDS: dict[str, tuple[str, Callable[[Exchange], Answer], Callable[[Exchange], Answer]]] = {
    "gemini.generate_content": ("enerateContent", gemini_ours, theirs.gemini),
    "bedrock.converse": ("/converse-stream", bedrock_ours, theirs.converse),
    "bedrock.invoke": ("/invoke-with-response-stream", invoke_ours, theirs.invoke),
}


def opinion(their_answer: Callable[[Exchange], Answer], exchange: Exchange) -> Answer | Exception:
    try:
        with warnings.catch_warnings(action="ignore"):
            return their_answer(exchange)
    except Exception as error:
        return error


def compare(api: str) -> Counter[str]:
    """How many answers are the same, different, or too much for the oracle; each that is not the same is listed."""
    path, our_answer, their_answer = KINDS[api]
    figures = Counter[str]()
    for row, exchange in chosen(lambda row: path in row["url"] and row["status"] == 200):
        expected = opinion(their_answer, exchange)
        if isinstance(expected, Exception):
            assert known(row["source"], ORACLE_GIVES_UP), f"{row['source']}: {expected!r}"
            figures["the oracle gives up"] += 1
            continue
        found = our_answer(exchange)
        if found != expected:
            assert known(row["source"], DIFFERENT), f"{row['source']}\n{found}\n{expected}"
        figures["the same" if found == expected else "different, explained"] += 1
    return figures


@pytest.mark.parametrize("api", KINDS)
def test_answers_are_read_as_the_oracle_reads_them(api: str) -> None:
    """Every recorded 200 answer of the API (of Bedrock's: every stream)."""
    assert compare(api)["the same"] > 10
