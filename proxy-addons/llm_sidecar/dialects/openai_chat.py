"""OpenAI's Chat Completions, and all that is compatible with it.

https://platform.openai.com/docs/api-reference/chat. Azure, OpenRouter, Groq, Mistral, DeepSeek, xAI, Together,
Perplexity, vLLM, LM Studio and others add fields; those that carry content or usage are read.
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.jsons import arr, obj, objs, string
from llm_sidecar.dialects.openai_chat_fold import ChatFold
from llm_sidecar.dialects.openai_content import FINISH_REASONS, message, output_type, tool_definition
from llm_sidecar.dialects.usage import openai_usage, put
from llm_sidecar.exchange import Exchange

REQUEST = {
    "model": "model",
    "stream": "stream",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "random_seed": "seed",
    "stop": "stop_sequences",
    "n": "choice.count",
    "reasoning_effort": "reasoning.level",
}

NO_USAGE = (
    "The provider sent no token counts for this stream: "
    'set stream_options to {"include_usage": true} in the request to get them.'
)
NO_USAGE_THOUGH_ASKED = "The provider sent no token counts for this stream, though the request asks for them."


class OpenAIChat(Dialect):
    api = "openai.chat"
    path = re.compile(r"/chat/completions/?$|/prompts/[^/]+/completions$|/v1/chat$|^/v\d/proxy/chat$")
    marks = (b'"messages"', b'"model"')

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        # Writer's chat is at /v1/chat, where Cohere's is too, which has no `messages` there.
        if exchange.path.rstrip("/").endswith("/v1/chat"):
            return "writer" in exchange.host or _has_messages(obj(body))
        return True

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        return _has_messages(body) and isinstance(body.get("model"), str)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        own = ("messages", "tools", "functions", "response_format", "modalities")
        request_fields(call, fields, REQUEST, *own)
        if deployment := re.search(r"/deployments/([^/]+)/", exchange.path):
            call.request.setdefault("model", deployment[1])
        put_request(call, "reasoning.level", obj(fields.get("reasoning")).get("effort"))
        call.input_messages = [message(item) for item in arr(fields.get("messages"))]
        tools = arr(fields.get("tools")) or [{"type": "function", "function": f} for f in arr(fields.get("functions"))]
        call.tool_definitions = [tool_definition(tool) for tool in tools]
        output_type(call, fields.get("response_format"))
        if "audio" in arr(fields.get("modalities")):
            call.attributes["gen_ai.output.type"] = "speech"

    def fold(self, exchange: Exchange) -> Fold:
        return ChatFold()

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "object", "created", "choices", "usage", "error", "citations", "search_results")
        for choice in objs(fields.get("choices")):
            self._choice(call, choice, fields)
        self._usage(call, fields)

    def _choice(self, call: Call, choice: dict[str, Any], fields: dict[str, Any]) -> None:
        answer = obj(choice.get("message"))
        if isinstance(choice.get("text"), str) and not answer:
            answer = {"content": choice["text"]}
        shared = {key: fields[key] for key in ("citations", "search_results") if arr(fields.get(key))}
        found = message({"role": "assistant"} | shared | answer)
        if string(choice.get("finish_reason")):
            reason = choice["finish_reason"]
            found["finish_reason"] = FINISH_REASONS.get(reason, reason)
        if has_logprobs(choice.get("logprobs")):
            call.attributes["llm_sidecar.response.logprobs"] = True
        call.output_messages.append(found)

    def _usage(self, call: Call, fields: dict[str, Any]) -> None:
        # Groq's and Moonshot's streams have it in places of their own.
        nested = [obj(fields.get("x_groq")).get("usage"), *(c.get("usage") for c in objs(fields.get("choices")))]
        openai_usage(call, fields.get("usage") or next(filter(None, nested), None))
        cost = obj(fields.get("usage")).get("cost")
        # In US dollars at OpenRouter (a number) and Perplexity (an object).
        cost = obj(cost).get("total_cost") if isinstance(cost, dict) else cost
        if (
            isinstance(cost, int | float)
            and not isinstance(cost, bool)
            and cost >= 0
            and call.provider in ("openrouter", "perplexity")
        ):
            call.attributes["llm_sidecar.cost_usd"] = cost
        put(call, "cache_read.input_tokens", call.usage.get("cache_read.input_tokens"))

    def ended(self, call: Call) -> None:
        if "output_tokens" not in call.usage and "input_tokens" not in call.usage:
            options = obj(obj(call.attributes.get("llm_sidecar.request.other")).get("stream_options"))
            call.warnings.append(NO_USAGE_THOUGH_ASKED if options.get("include_usage") else NO_USAGE)


def has_logprobs(value: Json) -> bool:
    """Whether there are any: some providers send their empty frame."""
    return any(obj(value).values()) if isinstance(value, dict) else bool(value)


def _has_messages(body: dict[str, Any]) -> bool:
    messages = body.get("messages")
    return isinstance(messages, list) and bool(messages) and all(string(obj(m).get("role")) for m in messages)
