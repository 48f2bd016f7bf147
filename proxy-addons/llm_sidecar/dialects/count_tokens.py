"""How many tokens a request would be: the request is shown as such; the count is the answer, and no usage.

https://docs.anthropic.com/en/api/messages-count-tokens, Bedrock's CountTokens, Cohere's tokenize, the Responses API's
input_tokens. (Gemini's is in `gemini_embed`.)
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.anthropic_messages import AnthropicMessages
from llm_sidecar.dialects.bedrock_converse import Bedrock, converse_request
from llm_sidecar.dialects.bedrock_invoke import BedrockInvoke
from llm_sidecar.dialects.fields import response_fields
from llm_sidecar.dialects.jsons import arr, count, obj, parse, string
from llm_sidecar.dialects.openai_responses import OpenAIResponses
from llm_sidecar.dialects.recognised import Recognised
from llm_sidecar.exchange import Exchange

_VERTEX = re.compile(r"/publishers/anthropic/models/count-tokens(:|%3[aA])rawPredict$")


def put_count(call: Call, body: Json, key: str) -> None:
    """`llm_sidecar.response.tokens`: the count that was asked for."""
    fields = obj(body)
    response_fields(call, fields, key, "object", "error")
    if (figure := count(fields.get(key))) is not None:
        call.attributes["llm_sidecar.response.tokens"] = figure


class AnthropicCountTokens(AnthropicMessages):
    api = "anthropic.count_tokens"
    operation = "count_tokens"
    path = re.compile(r"/messages/count_tokens$|" + _VERTEX.pattern)

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return True

    def shape(self, exchange: Exchange, body: dict[str, Json]) -> bool:
        return False

    def response(self, call: Call, body: Json) -> None:
        put_count(call, body, "input_tokens")


class OpenAIInputTokens(OpenAIResponses):
    api = "openai.count_tokens"
    operation = "count_tokens"
    path = re.compile(r"/responses/input_tokens$")

    def shape(self, exchange: Exchange, body: dict[str, Json]) -> bool:
        return False

    def response(self, call: Call, body: Json) -> None:
        put_count(call, body, "input_tokens")


class BedrockCountTokens(Bedrock):
    api = "bedrock.count_tokens"
    operation = "count_tokens"
    path = re.compile(r"/model/[^/]+/count-tokens$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        asked = obj(obj(body).get("input"))
        if converse := obj(asked.get("converse")):
            converse_request(call, converse)
        elif encoded := string(obj(asked.get("invokeModel")).get("body")):
            try:
                inner = parse(b64decode(encoded))
            except (binascii.Error, ValueError):
                inner = None
            BedrockInvoke().request(call, inner, exchange)
        call.operation = self.operation
        call.request.pop("stream", None)

    def response(self, call: Call, body: Json) -> None:
        put_count(call, body, "inputTokens")


class Tokenize(Recognised):
    """Cohere's, and that of vLLM and llama.cpp: the tokens of a text."""

    api = "cohere.tokenize"
    operation = "count_tokens"
    provider = "cohere"
    path = re.compile(r"/(v1/)?(de)?tokenize$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return bool({"text", "tokens", "content", "prompt", "messages"} & obj(body).keys())

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        if tokens := arr(fields.get("tokens")):
            call.attributes["llm_sidecar.response.tokens"] = len(tokens)
