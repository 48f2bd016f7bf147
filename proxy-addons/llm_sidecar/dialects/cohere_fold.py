"""Cohere's streams, folded into the answers of the same versions.

https://docs.cohere.com/v2/docs/streaming, https://docs.cohere.com/v1/docs/streaming
"""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Json
from llm_sidecar.dialects.folding import Texts
from llm_sidecar.dialects.jsons import arr, count, obj, string
from llm_sidecar.wire import Event


class ChatV2Fold:
    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._message: dict[str, Any] = {}
        self._content: dict[int, dict[str, Any]] = {}
        self._calls: dict[int, dict[str, Any]] = {}
        self._texts = Texts()
        self.ended = False

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        kind = string(fields.get("type")) or event.name
        delta = obj(fields.get("delta"))
        message = obj(delta.get("message"))
        index = count(fields.get("index")) or 0
        if kind == "message-start":
            self._top["id"] = fields.get("id")
            self._message["role"] = message.get("role")
        elif kind in ("content-start", "content-delta"):
            self._grow(self._content.setdefault(index, {}), obj(message.get("content")))
        elif kind == "tool-plan-delta":
            self._texts.append(self._message, "tool_plan", message.get("tool_plan"))
        elif kind in ("tool-call-start", "tool-call-delta"):
            self._call(self._calls.setdefault(index, {}), obj(message.get("tool_calls")))
        elif kind == "citation-start":
            self._message["citations"] = [*arr(self._message.get("citations")), message.get("citations")]
        elif kind == "message-end":
            self._top |= {key: value for key, value in delta.items() if value is not None}
            if "error" in self._top:
                self._top["error"] = {"message": self._top["error"], "type": self._top.pop("error_type", None)}
            self.ended = True
        elif fields.get("error") or kind == "error":
            self._top["error"] = fields.get("error") or fields
            self.ended = True

    def body(self) -> Json:
        self._texts.flush()
        if not self._top and not self._message:
            return None
        message = {key: value for key, value in self._message.items() if value is not None}
        if self._content:
            message["content"] = [self._content[index] for index in sorted(self._content)]
        if self._calls:
            message["tool_calls"] = [self._calls[index] for index in sorted(self._calls)]
        return self._top | {"message": message}

    def _grow(self, block: dict[str, Any], piece: dict[str, Any]) -> None:
        for key, value in piece.items():
            if key in ("text", "thinking"):
                block.setdefault("type", key)
                self._texts.append(block, key, value)
            elif value is not None:
                block[key] = value

    def _call(self, call: dict[str, Any], piece: dict[str, Any]) -> None:
        for key, value in piece.items():
            if key != "function":
                call[key] = value
        function = call.setdefault("function", {})
        given = obj(piece.get("function"))
        if isinstance(function, dict):
            function |= {key: value for key, value in given.items() if key != "arguments"}
            self._texts.append(function, "arguments", given.get("arguments"))


class ChatV1Fold:
    """The last event has the whole answer again; what came before it counts for a stream that was cut."""

    def __init__(self) -> None:
        self._answer: dict[str, Any] = {}
        self._texts = Texts()
        self.ended = False

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        kind = string(fields.get("event_type"))
        if kind in ("text-generation", "tool-calls-chunk"):
            self._texts.append(self._answer, "text", fields.get("text"))
        elif kind == "citation-generation":
            self._answer["citations"] = [*arr(self._answer.get("citations")), *arr(fields.get("citations"))]
        elif kind == "stream-end":
            self._texts.flush()
            self._answer |= obj(fields.get("response"))
            if fields.get("finish_reason"):
                self._answer["finish_reason"] = fields["finish_reason"]
            if fields.get("error"):
                self._answer["error"] = fields["error"]
            self.ended = True
        elif not kind and ("message" in fields or "error" in fields):
            self._answer["error"] = fields.get("error") or fields
            self.ended = True
        else:
            kept = {key: value for key, value in fields.items() if key not in ("is_finished", "event_type", "text")}
            self._answer |= kept

    def body(self) -> Json:
        self._texts.flush()
        return self._answer or None
