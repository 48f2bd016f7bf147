"""The events of the Responses API, folded into a response.

https://platform.openai.com/docs/api-reference/responses-streaming. Items are told apart by `output_index` alone: at
some providers their ids change from event to event. A resumed stream begins in the middle, so any event may be the
first of its item.
"""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Json
from llm_sidecar.dialects.folding import Texts
from llm_sidecar.dialects.jsons import arr, count, obj, string
from llm_sidecar.wire import Event

_OVER = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")

_ARGUMENTS = {
    "response.function_call_arguments": ("function_call", "arguments"),
    "response.custom_tool_call_input": ("custom_tool_call", "input"),
    "response.mcp_call_arguments": ("mcp_call", "arguments"),
    "response.code_interpreter_call_code": ("code_interpreter_call", "code"),
}
"""Events that grow one field of an item."""

_CONTENT = {
    "response.output_text": ("message", "content", "content_index", "output_text", "text"),
    "response.refusal": ("message", "content", "content_index", "refusal", "refusal"),
    "response.reasoning_text": ("reasoning", "content", "content_index", "reasoning_text", "text"),
    "response.reasoning_summary_text": ("reasoning", "summary", "summary_index", "summary_text", "text"),
}
"""Events that grow a part of an item: the item's type, its list, the index's name, the part's type and field."""


class ResponsesFold:
    def __init__(self) -> None:
        self._response: dict[str, Any] = {}
        self._items: dict[int, dict[str, Any]] = {}
        self._texts = Texts()
        self.ended = False

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        kind = string(fields.get("type")) or event.name
        stem, _, verb = kind.rpartition(".")
        if isinstance(fields.get("response"), dict):
            self._whole(kind, fields["response"])
        elif kind == "error" or fields.get("error"):
            self._response["error"] = obj(fields.get("error")) or fields
            self.ended = True
        elif kind in ("response.output_item.added", "response.output_item.done"):
            self._item(fields)
        elif kind in ("response.content_part.added", "response.content_part.done"):
            self._part(fields, "message", "content", "content_index", fields.get("part"))
        elif kind in ("response.reasoning_summary_part.added", "response.reasoning_summary_part.done"):
            self._part(fields, "reasoning", "summary", "summary_index", fields.get("part"))
        elif stem in _ARGUMENTS:
            self._argument(fields, verb, *_ARGUMENTS[stem])
        elif stem in _CONTENT:
            self._content(fields, verb, *_CONTENT[stem])
        elif kind == "response.output_text.annotation.added":
            self._annotation(fields)

    def body(self) -> Json:
        self._texts.flush()
        if not self._items:
            return self._response
        return self._response | {"output": [self._items[index] for index in sorted(self._items)]}

    def _whole(self, kind: str, response: dict[str, Any]) -> None:
        """The response as it stands. Its last form has the output in full, except where it is left out."""
        self._response = response
        if kind in _OVER:
            self.ended = True
            if arr(response.get("output")):
                self._items.clear()

    def _item(self, fields: dict[str, Any]) -> None:
        item = fields.get("item")
        if isinstance(item, dict):
            self._texts.flush()
            self._items[_index(fields)] = dict(item)

    def _at(self, fields: dict[str, Any], kind: str) -> dict[str, Any]:
        return self._items.setdefault(_index(fields), {"type": kind, "id": fields.get("item_id")})

    def _slot(self, item: dict[str, Any], where: str, index: Json, empty: dict[str, Any]) -> dict[str, Any]:
        """The part at an index of an item's list, made if it is not there; the last one if the index is absurd."""
        listed = item[where] = [obj(part) or dict(empty) for part in arr(item.get(where))]
        at = count(index) or 0
        if at >= len(listed):
            listed.append(dict(empty))
            at = len(listed) - 1
        return listed[at]

    def _part(self, fields: dict[str, Any], kind: str, where: str, index: str, part: Json) -> None:
        if isinstance(part, dict):
            self._texts.flush()
            self._slot(self._at(fields, kind), where, fields.get(index), part).update(part)

    def _argument(self, fields: dict[str, Any], verb: str, kind: str, key: str) -> None:
        item = self._at(fields, kind)
        if verb == "delta":
            self._texts.append(item, key, fields.get("delta"))
        elif isinstance(fields.get(key), str):
            self._texts.flush()
            item[key] = fields[key]

    def _content(
        self, fields: dict[str, Any], verb: str, kind: str, where: str, index: str, part: str, key: str
    ) -> None:
        slot = self._slot(self._at(fields, kind), where, fields.get(index), {"type": part})
        if verb == "delta":
            self._texts.append(slot, key, fields.get("delta"))
        elif isinstance(fields.get(key), str):
            self._texts.flush()
            slot[key] = fields[key]

    def _annotation(self, fields: dict[str, Any]) -> None:
        slot = self._slot(self._at(fields, "message"), "content", fields.get("content_index"), {"type": "output_text"})
        slot["annotations"] = [*arr(slot.get("annotations")), fields.get("annotation")]


def _index(fields: dict[str, Any]) -> int:
    return count(fields.get("output_index")) or 0
