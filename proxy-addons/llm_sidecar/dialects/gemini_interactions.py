"""Gemini's Interactions API: a model or an agent, with the history kept by Google.

https://ai.google.dev/api/interactions-api. A history, and an answer, is a list of steps; before that name came it was
`outputs`, a list of contents.
"""

from __future__ import annotations

import re

from llm_sidecar.call import Call, Json, Message, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.gemini_interactions_fold import InteractionsFold
from llm_sidecar.dialects.jsons import arguments, arr, count, obj, objs, string, without
from llm_sidecar.dialects.openai_content import tool_definition
from llm_sidecar.dialects.usage import put
from llm_sidecar.exchange import Exchange

_REQUEST = {
    "model": "model",
    "agent": "model",
    "stream": "stream",
    "previous_interaction_id": "previous_response.id",
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop_sequences": "stop_sequences",
    "thinking_level": "reasoning.level",
}
_OWN = ("input", "system_instruction", "tools", "generation_config", "response_format", "response_mime_type")
_ANSWERED = ("steps", "outputs", "usage", "status", "object", "role", "created", "updated", "error")
_MEDIA = ("image", "audio", "video", "document")
_MODALITIES = ("text", "image", "audio", "video")
_OUTPUT_TYPES = {"image": "image", "audio": "speech", "text": "text"}


class GeminiInteractions(Dialect):
    api = "gemini.interactions"
    provider = "gcp.gemini"
    path = re.compile(r"/v\d\w*/(projects/.+/)?interactions$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        config = obj(fields.get("generation_config"))
        request_fields(call, without(fields, "generation_config") | config, _REQUEST, *_OWN)
        if string(fields.get("system_instruction")):
            call.system_instructions = [parts.text(fields["system_instruction"])]
        call.input_messages = _history(fields.get("input"))
        call.tool_definitions = [tool_definition(tool) for tool in arr(fields.get("tools"))]
        given = fields.get("response_format")
        forms = objs(given) or [obj(given)]
        schema = next((f["schema"] for f in forms if f.get("schema")), None)
        plain = obj(given) if "properties" in obj(given) else None
        if schema or plain or "json" in string(fields.get("response_mime_type")):
            call.attributes["gen_ai.output.type"] = "json"
        elif kind := _OUTPUT_TYPES.get(string(forms[0].get("type"))):
            call.attributes["gen_ai.output.type"] = kind
        if schema or plain:
            call.attributes["llm_sidecar.output_schema"] = schema or plain

    def fold(self, exchange: Exchange) -> Fold:
        return InteractionsFold()

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, *_ANSWERED, *_REQUEST, *_OWN)
        status = string(fields.get("status"))
        found = [part for step in [*arr(fields.get("steps")), *arr(fields.get("outputs"))] for part in _step(step)]
        if status:
            call.attributes["llm_sidecar.response.status"] = status
        if found or status in ("completed", "requires_action", "incomplete", "failed"):
            answer = parts.message("assistant", found)
            if reason := _FINISH_REASONS.get(status):
                answer["finish_reason"] = reason
            call.output_messages = [answer]
        usage(call, fields.get("usage"))


_FINISH_REASONS = {
    "completed": "stop",
    "requires_action": "tool_call",
    "incomplete": "length",
    "failed": "error",
    "cancelled": "cancelled",
}


def _history(value: Json) -> list[Message]:
    """`input`: a text, one content or several, or steps; or, as it was at first, turns with a role."""
    if isinstance(value, str):
        return [parts.message("user", [parts.text(value)])]
    items = [value] if isinstance(value, dict) else arr(value)
    if items and not any("role" in obj(item) or _is_step(item) for item in items):
        return [parts.message("user", [_content(item) for item in items])]
    return [_turn(item) for item in items]


def _is_step(item: Json) -> bool:
    kind = string(obj(item).get("type"))
    return kind in ("user_input", "model_output", "thought") or kind.endswith(("_call", "_result"))


def _turn(item: Json) -> Message:
    turn = obj(item)
    kind, role = string(turn.get("type")), string(turn.get("role"))
    if role:
        content = turn.get("content")
        found = [parts.text(content)] if isinstance(content, str) else [p for c in arr(content) for p in _step(c)]
        return parts.message({"model": "assistant"}.get(role, role), found)
    said_by = {"user_input": "user", "function_result": "tool", "text": "user"}.get(kind, "assistant")
    return parts.message(said_by, _step(item))


def _step(item: Json) -> list[Part]:
    """The parts of one step."""
    step = obj(item)
    kind = string(step.get("type"))
    if kind in ("user_input", "model_output"):
        content = step.get("content")
        if isinstance(content, str):
            return [parts.text(content)]
        # A function's result may be among what the user says.
        return [part for piece in arr(content) for part in (_step(piece) if _is_step(piece) else [_content(piece)])]
    if kind == "thought":
        words = "".join(string(piece.get("text")) for piece in objs(step.get("summary")))
        return [parts.also(parts.reasoning(words), without(step, "type", "summary"))]
    if kind == "function_call":
        call = parts.tool_call(step.get("name"), step.get("id"), step.get("arguments"))
        return [parts.also(call, without(step, "type", "name", "id", "arguments"))]
    if kind == "function_result":
        result = step.get("result")
        response = [_content(piece) for piece in result] if isinstance(result, list) else result
        more = without(step, "type", "call_id", "result")
        return [parts.also(parts.tool_call_response(step.get("call_id"), response), more)]
    if kind.endswith("_call"):
        name = string(step.get("name")) or kind.removesuffix("_call")
        details = without(step, "id", "name")
        if "arguments" in details:
            details["arguments"] = arguments(details["arguments"])
        return [parts.server_tool_call(name, step.get("id"), details)]
    if kind.endswith("_result"):
        return [parts.server_tool_call_response(step.get("call_id"), without(step, "call_id"))]
    return [_content(item)]


def _content(item: Json) -> Part:
    if isinstance(item, str):
        return parts.text(item)
    content = obj(item)
    kind = string(content.get("type"))
    if kind == "text" and isinstance(content.get("text"), str):
        return parts.also(parts.text(content["text"]), without(content, "type", "text"))
    mime_type = string(content.get("mime_type"))
    if kind in _MEDIA and isinstance(content.get("data"), str):
        more = without(content, "type", "data", "mime_type")
        return parts.also(parts.blob(mime_type, content["data"], kind), more)
    if kind in _MEDIA and isinstance(content.get("uri"), str):
        more = without(content, "type", "uri", "mime_type")
        return parts.also(parts.link(content["uri"], kind, mime_type), more)
    return parts.raw(item)


def usage(call: Call, value: Json) -> None:
    """Thoughts are counted apart from the output, and what tools read apart from the input."""
    figures = obj(value)
    if not figures:
        return
    call.attributes["llm_sidecar.usage"] = figures
    for name, keys in _TOTALS:
        found = [figure for key in keys if (figure := count(figures.get(key))) is not None]
        put(call, name, sum(found) if found else None)
    for side, key in (("input", "input_tokens_by_modality"), ("output", "output_tokens_by_modality")):
        for detail in objs(figures.get(key)):
            if (modality := string(detail.get("modality")).lower()) in _MODALITIES:
                put(call, f"{modality}.{side}_tokens", detail.get("tokens"))


_TOTALS = (
    ("input_tokens", ("total_input_tokens", "total_tool_use_tokens")),
    ("output_tokens", ("total_output_tokens", "total_thought_tokens")),
    ("cache_read.input_tokens", ("total_cached_tokens",)),
    ("reasoning.output_tokens", ("total_thought_tokens",)),
)
