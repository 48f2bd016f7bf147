"""APIs of a prompt and its continuation, each its provider's own: what `generations` reads, at the paths they have.

Anthropic's Text Completions (https://docs.anthropic.com/en/api/complete), Cohere's generate, Hugging Face's
text-generation-inference (https://huggingface.github.io/text-generation-inference/), also on SageMaker, IBM's watsonx,
Aleph Alpha, llama.cpp's server.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.cohere_chat import usage as cohere_usage
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.generations import IGNORED, REQUEST, GenerationsFold, answers, usage
from llm_sidecar.dialects.jsons import obj, objs, string, without
from llm_sidecar.dialects.openai_completions import prompts
from llm_sidecar.dialects.recognised import Recognised
from llm_sidecar.dialects.vectors import put_vectors
from llm_sidecar.exchange import Exchange


class TextGeneration(Dialect):
    """A prompt, alone or among parameters; and texts."""

    operation = "text_completion"
    prompt: ClassVar[str] = "prompt"

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return self.prompt in obj(body)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        settings = obj(fields.get("parameters"))
        request_fields(call, without(fields, self.prompt, "parameters") | settings, REQUEST)
        if exchange.path.endswith("_stream"):
            call.request["stream"] = True
        asked = fields.get(self.prompt)
        if objs(asked):
            # Aleph Alpha's prompt may be a list of texts, images and tokens.
            found = [_item(item) for item in objs(asked)]
            call.input_messages = [parts.message("user", found)]
        else:
            call.input_messages = prompts(asked)

    def fold(self, exchange: Exchange) -> Fold:
        return GenerationsFold()

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        model = "model" if "model" in fields else "model_id"
        response_fields(call, fields, *IGNORED, "meta", "prompt", "error", model=model)
        answers(call, body)
        usage(call, body)
        cohere_usage(call, fields.get("meta"))


def _item(value: dict[str, Any]) -> dict[str, Any]:
    return parts.text(value["data"]) if value.get("type") == "text" and string(value.get("data")) else parts.raw(value)


class AnthropicComplete(TextGeneration):
    api = "anthropic.complete"
    provider = "anthropic"
    path = re.compile(r"/v1/complete/?$")


class AlephAlphaComplete(TextGeneration):
    api = "aleph_alpha.complete"
    provider = "aleph_alpha"
    path = re.compile(r"^/complete$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return "prompt" in obj(body) and "maximum_tokens" in obj(body)


class CohereGenerate(TextGeneration):
    api = "cohere.generate"
    provider = "cohere"
    path = re.compile(r"/v1/generate/?$")


class LlamaCppCompletion(TextGeneration):
    api = "llama_cpp.completion"
    provider = "llama_cpp"
    path = re.compile(r"/completion$")


class WatsonxGeneration(TextGeneration):
    api = "watsonx.generation"
    provider = "ibm.watsonx.ai"
    prompt = "input"
    path = re.compile(r"/ml/v1[^/]*/(deployments/[^/]+/)?(text/generation|generation/text)(_stream)?$")


class HuggingFaceGeneration(TextGeneration):
    """TGI, Hugging Face's hosted inference, and SageMaker's endpoints with one of these inside."""

    api = "huggingface.text_generation"
    provider = "hugging_face"
    prompt = "inputs"
    path = re.compile(r"/generate(_stream)?$|/endpoints/([^/]+)/invocations(-response-stream)?$|^/models/(.+)$|^/$")
    marks = (b'"inputs"', b'"parameters"')

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        fields = obj(body)
        generates = "/generate" in exchange.path or "/invocations" in exchange.path
        return isinstance(fields.get("inputs"), str) and (generates or "parameters" in fields or self._hosted(exchange))

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        return isinstance(body.get("inputs"), str) and isinstance(body.get("parameters"), dict)

    def _hosted(self, exchange: Exchange) -> bool:
        return exchange.host.endswith(("huggingface.co", "huggingface.cloud"))

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        found = self.path.search(exchange.path)
        if found and (model := found[2] or found[4]):
            call.request.setdefault("model", model)
        if ".sagemaker." in exchange.host or exchange.path.startswith("/endpoints/"):
            call.provider = "aws.sagemaker"

    def response(self, call: Call, body: Json) -> None:
        # At the same paths, a model for embeddings answers with its vectors.
        if isinstance(body, list) and body and isinstance(body[0], list | float):
            call.operation = "embeddings"
            put_vectors(call, body if isinstance(body[0], list) else [body])
        else:
            super().response(call, body)


class HuggingFaceTask(Recognised):
    """Any other task of Hugging Face's hosted inference: fill-mask, classification and so on."""

    api = "huggingface.inference"
    operation = "inference"
    provider = "hugging_face"
    path = re.compile(r"/pipeline/([a-z0-9-]+)/(.+)$|^/models/(.+)$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return "inputs" in obj(body)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        found = self.path.search(exchange.path)
        if found and found[1]:
            call.operation = found[1].translate(_TASK)
        put_request(call, "model", found and (found[2] or found[3]))


_TASK = str.maketrans("-", "_", "0123456789")
