"""Amazon Bedrock's Converse and ConverseStream. Also the bodies of Amazon's Nova models through InvokeModel.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.bedrock_content import content, message, tool_definition
from llm_sidecar.dialects.bedrock_converse_fold import ConverseFold
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.jsons import arguments, arr, count, obj, string, without
from llm_sidecar.dialects.usage import add, put
from llm_sidecar.exchange import Exchange

_CONFIG = {
    "maxTokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "top_p": "top_p",
    "topK": "top_k",
    "top_k": "top_k",
    "stopSequences": "stop_sequences",
}
_OWN = ("messages", "system", "toolConfig", "inferenceConfig", "outputConfig", "schemaVersion")
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}
_MODEL = re.compile(r"/model/([^/]+)/")


class Bedrock(Dialect):
    """What Bedrock's runtime APIs have in common."""

    provider = "aws.bedrock"

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        if found := _MODEL.search(exchange.path):
            put_request(call, "model", unquote(found[1]))
            call.request["stream"] = exchange.path.endswith("-stream")

    def head(self, call: Call, headers: Mapping[str, str]) -> None:
        kind = headers.get("x-amzn-errortype", "").partition(":")[0]
        if call.error_type is not None and kind:
            call.error_type = kind


class BedrockConverse(Bedrock):
    api = "bedrock.converse"
    path = re.compile(r"/model/[^/]+/converse(-stream)?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        converse_request(call, obj(body))

    def fold(self, exchange: Exchange) -> Fold:
        return ConverseFold()

    def response(self, call: Call, body: Json) -> None:
        converse_response(call, obj(body))


def converse_request(call: Call, fields: dict[str, Any]) -> None:
    """A request in Converse's shape."""
    config = obj(fields.get("inferenceConfig"))
    request_fields(call, config, _CONFIG)
    other = without(fields, *_OWN)
    if rest := call.attributes.pop("llm_sidecar.request.other", None):
        other["inferenceConfig"] = rest
    tools = obj(fields.get("toolConfig"))
    if rest := without(tools, "tools"):
        other["toolConfig"] = rest
    if other:
        call.attributes["llm_sidecar.request.other"] = other
    more = obj(fields.get("additionalModelRequestFields"))
    put_request(call, "top_k", more.get("top_k") or obj(more.get("inferenceConfig")).get("topK"))
    call.system_instructions = content(fields.get("system"))
    call.input_messages = [message(item) for item in arr(fields.get("messages"))]
    call.tool_definitions = [tool_definition(tool) for tool in arr(tools.get("tools"))]
    output = obj(fields.get("outputConfig"))
    put_request(call, "reasoning.level", output.get("effort"))
    form = obj(output.get("textFormat"))
    if form.get("type") == "json_schema":
        call.attributes["gen_ai.output.type"] = "json"
        schema = obj(obj(form.get("structure")).get("jsonSchema"))
        if schema:
            call.attributes["llm_sidecar.output_schema"] = schema | {"schema": arguments(schema.get("schema"))}


def converse_response(call: Call, fields: dict[str, Any]) -> None:
    """An answer in Converse's shape, whole or from `ConverseFold`."""
    response_fields(
        call, fields, "output", "stopReason", "usage", "error", "metrics", "amazon-bedrock-invocationMetrics"
    )
    answered = obj(fields.get("output")).get("message")
    reason = string(fields.get("stopReason"))
    if isinstance(answered, dict) or reason:
        answer = message(answered or {}, "assistant")
        if reason:
            answer["finish_reason"] = FINISH_REASONS.get(reason, reason)
        call.output_messages = [answer]
    # A prompt router says which model it took.
    routed_to = string(obj(obj(fields.get("trace")).get("promptRouter")).get("invokedModelId"))
    if routed_to:
        call.response["model"] = routed_to
    usage(call, fields.get("usage"))


def usage(call: Call, value: Json) -> None:
    """Bedrock counts cache reads and writes apart from the rest of the input."""
    figures = obj(value)
    if not figures:
        return
    call.attributes["llm_sidecar.usage"] = figures
    read = _first(figures, "cacheReadInputTokens", "cacheReadInputTokenCount")
    written = _first(figures, "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    put(call, "input_tokens", figures.get("inputTokens"))
    add(call, "input_tokens", read)
    add(call, "input_tokens", written)
    put(call, "output_tokens", figures.get("outputTokens"))
    put(call, "cache_read.input_tokens", read)
    put(call, "cache_write.input_tokens", written)


def _first(figures: dict[str, Any], *keys: str) -> int | None:
    return next((figure for key in keys if (figure := count(figures.get(key))) is not None), None)
