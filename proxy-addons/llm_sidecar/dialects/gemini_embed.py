"""Gemini's embeddings: embedContent and batchEmbedContents, and Vertex AI's predict. Also its token counting.

https://ai.google.dev/api/embeddings, https://ai.google.dev/api/tokens. Of the vectors only number and length are kept.
"""

from __future__ import annotations

import re

from llm_sidecar.call import Call, Json, Message
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.gemini_content import camel, content_parts, contents, message, tool_definitions
from llm_sidecar.dialects.gemini_generate import model_in_path, usage
from llm_sidecar.dialects.jsons import arr, count, obj, objs
from llm_sidecar.dialects.openai_embeddings import vector_length
from llm_sidecar.dialects.usage import put
from llm_sidecar.exchange import Exchange


class GeminiEmbedContent(Dialect):
    api = "gemini.embed_content"
    operation = "embeddings"
    provider = "gcp.gemini"
    path = re.compile(r"(?::|%3[aA])(embedContent|batchEmbedContents|predict)$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        if not exchange.path.endswith("predict"):
            return True
        instances = objs(obj(body).get("instances"))
        return bool(instances) and any("content" in one or "embed" in model_in_path(exchange.path) for one in instances)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = camel(body)
        request_fields(call, fields, {}, "content", "requests", "instances", "model", "outputDimensionality")
        put_request(call, "model", model_in_path(exchange.path))
        asked = [fields, *map(camel, objs(fields.get("requests")))]
        call.input_messages = [message(one["content"]) for one in asked if one.get("content")]
        call.input_messages += [_instance(one) for one in arr(fields.get("instances"))]
        settings = [*asked, camel(fields.get("embedContentConfig")), camel(fields.get("parameters"))]
        for one in settings:
            vector_length(call, one.get("outputDimensionality"))

    def response(self, call: Call, body: Json) -> None:
        fields = camel(body)
        response_fields(call, fields, "embedding", "embeddings", "predictions", "metadata", "usageMetadata", "error")
        predictions = [obj(one) for one in objs(fields.get("predictions"))]
        vectors = [fields.get("embedding"), *arr(fields.get("embeddings")), *(p.get("embeddings") for p in predictions)]
        lengths = [len(arr(obj(one).get("values"))) for one in vectors if obj(one)]
        if lengths:
            call.attributes["llm_sidecar.response.embeddings"] = len(lengths)
            vector_length(call, lengths[0])
        usage(call, fields.get("usageMetadata"))
        counted = [count(obj(obj(p.get("embeddings")).get("statistics")).get("token_count")) for p in predictions]
        if any(figure is not None for figure in counted):
            put(call, "input_tokens", sum(figure or 0 for figure in counted))


def _instance(value: Json) -> Message:
    content = obj(value).get("content")
    return parts.message("user", [parts.text(content) if isinstance(content, str) else parts.raw(value)])


class GeminiCountTokens(Dialect):
    """What a request would cost in tokens. The count is the answer, so it is no usage."""

    api = "gemini.count_tokens"
    operation = "count_tokens"
    provider = "gcp.gemini"
    path = re.compile(r"(?::|%3[aA])(countTokens|computeTokens)$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        outer = camel(body)
        fields = camel(outer.get("generateContentRequest")) or camel(outer.get("request")) or outer
        request_fields(call, fields, {}, "contents", "systemInstruction", "tools", "model")
        put_request(call, "model", model_in_path(exchange.path) or fields.get("model"))
        call.system_instructions = content_parts(fields.get("systemInstruction"))
        call.input_messages = contents(fields.get("contents"))
        call.tool_definitions = tool_definitions(fields.get("tools"))

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "totalTokens", "error")
        if (figure := count(fields.get("totalTokens"))) is not None:
            call.attributes["llm_sidecar.response.tokens"] = figure
