"""Amazon Bedrock's InvokeModel and InvokeModelWithResponseStream: each model family's own bodies.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. A stream's events are base64 inside the
`chunk` events of an AWS event stream. The family shows in the request's fields, which an ARN for a model does not hide.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.anthropic_messages import AnthropicMessages
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.bedrock_converse import Bedrock, converse_request, converse_response
from llm_sidecar.dialects.bedrock_converse_fold import ConverseFold
from llm_sidecar.dialects.cohere_chat import CohereChatV1
from llm_sidecar.dialects.fields import request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.generations import REQUEST, GenerationsFold, answers, usage
from llm_sidecar.dialects.jsons import arr, count, obj, objs, parse, string, without
from llm_sidecar.dialects.openai_chat import OpenAIChat
from llm_sidecar.dialects.openai_completions import prompts
from llm_sidecar.dialects.openai_embeddings import vector_length
from llm_sidecar.dialects.usage import add, put
from llm_sidecar.exchange import Exchange
from llm_sidecar.wire import Event

_METRICS = "amazon-bedrock-invocationMetrics"
_GUARDRAIL = "amazon-bedrock-guardrailAction"
_COUNTS = (
    ("input_tokens", "inputTokenCount", "x-amzn-bedrock-input-token-count"),
    ("output_tokens", "outputTokenCount", "x-amzn-bedrock-output-token-count"),
    ("cache_read.input_tokens", "cacheReadInputTokenCount", "x-amzn-bedrock-cache-read-input-token-count"),
    ("cache_write.input_tokens", "cacheWriteInputTokenCount", "x-amzn-bedrock-cache-write-input-token-count"),
)
_COUNTED = "llm_sidecar.usage"


class _Nova(Dialect):
    api = "bedrock.nova"

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        converse_request(call, obj(body))

    def fold(self, exchange: Exchange) -> Fold:
        return ConverseFold()

    def response(self, call: Call, body: Json) -> None:
        converse_response(call, obj(body))


class _Generations(Dialect):
    """Everything that takes a prompt: Titan, Llama, Mistral, Command, Jurassic, DeepSeek, Claude before Messages."""

    api = "bedrock.generations"

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        call.operation = "text_completion"
        fields = obj(body)
        config = obj(fields.get("textGenerationConfig"))
        request_fields(call, without(fields, "textGenerationConfig") | config, REQUEST, "prompt", "inputText")
        call.input_messages = prompts(fields.get("prompt") or fields.get("inputText"))

    def fold(self, exchange: Exchange) -> Fold:
        return GenerationsFold()

    def response(self, call: Call, body: Json) -> None:
        answers(call, body)
        usage(call, body)


class _Embeddings(Dialect):
    """Titan's and Cohere's embeddings."""

    api = "bedrock.embeddings"

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        call.operation = "embeddings"
        fields = obj(body)
        request_fields(call, fields, {}, "texts", "inputText", "inputs", "dimensions")
        call.input_messages = prompts(fields.get("texts") or fields.get("inputText"))
        vector_length(call, fields.get("dimensions"))

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        found = fields.get("embeddings")
        vectors = next(iter(found.values()), []) if isinstance(found, dict) else arr(found)
        vectors = arr(vectors) or [fields["embedding"]] if fields.get("embedding") else arr(vectors)
        if vectors:
            call.attributes["llm_sidecar.response.embeddings"] = len(vectors)
            vector_length(call, len(arr(vectors[0])))
        put(call, "input_tokens", fields.get("inputTextTokenCount"))


class _Other(Dialect):
    """Images, video, rerank and models of one's own: kept as they are."""

    api = "bedrock.other"

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        call.operation = "rerank" if "documents" in fields else "invoke_model"
        request_fields(call, fields, REQUEST)

    def response(self, call: Call, body: Json) -> None:
        response_fields(call, obj(body), "images", "artifacts", "videos", "base64")


_CLAUDE, _CHAT, _COHERE = AnthropicMessages(), OpenAIChat(), CohereChatV1()
_NOVA, _TEXT, _VECTORS, _OTHER = _Nova(), _Generations(), _Embeddings(), _Other()


class BedrockInvoke(Bedrock):
    """Stateless, so what family a call is of is told anew from the request, and then from the answer."""

    api = "bedrock.invoke"
    path = re.compile(r"/model/[^/]+/invoke(-with-response-stream)?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        model = dict(call.request)
        _family(exchange.path, obj(body)).request(call, body, exchange)
        # The path is what counts; some bodies have a model and a stream of their own.
        call.request |= model

    def fold(self, exchange: Exchange) -> Fold:
        try:
            body = parse(exchange.request_body)
        except ValueError:
            body = None
        return _InvokeFold(_family(exchange.path, obj(body)).fold(exchange))

    def head(self, call: Call, headers: Mapping[str, str]) -> None:
        super().head(call, headers)
        found = {ours: int(headers[name]) for ours, _, name in _COUNTS if headers.get(name, "").isdecimal()}
        _totals(call, found)

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        counted = dict(call.usage)
        call.usage = {}
        answered = _in_openais_words(without(fields, _METRICS), "message") if isinstance(body, dict) else body
        _answering(call, fields).response(call, answered)
        if fields.get(_GUARDRAIL) == "INTERVENED":
            for message in call.output_messages:
                message.setdefault("finish_reason", "content_filter")
        metrics = obj(fields.get(_METRICS))
        found = {ours: count(metrics.get(theirs)) for ours, theirs, _ in _COUNTS}
        if not call.usage:
            _totals(call, {name: figure for name, figure in found.items() if figure is not None})
        for name, figure in counted.items():
            call.usage.setdefault(name, figure)
        if metrics:
            call.attributes.setdefault(_COUNTED, metrics)


class _InvokeFold:
    """Takes the family's events out of Bedrock's, and folds those."""

    def __init__(self, inner: Fold) -> None:
        self._inner = inner
        self._more: dict[str, Any] = {}

    @property
    def ended(self) -> bool:
        return bool(self._inner.ended or self._more.get("error") or self._more.get(_GUARDRAIL) == "INTERVENED")

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        if fields.get("error"):
            self._more["error"] = fields["error"]
            return
        if isinstance(encoded := fields.get("bytes"), str):
            try:
                data = parse(b64decode(encoded))
            except (binascii.Error, ValueError):
                return
            fields = obj(data)
        self._more |= {key: value for key, value in fields.items() if key.startswith("amazon-bedrock-")}
        self._inner.add(Event(b""), _in_openais_words(fields, "delta") if fields else data)

    def body(self) -> Json:
        body = self._inner.body()
        return body | self._more if isinstance(body, dict) else self._more or body


def _family(path: str, body: dict[str, Any]) -> Dialect:
    messages = objs(body.get("messages"))
    if "anthropic_version" in body or (messages and "anthropic" in path):
        return _CLAUDE
    if messages and ("inferenceConfig" in body or "schemaVersion" in body or _has_blocks(messages)):
        return _NOVA
    if messages:
        return _CHAT
    if isinstance(body.get("message"), str):
        return _COHERE
    if "texts" in body or "embed" in path:
        return _VECTORS
    if isinstance(body.get("prompt"), str) or "inputText" in body:
        # An image's prompt is one too, but no text comes of it.
        return _OTHER if "stability" in path or "image" in path else _TEXT
    return _OTHER


def _has_blocks(messages: list[dict[str, Any]]) -> bool:
    """Content blocks as Converse has them: a union without `type`."""
    blocks = [block for message in messages for block in objs(message.get("content"))]
    return bool(blocks) and not any("type" in block for block in blocks)


def _answering(call: Call, body: dict[str, Any]) -> Dialect:
    if "embedding" in body or "embeddings" in body:
        return _VECTORS
    if "output" in body or "stopReason" in body:
        return _NOVA
    if isinstance(body.get("content"), list):
        return _CLAUDE
    if "generation_id" in body or "response_id" in body:
        return _COHERE
    choices = objs(body.get("choices"))
    if choices and any("message" in choice for choice in choices):
        return _CHAT
    return _TEXT if call.operation in ("text_completion", "chat") else _OTHER


def _in_openais_words(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """Mistral's chat on Bedrock has a `message` in a stream too, and a `stop_reason`."""
    choices = body.get("choices")
    if not isinstance(choices, list) or not any("message" in choice for choice in objs(choices)):
        return body
    found = []
    for choice in objs(choices):
        same = without(choice, "message", "stop_reason")
        reason = {"finish_reason": choice.get("finish_reason") or string(choice.get("stop_reason")) or None}
        found.append(same | without({kind: choice.get("message")} | reason))
    return body | {"choices": found}


def _totals(call: Call, figures: dict[str, int]) -> None:
    """Bedrock's own counts, whose input leaves out what the cache has read or written."""
    for name, figure in figures.items():
        put(call, name, figure)
    add(call, "input_tokens", figures.get("cache_read.input_tokens"))
    add(call, "input_tokens", figures.get("cache_write.input_tokens"))
