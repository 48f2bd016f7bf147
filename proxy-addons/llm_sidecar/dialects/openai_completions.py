"""Completions, the API before chat: a prompt and its continuation. Also of vLLM, Together, llama.cpp and others.

https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Call, Json, Message
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.fields import request_fields
from llm_sidecar.dialects.jsons import arr, obj
from llm_sidecar.dialects.openai_chat import REQUEST, OpenAIChat
from llm_sidecar.dialects.openai_content import output_type
from llm_sidecar.exchange import Exchange


class OpenAICompletions(OpenAIChat):
    """Streams and answers as chat does, with `text` where that has a message."""

    api = "openai.completions"
    operation = "text_completion"
    path = re.compile(r"(?<!/chat)/completions/?$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return True

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        return False

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, REQUEST, "prompt", "response_format")
        if deployment := re.search(r"/deployments/([^/]+)/", exchange.path):
            call.request.setdefault("model", deployment[1])
        call.input_messages = prompts(fields.get("prompt"))
        output_type(call, fields.get("response_format"))


def prompts(value: Json) -> list[Message]:
    """A text, several texts, token ids, or several lists of those: a message for each text."""
    if value is None:
        return []
    if isinstance(value, str):
        return [parts.message("user", [parts.text(value)])]
    if arr(value) and all(isinstance(item, str) for item in arr(value)):
        return [parts.message("user", [parts.text(item)]) for item in arr(value)]
    return [parts.message("user", [parts.raw(value, "tokens")])]
