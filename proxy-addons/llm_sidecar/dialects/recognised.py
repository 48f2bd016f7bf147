"""What APIs without a conversation have in common: model, usage, and everything else as it came."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import request_fields, response_fields
from llm_sidecar.dialects.jsons import obj, without
from llm_sidecar.dialects.provider import provider_of
from llm_sidecar.dialects.usage import openai_usage, put
from llm_sidecar.exchange import Exchange

_REQUEST = {
    "model": "model",
    "model_id": "model",
    "stream": "stream",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "n": "choice.count",
    "max_completion_tokens": "max_tokens",
    "reasoning_effort": "reasoning.level",
}
_FIELD = re.compile(rb'form-data; name="([a-z_]{1,40})"\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]{1,500})\r?\n--')
_END = 64 * 1024


class Recognised(Dialect):
    """Reads the fields that such APIs share. `bulk`: fields of an answer that are data, and not kept."""

    provider = "openai"
    bulk: ClassVar[tuple[str, ...]] = ("data", "b64_json", "audio", "image")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body) or form_fields(exchange)
        request_fields(call, fields, _REQUEST)
        if deployment := re.search(r"/deployments/([^/]+)/", exchange.path):
            call.request.setdefault("model", deployment[1])

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, *self.bulk, "usage", "object", "error")
        self.usage(call, obj(fields.get("usage")))

    def usage(self, call: Call, figures: dict[str, Any]) -> None:
        openai_usage(call, figures)
        details = obj(figures.get("input_token_details"))
        put(call, "audio.input_tokens", details.get("audio_tokens"), call.usage.get("audio.input_tokens"))
        put(call, "text.input_tokens", details.get("text_tokens"), call.usage.get("text.input_tokens"))


def form_fields(exchange: Exchange) -> dict[str, str]:
    """The short text fields of a multipart form; only its ends are searched, since what is long is a file."""
    if "multipart/form-data" not in exchange.request_headers.get("content-type", ""):
        return {}
    body = exchange.request_body
    ends = body if len(body) < 2 * _END else body[:_END] + body[-_END:]
    return {m[1].decode(): m[2].decode(errors="replace") for m in _FIELD.finditer(ends)}


_FETCH = "fetch_"
_PREFIXES = {
    "anthropic": "anthropic",
    "gcp.gemini": "gemini",
    "gcp.vertex_ai": "gemini",
    "cohere": "cohere",
    "mistral_ai": "mistral",
    "ollama": "ollama",
    "replicate": "replicate",
}


class Resource(Recognised):
    """Things that a provider keeps: their paths are common words, so it must be a model's API beyond that.

    Either its host is a provider's, or the client is a provider's SDK.
    """

    methods = frozenset({"GET", "POST", "DELETE", "PATCH", "PUT"})

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        headers = exchange.request_headers
        by_sdk = any(name.startswith(("x-stainless-", "anthropic-", "openai-", "x-goog-api-")) for name in headers)
        return by_sdk or bool(provider_of(exchange, ""))

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        if "anthropic-version" in exchange.request_headers and not provider_of(exchange, ""):
            call.provider = "anthropic"
        if exchange.method == "GET":
            call.operation = f"{_FETCH}{call.operation}"
        call.api = f"{_PREFIXES.get(call.provider, 'openai')}.{self.api.partition('.')[2]}"

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        # Lists are as long as an account is old.
        response_fields(call, without(fields, "models"), *self.bulk, "usage", "object", "error")
        for key in ("data", "models"):
            if isinstance(fields.get(key), list):
                call.attributes["llm_sidecar.response.items"] = len(fields[key])
        figures = obj(fields.get("usage"))
        # Of what is only fetched, and perhaps again and again, the tokens were used before.
        if figures and call.operation.startswith(_FETCH):
            call.attributes["llm_sidecar.usage"] = figures
        else:
            self.usage(call, figures)
