"""Chat Completions' chunks, folded into a chat completion."""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Json
from llm_sidecar.dialects.folding import Texts
from llm_sidecar.dialects.jsons import arr, count, obj, objs
from llm_sidecar.wire import Event

_SET = ("role", "id", "type", "format", "name", "index", "expires_at")
"""Strings that are sent whole, and again: never appended."""


class ChatFold:
    """By choice index, and within a choice by tool call.

    Providers differ: a usage that grows in every chunk, a `message` beside the delta, a finish reason that is
    repeated or comes after each tool call, one index for several calls, calls without an index.
    """

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._texts = Texts()
        self._bare = False

    @property
    def ended(self) -> bool:
        choices = self._choices.values()
        return (
            self._bare
            or bool(self._top.get("error"))
            or (bool(choices) and all(c.get("finish_reason") for c in choices))
        )

    def add(self, event: Event, data: Json) -> None:
        chunk = obj(data)
        if event.name == "error" and not chunk.get("error"):
            chunk = {"error": chunk or {"message": str(data)}}
        for key, value in chunk.items():
            # Azure's first chunk has an empty id and model; null never takes back what was there.
            if key not in ("choices", "value") and value not in (None, ""):
                self._top[key] = value
        for item in objs(chunk.get("choices")):
            self._add_choice(item)
        # Writer's completions stream bare texts, and nothing marks their end.
        if "choices" not in chunk and isinstance(chunk.get("value"), str):
            choice = self._choices.setdefault(0, {"index": 0, "message": {}})
            self._texts.append(choice, "text", chunk["value"])
            self._bare = True

    def body(self) -> Json:
        self._texts.flush()
        return self._top | {"choices": [self._choices[index] for index in sorted(self._choices)]}

    def _add_choice(self, item: dict[str, Any]) -> None:
        index = count(item.get("index")) or 0
        choice = self._choices.setdefault(index, {"index": index, "message": {}})
        delta = item.get("delta")
        whole = obj(item.get("message"))
        if isinstance(delta, dict) and (delta or not whole):
            self._add_delta(choice["message"], delta)
        elif whole:
            choice["message"] = whole
        if isinstance(item.get("text"), str):
            self._texts.append(choice, "text", item["text"])
        for key, value in item.items():
            if key not in ("index", "delta", "message", "text", "logprobs") and value is not None:
                choice[key] = value
        if any(obj(item.get("logprobs")).values()):
            choice["logprobs"] = True

    def _add_delta(self, message: dict[str, Any], delta: dict[str, Any]) -> None:
        for key, value in delta.items():
            if value is None:
                continue
            if key == "tool_calls":
                for call in objs(value):
                    self._add_call(message.setdefault("tool_calls", []), call)
            elif key == "content" and not isinstance(value, str):
                self._add_content(message, arr(value))
            elif key == "content" and isinstance(message.get("content"), list):
                self._add_content(message, [{"type": "text", "text": value}] if value else [])
            elif key == "reasoning_details":
                self._add_details(message.setdefault(key, []), objs(value))
            else:
                self._merge(message, key, value)

    def _merge(self, target: dict[str, Any], key: str, value: Json) -> None:
        """Strings grow, objects merge, lists extend, all else is the latest."""
        if isinstance(value, str) and key not in _SET:
            self._texts.append(target, key, value)
        elif isinstance(value, dict):
            if not isinstance(target.get(key), dict):
                target[key] = {}
            for inner, child in value.items():
                if child is not None:
                    self._merge(target[key], inner, child)
        elif isinstance(value, list) and isinstance(target.get(key), list):
            target[key] = target[key] + value
        elif value not in (None, ""):
            target[key] = value

    def _add_content(self, message: dict[str, Any], items: list[Json]) -> None:
        """Mistral's thinking: a list of parts, of which the last goes on when the next is of its type."""
        content = message.get("content")
        if not isinstance(content, list):
            self._texts.flush()
            content = [{"type": "text", "text": content}] if content else []
            message["content"] = content
        for item in items:
            last = content[-1] if content and isinstance(content[-1], dict) else None
            if not isinstance(item, dict) or last is None or last.get("type") != item.get("type"):
                content.append(dict(item) if isinstance(item, dict) else item)
                continue
            for key, value in item.items():
                if value is not None:
                    self._merge(last, key, value)

    def _add_call(self, calls: list[dict[str, Any]], piece: dict[str, Any]) -> None:
        call = _call_for(calls, piece)
        if call is None:
            call = {"index": piece.get("index"), "id": piece.get("id")}
            calls.append(call)
        for key, value in piece.items():
            if key in ("function", "custom") and isinstance(value, dict):
                inner = call.setdefault(key, {})
                for name, child in value.items():
                    self._merge(inner, name, child)
            elif key not in ("index", "id"):
                self._merge(call, key, value)
        if piece.get("id"):
            call["id"] = piece["id"]

    def _add_details(self, details: list[dict[str, Any]], items: list[dict[str, Any]]) -> None:
        """OpenRouter's reasoning details: pieces of one have its type and index."""
        for item in items:
            key = (item.get("type"), item.get("index"))
            target = next((d for d in details if (d.get("type"), d.get("index")) == key), None)
            if target is None:
                target = {}
                details.append(target)
            for name, value in item.items():
                if name == "signature" and value:
                    target[name] = value
                else:
                    self._merge(target, name, value)


def _call_for(calls: list[dict[str, Any]], piece: dict[str, Any]) -> dict[str, Any] | None:
    """The call that a piece goes on with; None if it begins one. A new id is a new call, even under an old index."""
    index, ident = piece.get("index"), piece.get("id")
    if index is not None:
        same = [call for call in calls if call["index"] == index]
    elif ident:
        same = [call for call in calls if call["id"] == ident]
    else:
        same = calls
    if not same or (ident and same[-1]["id"] not in (None, "", ident)):
        return None
    return same[-1]
