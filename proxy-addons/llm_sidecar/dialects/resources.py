"""Files, batches, assistants, models and whatever else a provider keeps for its users.

https://platform.openai.com/docs/api-reference, https://docs.anthropic.com/en/api, https://ai.google.dev/api,
https://docs.ollama.com/api. Which provider's it is shows in the call's `api`: `openai.files`, `anthropic.files`.
"""

from __future__ import annotations

import re

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.fields import put_request
from llm_sidecar.dialects.gemini_content import contents
from llm_sidecar.dialects.jsons import obj, string
from llm_sidecar.dialects.recognised import Resource
from llm_sidecar.exchange import Exchange


class Files(Resource):
    api = "openai.files"
    operation = "files"
    path = re.compile(r"/(files|uploads|fileSearchStores)(/[^/]+(/.+)?)?(:\w+)?$")


class Batches(Resource):
    api = "openai.batches"
    operation = "batches"
    path = re.compile(r"/batch(es)?(/[^/]+(/\w+)?)?$|(?::|%3[aA])batch(GenerateContent|EmbedContents?Async\w*)$")


class Assistants(Resource):
    api = "openai.assistants"
    operation = "assistants"
    path = re.compile(r"/(assistants|threads)(/.+)?$")


class Conversations(Resource):
    api = "openai.conversations"
    operation = "conversations"
    path = re.compile(r"/conversations(/.+)?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        if found := re.search(r"/conversations/([^/]+)", exchange.path):
            call.attributes["gen_ai.conversation.id"] = found[1]


class VectorStores(Resource):
    api = "openai.vector_stores"
    operation = "vector_stores"
    path = re.compile(r"/vector_stores(/.+)?$")


class FineTuning(Resource):
    api = "openai.fine_tuning"
    operation = "fine_tuning"
    path = re.compile(r"/(fine_tuning|fine-tunes)(/.+)?$")


class Realtime(Resource):
    """The HTTP side of it: keys and sessions. What is said goes through a WebSocket, or WebRTC."""

    api = "openai.realtime"
    operation = "realtime"
    path = re.compile(r"/realtime/(client_secrets|sessions|transcription_sessions|calls)(/.+)?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        put_request(call, "model", obj(obj(body).get("session")).get("model"))


class Predictions(Resource):
    """Replicate: any model, by its version; the answer is fetched when it is ready."""

    api = "replicate.predictions"
    operation = "prediction"
    provider = "replicate"
    path = re.compile(r"/v1/(models/([^/]+/[^/]+)/)?predictions(/.+)?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        found = self.path.search(exchange.path)
        put_request(call, "model", (found and found[2]) or obj(body).get("version"))


class CachedContents(Resource):
    """Gemini's explicit prompt cache. What is cached is shown: later calls only refer to it."""

    api = "gemini.cached_contents"
    operation = "cached_contents"
    provider = "gcp.gemini"
    path = re.compile(r"/cachedContents(/[^/]+)?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, {k: v for k, v in obj(body).items() if k != "contents"}, exchange)
        call.input_messages = contents(obj(body).get("contents"))


class Models(Resource):
    """Which models there are, and what one of them is."""

    api = "openai.models"
    operation = "models"
    methods = frozenset({"GET", "DELETE"})
    path = re.compile(r"/(models|tunedModels|foundation-models|inference-profiles)(/.+)?$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return exchange.path.endswith("/v1/models") or super().accepts(exchange, body)


class OllamaModels(Resource):
    """Ollama's list of models, and what it does with them."""

    api = "ollama.models"
    operation = "models"
    provider = "ollama"
    path = re.compile(r"/api/(tags|ps|show|pull|push|create|copy|delete|version)$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        # Words that any API has: a model's name, Ollama's port or its client tell.
        named = bool(string(obj(body).get("model")) or string(obj(body).get("name")))
        agent = exchange.request_headers.get("user-agent", "")
        return exchange.port == 11434 or "ollama" in agent or (exchange.path.endswith(("/show", "/pull")) and named)
