"""Ollama's own API: chat, generate and embeddings. (Its OpenAI-compatible one is read as such.)

https://docs.ollama.com/api. Streams NDJSON unless told not to.
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Call, Json, Message, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.folding import Fold, Texts
from llm_sidecar.dialects.jsons import arr, obj, objs, string, without
from llm_sidecar.dialects.openai_completions import prompts
from llm_sidecar.dialects.openai_content import tool_definition
from llm_sidecar.dialects.openai_embeddings import vector_length
from llm_sidecar.dialects.usage import put
from llm_sidecar.exchange import Exchange
from llm_sidecar.wire import Event

_OPTIONS = {
    "num_predict": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "stop": "stop_sequences",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
_OWN = ("options", "format", "model", "stream")
_USAGE = ("prompt_eval_count", "eval_count", "prompt_eval_duration", "eval_duration", "total_duration", "load_duration")
_IMAGES = {"iVBOR": "image/png", "/9j/": "image/jpeg", "R0lG": "image/gif", "UklG": "image/webp"}
"""How the base64 of an image begins, which is all that tells its type."""


class _Ollama(Dialect):
    provider = "ollama"
    line_stream = True

    def _settings(self, call: Call, fields: dict[str, Any], *own: str) -> None:
        options = obj(fields.get("options"))
        request_fields(call, options, _OPTIONS)
        other = without(fields, *_OWN, *own)
        if rest := call.attributes.pop("llm_sidecar.request.other", None):
            other["options"] = rest
        if other:
            call.attributes["llm_sidecar.request.other"] = other
        put_request(call, "model", fields.get("model"))
        put_request(call, "reasoning.level", fields.get("think"))
        call.request["stream"] = fields.get("stream") is not False
        form = fields.get("format")
        if form == "json" or isinstance(form, dict):
            call.attributes["gen_ai.output.type"] = "json"
        if isinstance(form, dict) and form:
            call.attributes["llm_sidecar.output_schema"] = form

    def fold(self, exchange: Exchange) -> Fold:
        return OllamaFold()

    def _answer(self, call: Call, fields: dict[str, Any], answer: Message) -> None:
        response_fields(
            call,
            fields,
            "message",
            "response",
            "thinking",
            "context",
            "done",
            "done_reason",
            "created_at",
            *_USAGE,
            "error",
        )
        if string(fields.get("done_reason")):
            answer["finish_reason"] = fields["done_reason"]
        elif fields.get("done") is True:
            answer["finish_reason"] = "stop"
        if answer["parts"] or "finish_reason" in answer:
            call.output_messages = [answer]
        usage(call, fields)


class OllamaChat(_Ollama):
    api = "ollama.chat"
    path = re.compile(r"/api/chat/?$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        # A path that apps have too, for an API of their own.
        return body is None or (bool(string(obj(body).get("model"))) and isinstance(obj(body).get("messages"), list))

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        self._settings(call, fields, "messages", "tools")
        call.input_messages = [_message(item) for item in arr(fields.get("messages"))]
        call.tool_definitions = [tool_definition(tool) for tool in arr(fields.get("tools"))]

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        said = obj(fields.get("message"))
        self._answer(call, fields, _message({"role": "assistant"} | said))


class OllamaGenerate(_Ollama):
    api = "ollama.generate"
    operation = "text_completion"
    path = re.compile(r"/api/generate/?$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return body is None or bool(string(obj(body).get("model")))

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        self._settings(call, fields, "prompt", "system", "images", "context")
        if string(fields.get("system")):
            call.system_instructions = [parts.text(fields["system"])]
        call.input_messages = prompts(fields.get("prompt") or None)
        images = [_image(item) for item in arr(fields.get("images"))]
        if images:
            call.input_messages = call.input_messages or [parts.message("user", [])]
            call.input_messages[-1]["parts"] += images

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        found = [parts.reasoning(fields["thinking"])] if string(fields.get("thinking")) else []
        found += [parts.text(fields["response"])] if string(fields.get("response")) else []
        self._answer(call, fields, parts.message("assistant", found))


class OllamaEmbed(_Ollama):
    """/api/embed, and /api/embeddings before it."""

    api = "ollama.embed"
    operation = "embeddings"
    path = re.compile(r"/api/embed(dings)?/?$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return exchange.path.rstrip("/").endswith("/embed") or "prompt" in obj(body)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        self._settings(call, fields, "input", "prompt", "dimensions")
        del call.request["stream"]
        call.input_messages = prompts(fields.get("input") or fields.get("prompt"))
        vector_length(call, fields.get("dimensions"))

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "embedding", "embeddings", *_USAGE, "error")
        vectors = arr(fields.get("embeddings")) or ([fields["embedding"]] if arr(fields.get("embedding")) else [])
        if vectors:
            call.attributes["llm_sidecar.response.embeddings"] = len(vectors)
            vector_length(call, len(arr(vectors[0])))
        usage(call, fields)


class OllamaFold:
    """Chat's and generate's pieces: texts grow, tool calls add up, all else is the latest."""

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._texts = Texts()

    @property
    def ended(self) -> bool:
        return self._top.get("done") is True or bool(self._top.get("error"))

    def add(self, event: Event, data: Json) -> None:
        for key, value in obj(data).items():
            if key == "message" and isinstance(value, dict):
                self._message(value)
            elif key in ("response", "thinking"):
                self._texts.append(self._top, key, value)
            elif value is not None:
                self._top[key] = value

    def body(self) -> Json:
        self._texts.flush()
        return self._top or None

    def _message(self, piece: dict[str, Any]) -> None:
        message = self._top.setdefault("message", {})
        if not isinstance(message, dict):
            return
        for key, value in piece.items():
            if key in ("content", "thinking"):
                self._texts.append(message, key, value)
            elif key == "tool_calls" or isinstance(message.get(key), list):
                message[key] = [*arr(message.get(key)), *arr(value)]
            elif value is not None:
                message[key] = value


def usage(call: Call, fields: dict[str, Any]) -> None:
    """A prompt that Ollama still has in its cache may not be counted at all."""
    figures = without({key: fields.get(key) for key in _USAGE})
    if figures:
        call.attributes["llm_sidecar.usage"] = figures
    put(call, "input_tokens", figures.get("prompt_eval_count"))
    put(call, "output_tokens", figures.get("eval_count"))


def _message(value: Json) -> Message:
    if not isinstance(value, dict):
        return parts.message("unknown", [parts.raw(value)])
    role, content = value.get("role"), value.get("content")
    name = value.get("tool_name") or value.get("name")
    if role == "tool":
        answer = parts.tool_call_response(string(value.get("tool_call_id")), content, name=string(name) or None)
        return parts.message(role, [answer])
    found: list[Part] = []
    if string(value.get("thinking")):
        found.append(parts.reasoning(value["thinking"]))
    if isinstance(content, str):
        found += [parts.text(content)] if content else []
    elif content is not None:
        found.append(parts.raw(content))
    found += [_image(item) for item in arr(value.get("images"))]
    for call in objs(value.get("tool_calls")):
        function = obj(call.get("function"))
        found.append(parts.tool_call(function.get("name"), string(call.get("id")), function.get("arguments")))
    return parts.message(role, found)


def _image(value: Json) -> Part:
    if not isinstance(value, str):
        return parts.raw(value, "image")
    mime_type = next((kind for start, kind in _IMAGES.items() if value.startswith(start)), "")
    return parts.blob(mime_type, value, "image")
