"""OpenAI's Responses API, also as Azure, xAI, OpenRouter, DeepSeek, vLLM and others have it.

https://platform.openai.com/docs/api-reference/responses. A response that runs in the background, or whose stream was
lost, is fetched by its id with GET; its tokens were counted when it was made.
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Call, Json, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.jsons import arr, obj, objs, string
from llm_sidecar.dialects.openai_content import output_type, tool_definition
from llm_sidecar.dialects.openai_items import item_parts, messages
from llm_sidecar.dialects.openai_responses_fold import ResponsesFold
from llm_sidecar.dialects.usage import openai_usage
from llm_sidecar.exchange import Exchange

_REQUEST = {
    "model": "model",
    "stream": "stream",
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "previous_response_id": "previous_response.id",
}
_ECHOED = (
    "instructions",
    "tools",
    "text",
    "input",
    "stream",
    "max_output_tokens",
    "temperature",
    "top_p",
    "previous_response_id",
    "reasoning",
    "tool_choice",
    "parallel_tool_calls",
    "truncation",
    "store",
    "background",
    "metadata",
    "user",
    "frequency_penalty",
    "presence_penalty",
    "top_logprobs",
    "max_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "conversation",
    "prompt",
)
"""Fields of a response that repeat the request."""


class OpenAIResponses(Dialect):
    api = "openai.responses"
    path = re.compile(r"/responses(/compact)?/?$")
    marks = (b'"model"', b'"input"')

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        # Gemini's Interactions have a model and an input as well.
        if exchange.path.rstrip("/").endswith("/interactions"):
            return False
        # An input that is a text is that of embeddings and of speech as well.
        items = objs(body.get("input"))
        return isinstance(body.get("model"), str) and any("role" in item and "content" in item for item in items)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, _REQUEST, "input", "instructions", "tools", "conversation")
        if exchange.path.rstrip("/").endswith("/compact"):
            call.operation = "compact"
        put_request(call, "reasoning.level", obj(fields.get("reasoning")).get("effort"))
        call.system_instructions = instructions(fields.get("instructions"))
        asked = fields.get("input")
        if isinstance(asked, str):
            call.input_messages = [parts.message("user", [parts.text(asked)])]
        else:
            call.input_messages = messages(arr(asked))
        call.tool_definitions = [tool_definition(tool) for tool in arr(fields.get("tools"))]
        output_type(call, obj(fields.get("text")).get("format"))
        conversation = fields.get("conversation")
        ident = conversation if isinstance(conversation, str) else obj(conversation).get("id")
        if string(ident):
            call.attributes["gen_ai.conversation.id"] = ident

    def fold(self, exchange: Exchange) -> Fold:
        return ResponsesFold()

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        own = ("object", "created_at", "completed_at", "output", "usage", "error", "status", "incomplete_details")
        response_fields(call, fields, *own, *_ECHOED)
        conversation = obj(fields.get("conversation")).get("id")
        if string(conversation):
            call.attributes["gen_ai.conversation.id"] = conversation
        self._output(call, fields)
        if call.operation != "fetch_response":
            openai_usage(call, fields.get("usage"))

    def _output(self, call: Call, fields: dict[str, Any]) -> None:
        status = string(fields.get("status"))
        found: list[Part] = []
        for item in arr(fields.get("output")):
            found += item_parts(item)
        if status:
            call.attributes["openai.response.status"] = status
        if any(piece.get("logprobs") for item in objs(fields.get("output")) for piece in objs(item.get("content"))):
            call.attributes["llm_sidecar.response.logprobs"] = True
        # One that runs in the background has no output yet, and none was due.
        if not found and status in ("queued", "in_progress", ""):
            return
        answer = parts.message("assistant", found)
        if reason := _finish_reason(status, obj(fields.get("incomplete_details")).get("reason"), found):
            answer["finish_reason"] = reason
        call.output_messages = [answer]


class OpenAIFetchResponse(OpenAIResponses):
    """GET of an earlier response, or its cancellation: the same answer, without the usage."""

    operation = "fetch_response"
    methods = frozenset({"GET", "POST"})
    path = re.compile(r"/responses/[^/]+(/cancel)?$")

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        return False

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        last = exchange.path.rpartition("/")[2]
        return (exchange.method == "POST") == (last == "cancel")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        if "stream=true" in exchange.split_url.query:
            call.request["stream"] = True


def instructions(value: Json) -> list[Part]:
    """`instructions`: a string or, in a response made from a stored prompt, a list of items."""
    if isinstance(value, str):
        return [parts.text(value)]
    return [part for item in arr(value) for part in item_parts(item)]


def _finish_reason(status: str, why_incomplete: Json, found: list[Part]) -> str | None:
    if status == "completed":
        # A shell that the provider hosts is called as a client's is, but its output is there as well.
        answered = {part.get("id") for part in found if part["type"] == "tool_call_response"}
        return "tool_call" if any(p["type"] == "tool_call" and p.get("id") not in answered for p in found) else "stop"
    if status == "incomplete":
        reason = string(why_incomplete)
        return "length" if reason == "max_output_tokens" else reason or "incomplete"
    if status == "failed":
        return "error"
    return None if status in ("in_progress", "queued", "") else status
