"""Embeddings: OpenAI's API, which most providers and servers share.

https://platform.openai.com/docs/api-reference/embeddings. The vectors themselves are not kept: only how many, and of
what length.
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import request_fields, response_fields
from llm_sidecar.dialects.jsons import count, obj, objs
from llm_sidecar.dialects.openai_completions import prompts
from llm_sidecar.dialects.openai_content import content_parts
from llm_sidecar.dialects.usage import openai_usage
from llm_sidecar.exchange import Exchange

_REQUEST = {"model": "model", "encoding_format": "encoding_formats"}


class OpenAIEmbeddings(Dialect):
    api = "openai.embeddings"
    operation = "embeddings"
    path = re.compile(r"/embeddings(/multimodal)?/?$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        # Ollama's old /api/embeddings has a `prompt`.
        return not exchange.path.endswith("/api/embeddings") or "input" in obj(body)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, _REQUEST, "input", "dimensions")
        if deployment := re.search(r"/deployments/([^/]+)/", exchange.path):
            call.request.setdefault("model", deployment[1])
        asked = fields.get("input")
        if objs(asked):
            call.input_messages = [{"role": "user", "parts": content_parts(asked)}]
        else:
            call.input_messages = prompts(asked)
        vector_length(call, fields.get("dimensions"))

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "object", "created", "data", "usage", "error")
        vectors = objs(fields.get("data"))
        if vectors:
            call.attributes["llm_sidecar.response.embeddings"] = len(vectors)
            first: Any = vectors[0].get("embedding")
            vector_length(call, len(first) if isinstance(first, list) else None)
        openai_usage(call, fields.get("usage"))
        # There is no output to count; some providers report a 0 for it all the same.
        call.usage.pop("output_tokens", None)


def vector_length(call: Call, length: Json) -> None:
    """`gen_ai.embeddings.dimension.count`, asked for or received."""
    if count(length):
        call.attributes.setdefault("gen_ai.embeddings.dimension.count", length)
