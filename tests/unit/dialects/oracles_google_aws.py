"""Two further opinions on recorded streams: google-genai's types for Gemini, botocore's event stream for Bedrock."""

from __future__ import annotations

import json
from base64 import b64decode
from functools import cache
from typing import Any

import httpx
from botocore.eventstream import EventStreamBuffer
from google import genai
from google.genai import types

from llm_sidecar.exchange import Exchange
from tests.unit.dialects.oracles import Answer

_GEMINI_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "UNEXPECTED_TOOL_CALL": "error",
}
_CONVERSE_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_call",
    "guardrail_intervened": "content_filter",
}


_RECORDED: list[httpx.Response] = []


@cache
def _client() -> genai.Client:
    """A client that answers everything with the last recording put in place; making one takes a tenth of a second."""
    transport = httpx.Client(transport=httpx.MockTransport(lambda _: _RECORDED[-1]))
    return genai.Client(api_key="none", http_options=types.HttpOptions(httpx_client=transport))


def gemini(exchange: Exchange) -> Answer:
    """generateContent, streamed or whole: what google-genai's client makes of each chunk, put one after the other.

    It always asks for server-sent events, so a recorded array of chunks is handed to it as those.
    """
    stream = "streamGenerateContent" in exchange.path
    body = exchange.response_body
    if body.startswith(b"["):
        body = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in json.loads(body))
    kind = "text/event-stream" if stream else "application/json"
    _RECORDED[:] = [httpx.Response(200, headers={"content-type": kind}, content=body)]
    models = _client().models
    ask = models.generate_content_stream if stream else models.generate_content
    answered: Any = ask(model="any", contents="any")
    answer, usage = Answer(), None
    for chunk in answered if stream else [answered]:
        usage = chunk.usage_metadata or usage
        for place, candidate in enumerate(chunk.candidates or []):
            _candidate(answer, candidate.index or place, candidate)
    if usage and usage.total_token_count:
        answer.usage = {"total": usage.total_token_count}
    return answer


def _candidate(answer: Answer, index: int, candidate: types.Candidate) -> None:
    while len(answer.texts) <= index:
        answer.texts.append("")
        answer.tool_calls.append([])
        answer.finish_reasons.append("unknown")
    for part in (candidate.content and candidate.content.parts) or []:
        if part.text and not part.thought:
            answer.texts[index] += part.text
        if part.function_call:
            answer.tool_calls[index].append((str(part.function_call.name), part.function_call.args))
    if candidate.finish_reason:
        reason = candidate.finish_reason.value
        answer.finish_reasons[index] = _GEMINI_REASONS.get(reason, reason)


def aws_events(exchange: Exchange) -> list[tuple[str, dict[str, Any]]]:
    """An event stream's events by botocore: type and payload, what InvokeModel puts inside base64 taken out."""
    buffer = EventStreamBuffer()
    buffer.add_data(exchange.response_body)
    found = []
    for event in buffer:
        payload = json.loads(event.payload)
        if "bytes" in payload:
            payload = json.loads(b64decode(payload["bytes"]))
        found.append((event.headers[":event-type"], payload))
    return found


def converse(exchange: Exchange) -> Answer:
    """ConverseStream: botocore's events, added up as the API's reference says."""
    blocks: dict[int, dict[str, Any]] = {}
    answer = Answer()
    for kind, event in aws_events(exchange):
        block = blocks.setdefault(event.get("contentBlockIndex", -1), {"text": "", "input": ""})
        if kind == "contentBlockStart":
            block |= {"start": event["start"]}
        elif kind == "contentBlockDelta":
            block["text"] += event["delta"].get("text", "")
            block["input"] += event["delta"].get("toolUse", {}).get("input", "")
        elif kind == "messageStop":
            answer.finish_reasons = [_CONVERSE_REASONS.get(event["stopReason"], event["stopReason"])]
        elif kind == "metadata":
            usage = event["usage"]
            cached = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
            answer.usage = {"input_tokens": usage["inputTokens"] + cached, "output_tokens": usage["outputTokens"]}
    answer.texts = ["".join(block["text"] for _, block in sorted(blocks.items()))]
    calls = [(b["start"]["toolUse"], b["input"]) for _, b in sorted(blocks.items()) if "toolUse" in b.get("start", {})]
    own = [(call["name"], json.loads(text or "{}")) for call, text in calls if "server" not in call.get("type", "")]
    answer.tool_calls = [own]
    return answer


def invoke(exchange: Exchange) -> Answer:
    """InvokeModelWithResponseStream: the text that the events of whatever family have in them, and Bedrock's counts."""
    answer = Answer(texts=[""])
    for _, event in aws_events(exchange):
        answer.texts[0] += _text(event)
        if metrics := event.get("amazon-bedrock-invocationMetrics"):
            answer.usage = {"input_tokens": metrics["inputTokenCount"], "output_tokens": metrics["outputTokenCount"]}
    return answer


def _text(event: dict[str, Any]) -> str:
    choices = event.get("choices") or event.get("outputs") or event.get("generations") or [event]
    found = ""
    for choice in choices:
        delta = choice.get("delta") or choice.get("contentBlockDelta", {}).get("delta") or choice
        keys = ("text", "content", "completion", "outputText", "generation")
        found += next((delta[key] for key in keys if isinstance(delta.get(key), str)), "")
    return found
