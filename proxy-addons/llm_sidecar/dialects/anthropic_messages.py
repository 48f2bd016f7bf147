"""Anthropic's Messages API: direct, through gateways and Azure, and on Vertex AI (`rawPredict`).

https://docs.anthropic.com/en/api/messages. On Bedrock the same bodies go through InvokeModel, whose dialect uses this.
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.anthropic_content import content, messages, tool_definition
from llm_sidecar.dialects.anthropic_fold import MessagesFold
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.jsons import arr, count, obj, objs, string
from llm_sidecar.dialects.openai_content import output_type
from llm_sidecar.dialects.usage import put
from llm_sidecar.exchange import Exchange

_REQUEST = {
    "model": "model",
    "stream": "stream",
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop_sequences": "stop_sequences",
}
_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "refusal": "content_filter",
}
_VERTEX = re.compile(r"/publishers/anthropic/models/([^/:]+):(rawPredict|streamRawPredict)$")


class AnthropicMessages(Dialect):
    api = "anthropic.messages"
    provider = "anthropic"
    path = re.compile(r"(?<!/threads)/messages/?$|" + _VERTEX.pattern)
    marks = (b'"messages"', b'"max_tokens"')

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        # A path that apps of all kinds have; with these, or with its body's shape, it is Anthropic's.
        if _VERTEX.search(exchange.path) or exchange.path.rstrip("/").endswith("/v1/messages"):
            return True
        return "anthropic-version" in exchange.request_headers or self.shape(exchange, obj(body))

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        if not all(
            string(obj(item).get("role")) in ("user", "assistant", "system") for item in arr(body.get("messages"))
        ):
            return False
        own = "anthropic_version" in body or "anthropic-version" in exchange.request_headers
        return own or ("system" in body and "max_tokens" in body and "messages" in body)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, _REQUEST, "messages", "system", "tools", "output_format")
        if vertex := _VERTEX.search(exchange.path):
            call.request.setdefault("model", vertex[1])
            call.request.setdefault("stream", vertex[2] == "streamRawPredict")
        config = obj(fields.get("output_config"))
        put_request(call, "reasoning.level", config.get("effort"))
        call.system_instructions = content(fields.get("system"))
        call.input_messages = messages(fields.get("messages"))
        call.tool_definitions = [tool_definition(tool) for tool in arr(fields.get("tools"))]
        output_type(call, config.get("format") or fields.get("output_format"))

    def fold(self, exchange: Exchange) -> Fold:
        return MessagesFold()

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "type", "role", "content", "stop_reason", "stop_sequence", "usage", "error")
        if "content" in fields or fields.get("stop_reason"):
            answer = parts.message(fields.get("role") or "assistant", content(fields.get("content")))
            reason = string(fields.get("stop_reason"))
            if reason:
                answer["finish_reason"] = _FINISH_REASONS.get(reason, reason)
            call.output_messages = [answer]
        if reason_for := fields.get("stop_sequence"):
            call.attributes["llm_sidecar.response.stop_sequence"] = reason_for
        usage(call, fields.get("usage"))


def usage(call: Call, value: Json) -> None:
    """Anthropic counts cache reads, cache writes, and the passes that compact a conversation, apart from the rest."""
    figures = obj(value)
    if not figures:
        return
    call.attributes["llm_sidecar.usage"] = figures
    compacting = [item for item in objs(figures.get("iterations")) if item.get("type") == "compaction"]
    counted = [figures, *compacting]

    def total(*keys: str) -> int | None:
        found = [number for one in counted for key in keys if (number := count(one.get(key))) is not None]
        return sum(found) if found else None

    put(call, "input_tokens", total("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"))
    put(call, "output_tokens", total("output_tokens"))
    put(call, "cache_read.input_tokens", total("cache_read_input_tokens"))
    put(call, "cache_write.input_tokens", total("cache_creation_input_tokens"))
    details = obj(figures.get("output_tokens_details"))
    put(call, "reasoning.output_tokens", details.get("thinking_tokens"), details.get("reasoning_tokens"))
