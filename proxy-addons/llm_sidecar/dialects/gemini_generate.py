"""Gemini's generateContent and streamGenerateContent: AI Studio, Vertex AI, and Code Assist's envelope around them.

https://ai.google.dev/api/generate-content. A stream is SSE with `alt=sse`, a JSON array without.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.gemini_content import camel, content_parts, contents, message, tool_definitions
from llm_sidecar.dialects.gemini_fold import GenerateFold
from llm_sidecar.dialects.jsons import arr, count, obj, objs, string, without
from llm_sidecar.dialects.usage import put
from llm_sidecar.exchange import Exchange

_CONFIG = {
    "maxOutputTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "seed": "seed",
    "stopSequences": "stop_sequences",
    "candidateCount": "choice.count",
}
_CONFIG_OWN = ("responseMimeType", "responseSchema", "responseJsonSchema", "responseModalities")
_OWN = ("contents", "systemInstruction", "tools", "generationConfig", "model")
_FINISH_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "MALFORMED_FUNCTION_CALL": "error",
    "UNEXPECTED_TOOL_CALL": "error",
}
# Google's Go and older Python clients ask for enums as numbers (`enum-encoding=int`).
_FINISH_NUMBERS = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
)
_MODALITY_NUMBERS = ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT")
_OUTPUT_TYPES = {"AUDIO": "speech", "IMAGE": "image", "TEXT": "text"}
_ON_CANDIDATE = ("content", "index", "finishReason", "logprobsResult", "avgLogprobs", "tokenCount")
_MODALITIES = {"TEXT": "text", "IMAGE": "image", "AUDIO": "audio", "VIDEO": "video"}

_DETAILS = (
    ("promptTokensDetails", "input"),
    ("toolUsePromptTokensDetails", "input"),
    ("candidatesTokensDetails", "output"),
)


def model_in_path(path: str) -> str:
    """What stands before the method: a model, a tuned model or an endpoint; "" where none does (Code Assist)."""
    name = unquote(path).rpartition("/")[2].partition(":")[0]
    return "" if name == "v1internal" else name


class GeminiGenerateContent(Dialect):
    api = "gemini.generate_content"
    operation = "generate_content"
    provider = "gcp.gemini"
    path = re.compile(r"(?::|%3[aA])(streamGenerateContent|generateContent)$")
    marks = (b'"contents"', b'"parts"')
    array_stream = True

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        found = body.get("contents")
        return isinstance(found, list) and bool(found) and all(isinstance(obj(c).get("parts"), list) for c in found)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        outer = camel(body)
        fields = camel(outer.get("request")) or outer
        config = camel(fields.get("generationConfig"))
        request_fields(call, config, _CONFIG, *_CONFIG_OWN)
        other = without(fields, *_OWN)
        if rest := call.attributes.pop("llm_sidecar.request.other", None):
            other["generationConfig"] = rest
        if other:
            call.attributes["llm_sidecar.request.other"] = other
        if found := self.path.search(exchange.path):
            put_request(call, "model", model_in_path(exchange.path) or outer.get("model"))
            call.request["stream"] = found[1] == "streamGenerateContent"
        put_request(call, "reasoning.level", camel(config.get("thinkingConfig")).get("thinkingLevel"))
        call.system_instructions = content_parts(fields.get("systemInstruction"))
        call.input_messages = contents(fields.get("contents"))
        call.tool_definitions = tool_definitions(fields.get("tools"))
        self._output_type(call, config)

    def _output_type(self, call: Call, config: dict[str, Any]) -> None:
        schema = config.get("responseSchema") or config.get("responseJsonSchema")
        mime_type = string(config.get("responseMimeType"))
        modalities = [item for item in map(string, arr(config.get("responseModalities"))) if item in _OUTPUT_TYPES]
        if schema:
            call.attributes["llm_sidecar.output_schema"] = schema
        if schema or mime_type == "application/json":
            call.attributes["gen_ai.output.type"] = "json"
        elif modalities:
            # Text is what comes with the rest.
            wanted = next((item for item in modalities if item != "TEXT"), "TEXT")
            call.attributes["gen_ai.output.type"] = _OUTPUT_TYPES[wanted]
        elif mime_type == "text/plain":
            call.attributes["gen_ai.output.type"] = "text"

    def fold(self, exchange: Exchange) -> Fold:
        return GenerateFold()

    def response(self, call: Call, body: Json) -> None:
        fields = camel(body)
        fields = camel(fields.get("response")) or fields
        own = ("candidates", "usageMetadata", "createTime", "promptFeedback", "error")
        response_fields(call, fields, *own, model="modelVersion", ident="responseId")
        for candidate in objs(fields.get("candidates")):
            self._candidate(call, camel(candidate))
        feedback = camel(fields.get("promptFeedback"))
        if feedback.get("blockReason"):
            blocked = parts.message("assistant", [parts.raw(feedback, "prompt_feedback")])
            call.output_messages.append(blocked | {"finish_reason": "content_filter"})
        usage(call, fields.get("usageMetadata"))

    def _candidate(self, call: Call, candidate: dict[str, Any]) -> None:
        answer = message(candidate.get("content") or {}, "assistant")
        about = {key: value for key, value in without(candidate, *_ON_CANDIDATE).items() if value not in ({}, [])}
        # What the answer rests on, how safe it was found and why it ended: of the message as a whole.
        answer |= {key: value for key, value in about.items() if key not in ("role", "parts", "name")}
        if reason := _enum(candidate.get("finishReason"), _FINISH_NUMBERS):
            answer["finish_reason"] = _FINISH_REASONS.get(reason, reason)
            if _FINISH_REASONS.get(reason) in ("content_filter", "error"):
                answer["finishReason"] = reason
        if candidate.get("logprobsResult"):
            call.attributes["llm_sidecar.response.logprobs"] = True
        call.output_messages.append(answer)


def _enum(value: Json, numbers: tuple[str, ...]) -> str:
    number = count(value)
    return string(value) if number is None else numbers[number] if number < len(numbers) else str(number)


def usage(call: Call, value: Json) -> None:
    """Gemini counts thoughts apart from the answer, and what its own tools read apart from the prompt."""
    figures = camel(value)
    if not figures:
        return
    call.attributes["llm_sidecar.usage"] = value
    prompt = count(figures.get("promptTokenCount"))
    tools = count(figures.get("toolUsePromptTokenCount"))
    answer = count(figures.get("candidatesTokenCount"))
    thoughts = count(figures.get("thoughtsTokenCount"))
    total = count(figures.get("totalTokenCount"))
    if prompt is not None or tools is not None:
        put(call, "input_tokens", (prompt or 0) + (tools or 0))
    if answer is not None or thoughts is not None:
        # A proxy may have added them up already; the total tells.
        added_up = bool(thoughts and answer and total == (prompt or 0) + (tools or 0) + answer)
        put(call, "output_tokens", (answer or 0) + (0 if added_up else thoughts or 0))
    put(call, "cache_read.input_tokens", figures.get("cachedContentTokenCount"))
    put(call, "reasoning.output_tokens", thoughts)
    for key, side in _DETAILS:
        for detail in map(camel, objs(figures.get(key))):
            modality = _MODALITIES.get(_enum(detail.get("modality"), _MODALITY_NUMBERS).upper())
            if modality and (tokens := count(detail.get("tokenCount"))) is not None:
                name = f"{modality}.{side}_tokens"
                call.usage[name] = call.usage.get(name, 0) + tokens
