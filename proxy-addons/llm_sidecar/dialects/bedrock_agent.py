"""Bedrock's agents and knowledge bases: a question, and an answer with its citations; also ApplyGuardrail.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_InvokeAgent.html
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any

from llm_sidecar.call import Call, Json, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.bedrock_content import content
from llm_sidecar.dialects.bedrock_converse import Bedrock
from llm_sidecar.dialects.fields import put_request, request_fields, response_fields
from llm_sidecar.dialects.folding import Fold, Texts
from llm_sidecar.dialects.jsons import arr, obj, string, without
from llm_sidecar.exchange import Exchange
from llm_sidecar.wire import Event

_SESSION = re.compile(r"/sessions/([^/]+)/text$")


class BedrockAgent(Bedrock):
    api = "bedrock.agent"
    operation = "invoke_agent"
    path = re.compile(r"/agents/[^/]+/agentAliases/[^/]+/sessions/[^/]+/text$|/retrieveAndGenerate(Stream)?$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, {}, "inputText", "input", "sessionId")
        asked = string(fields.get("inputText")) or string(obj(fields.get("input")).get("text"))
        if asked:
            call.input_messages = [parts.message("user", [parts.text(asked)])]
        session = _SESSION.search(exchange.path)
        if ident := (session[1] if session else string(fields.get("sessionId"))):
            call.attributes["gen_ai.conversation.id"] = ident
        for settings in obj(fields.get("retrieveAndGenerateConfiguration")).values():
            put_request(call, "model", obj(settings).get("modelArn"))

    def fold(self, exchange: Exchange) -> Fold:
        return AgentFold()

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "output", "citations", "returnControl", "error")
        text = obj(fields.get("output")).get("text")
        found: list[Part] = []
        if isinstance(text, str):
            found.append(parts.text(text, citations=arr(fields.get("citations")) or None))
        found += [parts.raw(item, "returnControl") for item in arr(fields.get("returnControl"))]
        if found:
            answer = parts.message("assistant", found)
            blocked = fields.get("guardrailAction") == "INTERVENED"
            call.output_messages = [answer | {"finish_reason": "content_filter"}] if blocked else [answer]


class AgentFold:
    """Texts add up; traces and whatever else comes is kept in order."""

    ended = True

    def __init__(self) -> None:
        self._output: dict[str, Any] = {}
        self._lists: dict[str, list[Json]] = {}
        self._more: dict[str, Any] = {}
        self._texts = Texts()

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        if fields.get("error"):
            self._more["error"] = fields["error"]
        elif event.name == "chunk":
            try:
                piece = b64decode(string(fields.get("bytes"))).decode(errors="replace")
            except (binascii.Error, ValueError):
                piece = ""
            self._texts.append(self._output, "text", piece)
            self._list("citations", *arr(obj(fields.get("attribution")).get("citations")))
        elif event.name == "output":
            self._texts.append(self._output, "text", fields.get("text"))
        elif event.name == "citation":
            self._list("citations", without(fields, "p"))
        elif event.name == "guardrail":
            self._more["guardrailAction"] = fields.get("action")
        else:
            self._list(event.name or "events", without(fields, "p"))

    def body(self) -> Json:
        self._texts.flush()
        lists = {key: items for key, items in self._lists.items() if items}
        return {**lists, **self._more} | ({"output": self._output} if self._output else {})

    def _list(self, key: str, *items: Json) -> None:
        self._lists.setdefault(key, []).extend(items)


class BedrockRetrieve(Bedrock):
    api = "bedrock.retrieve"
    operation = "retrieval"
    path = re.compile(r"/knowledgebases/[^/]+/retrieve$|/rerank$")

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return exchange.host.startswith("bedrock") or "retrievalQuery" in obj(body)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        request_fields(call, obj(body), {})

    def response(self, call: Call, body: Json) -> None:
        response_fields(call, obj(body), "error")


class BedrockGuardrail(Bedrock):
    """Content is checked, and perhaps rewritten, by itself."""

    api = "bedrock.guardrail"
    operation = "moderation"
    path = re.compile(r"/guardrail/[^/]+/version/[^/]+/apply$")

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        fields = obj(body)
        request_fields(call, fields, {}, "content")
        call.input_messages = [
            parts.message("user", content([{"guardContent": item} for item in arr(fields.get("content"))]))
        ]

    def response(self, call: Call, body: Json) -> None:
        fields = obj(body)
        response_fields(call, fields, "usage", "error")
        call.attributes["llm_sidecar.usage"] = fields.get("usage")
