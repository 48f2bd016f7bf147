"""Cohere's chat, versions 2 and 1.

https://docs.cohere.com/reference/chat, https://docs.cohere.com/v1/reference/chat. Version 1 streams NDJSON, version 2
server-sent events. Usage is what Cohere bills, which leaves out its own prompt template.
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Call, Json, Message, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.cohere_fold import ChatV1Fold, ChatV2Fold
from llm_sidecar.dialects.fields import request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.jsons import arr, count, obj, string, without
from llm_sidecar.dialects.openai_content import message, output_type, tool_definition
from llm_sidecar.dialects.usage import put
from llm_sidecar.exchange import Exchange

_REQUEST = {
    "model": "model",
    "stream": "stream",
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "p": "top_p",
    "k": "top_k",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "stop_sequences": "stop_sequences",
}
_FINISH_REASONS = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_call",
    "ERROR": "error",
    "ERROR_TOXIC": "content_filter",
    "ERROR_LIMIT": "length",
}
_ROLES = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system", "TOOL": "tool"}


class CohereChatV2(Dialect):
    api = "cohere.chat"
    provider = "cohere"
    path = re.compile(r"/v2/chat/?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, _REQUEST, "messages", "tools", "response_format")
        call.input_messages = [_message(item) for item in arr(fields.get("messages"))]
        call.tool_definitions = [tool_definition(tool) for tool in arr(fields.get("tools"))]
        _output_type(call, fields.get("response_format"))

    def fold(self, exchange: Exchange) -> Fold:
        return ChatV2Fold()

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "message", "finish_reason", "usage", "logprobs", "error")
        if isinstance(fields.get("message"), dict):
            answer = _message({"role": "assistant"} | fields["message"])
            call.output_messages = [_finished(answer, fields.get("finish_reason"))]
        if fields.get("logprobs"):
            call.attributes["llm_sidecar.response.logprobs"] = True
        usage(call, fields.get("usage"))


class CohereChatV1(Dialect):
    api = "cohere.chat"
    provider = "cohere"
    path = re.compile(r"/v1/chat/?$")
    marks = (b'"message"', b'"chat_history"')

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        return isinstance(body.get("message"), str) and isinstance(body.get("chat_history"), list)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        own = ("message", "chat_history", "preamble", "tools", "tool_results", "response_format", "conversation_id")
        request_fields(call, fields, _REQUEST, *own)
        if string(fields.get("preamble")):
            call.system_instructions = [parts.text(fields["preamble"])]
        call.input_messages = [_turn(item) for item in arr(fields.get("chat_history"))]
        asked = fields.get("message")
        if asked or not fields.get("tool_results"):
            call.input_messages += [parts.message("user", [parts.text(asked)])] if isinstance(asked, str) else []
        if results := [_result(item) for item in arr(fields.get("tool_results"))]:
            call.input_messages.append(parts.message("tool", results))
        call.tool_definitions = [_tool(item) for item in arr(fields.get("tools"))]
        _output_type(call, fields.get("response_format"))
        if string(fields.get("conversation_id")):
            call.attributes["gen_ai.conversation.id"] = fields["conversation_id"]

    def fold(self, exchange: Exchange) -> Fold:
        return ChatV1Fold()

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        own = ("text", "generation_id", "chat_history", "finish_reason", "tool_calls", "citations", "documents")
        response_fields(call, fields, *own, "meta", "token_count", "error", "event_type", ident="response_id")
        if not call.response.get("id") and string(fields.get("generation_id")):
            call.response["id"] = fields["generation_id"]
        found: list[Part] = []
        if string(fields.get("text")):
            cited = {key: fields.get(key) or None for key in ("citations", "documents")}
            found.append(parts.text(fields["text"], **cited))
        found += [_call(item) for item in arr(fields.get("tool_calls"))]
        if found or fields.get("finish_reason"):
            call.output_messages = [_finished(parts.message("assistant", found), fields.get("finish_reason"))]
        usage(call, fields.get("meta"))


def usage(call: Call, value: Json) -> None:
    """`usage` of version 2 or `meta` of version 1: the billed tokens, else those consumed."""
    figures = obj(value)
    if not figures:
        return
    call.attributes["llm_sidecar.usage"] = figures
    billed, consumed = obj(figures.get("billed_units")), obj(figures.get("tokens"))
    put(call, "input_tokens", billed.get("input_tokens"), consumed.get("input_tokens"))
    put(call, "output_tokens", billed.get("output_tokens"), consumed.get("output_tokens"))
    put(call, "image.input_tokens", billed.get("image_tokens"))
    # What was cached is counted with the template, so it is part of the billed figure only if it fits in.
    cached = count(figures.get("cached_tokens"))
    if cached is not None and cached <= call.usage.get("input_tokens", 0):
        put(call, "cache_read.input_tokens", cached)


def _finished(answer: Message, reason: Json) -> Message:
    if string(reason):
        answer["finish_reason"] = _FINISH_REASONS.get(reason, reason)
    return answer


def _message(value: Json) -> Message:
    """A message of version 2: OpenAI's shape, with the plan that goes before tool calls."""
    found = message(value)
    if plan := string(obj(value).get("tool_plan")):
        found["parts"] = [parts.reasoning(plan, tool_plan=True), *found["parts"]]
    return found


def _turn(value: Json) -> Message:
    if not isinstance(value, dict):
        return parts.message("unknown", [parts.raw(value)])
    role = string(value.get("role"))
    said = value.get("message")
    found = [parts.text(said)] if isinstance(said, str) and said else []
    found += [_call(item) for item in arr(value.get("tool_calls"))]
    found += [_result(item) for item in arr(value.get("tool_results"))]
    return parts.message(_ROLES.get(role.upper(), role), found)


def _call(value: Json) -> Part:
    call = obj(value)
    return parts.tool_call(call.get("name"), None, call.get("parameters")) if call else parts.raw(value)


def _result(value: Json) -> Part:
    """Version 1 has no ids: a result repeats its call."""
    result = obj(value)
    if not result:
        return parts.raw(value)
    call = obj(result.get("call"))
    return parts.tool_call_response(None, result.get("outputs"), name=call.get("name"), call=call or None)


def _tool(value: Json) -> dict[str, Any]:
    tool = obj(value)
    found = {"type": "function", "name": string(tool.get("name"))}
    return found | without(tool, "type", "name", "parameter_definitions") | _parameters(tool)


def _parameters(tool: dict[str, Any]) -> dict[str, Any]:
    """Version 1 describes parameters one by one, which JSON Schema does in an object."""
    given = obj(tool.get("parameter_definitions"))
    if not given:
        return {}
    properties = {name: without(obj(one), "required") for name, one in given.items()}
    required = [name for name, one in given.items() if obj(one).get("required")]
    return {"parameters": {"type": "object", "properties": properties} | without({"required": required or None})}


def _output_type(call: Call, form: Json) -> None:
    """Cohere's `json_object` may have a schema with it, under either of two names."""
    output_type(call, form)
    schema = obj(form).get("json_schema") or obj(form).get("schema")
    if schema:
        call.attributes["llm_sidecar.output_schema"] = schema
