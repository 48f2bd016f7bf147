"""Embeddings and rerank at paths of their own: Cohere's, Hugging Face's, and rerank as Jina, Voyage and others have it.

https://docs.cohere.com/reference/embed, https://docs.cohere.com/reference/rerank. Of the vectors only number and length
are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from llm_sidecar.call import Call, Json, Message
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.cohere_chat import usage as cohere_usage
from llm_sidecar.dialects.fields import request_fields, response_fields
from llm_sidecar.dialects.jsons import arr, obj, objs, string
from llm_sidecar.dialects.openai_completions import prompts
from llm_sidecar.dialects.openai_content import content_parts
from llm_sidecar.dialects.openai_embeddings import vector_length
from llm_sidecar.dialects.usage import put
from llm_sidecar.exchange import Exchange


class CohereEmbed(Dialect):
    api = "cohere.embed"
    operation = "embeddings"
    provider = "cohere"
    path = re.compile(r"/v[12]/embed/?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        names = {"model": "model", "embedding_types": "encoding_formats"}
        request_fields(call, fields, names, "texts", "images", "inputs", "output_dimension")
        call.input_messages = list(_asked(fields))
        vector_length(call, fields.get("output_dimension"))

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "embeddings", "texts", "images", "meta", "response_type", "error")
        found = fields.get("embeddings")
        # By encoding, since version 2.
        vectors = next(iter(found.values()), None) if isinstance(found, dict) else found
        put_vectors(call, vectors)
        cohere_usage(call, fields.get("meta"))
        call.usage.pop("output_tokens", None)
        if "image.input_tokens" in call.usage:
            put(call, "input_tokens", call.usage.get("input_tokens", 0) + call.usage["image.input_tokens"])


def _asked(fields: dict[str, Any]) -> Iterator[Message]:
    yield from prompts(fields.get("texts"))
    for image in arr(fields.get("images")):
        yield parts.message("user", [parts.link(image, "image")])
    for item in objs(fields.get("inputs")):
        yield parts.message("user", content_parts(item.get("content")))


class HuggingFaceFeatures(Dialect):
    """Feature extraction of the hosted API, and of text-embeddings-inference (`/embed`)."""

    api = "huggingface.feature_extraction"
    operation = "embeddings"
    provider = "hugging_face"
    path = re.compile(
        r"/pipeline/(?:feature-extraction|sentence-similarity)(?:/(.+))?$|^/embed$|/models/(.+)/pipeline/"
    )

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return "inputs" in obj(body)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, {}, "inputs")
        found = self.path.search(exchange.path)
        if found and (model := found[1] or found[2]):
            call.request["model"] = model
        call.input_messages = prompts(fields.get("inputs"))

    def response(self, call: Call, body: Json) -> None:
        vectors = arr(body)
        put_vectors(call, vectors if not vectors or isinstance(vectors[0], list) else [vectors])


class Rerank(Dialect):
    """Documents in the order of their relevance to a query: tokens, or search units, but no conversation."""

    api = "cohere.rerank"
    operation = "rerank"
    provider = "cohere"
    path = re.compile(r"/rerank/?$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        fields = obj(body)
        return body is None or "query" in fields or "documents" in fields or "texts" in fields

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, {"model": "model"})
        if documents := arr(fields.get("documents") or fields.get("texts")):
            call.attributes["llm_sidecar.request.documents"] = len(documents)

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "usage", "meta", "object", "error")
        cohere_usage(call, fields.get("meta"))
        counted = obj(fields.get("usage"))
        if counted:
            call.attributes["llm_sidecar.usage"] = counted
        put(
            call,
            "input_tokens",
            counted.get("prompt_tokens"),
            counted.get("total_tokens"),
            call.usage.get("input_tokens"),
        )
        call.usage.pop("output_tokens", None)


def put_vectors(call: Call, vectors: Json) -> None:
    """How many vectors came back, and of what length."""
    found = arr(vectors)
    if found:
        call.attributes["llm_sidecar.response.embeddings"] = len(found)
        vector_length(call, len(arr(found[0])) if not string(found[0]) else None)
