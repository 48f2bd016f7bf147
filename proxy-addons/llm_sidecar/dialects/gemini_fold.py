"""generateContent's chunks, each a response of its own with the next pieces, folded into one response.

https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent, and Vertex AI's streamed arguments
of function calls (`partialArgs`).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from llm_sidecar.call import Json
from llm_sidecar.dialects.folding import Texts
from llm_sidecar.dialects.gemini_content import camel
from llm_sidecar.dialects.jsons import arr, count, obj, objs
from llm_sidecar.wire import Event

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\[(['"])(.*?)\3\]""")
_MOST_ITEMS = 10_000
_VALUES = ("numberValue", "boolValue", "nullValue")


class GenerateFold:
    """By candidate index; text goes on where the chunk before it left off."""

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._candidates: dict[int, dict[str, Any]] = {}
        self._open: dict[int, dict[str, Any]] = {}
        self._texts = Texts()

    @property
    def ended(self) -> bool:
        candidates = self._candidates.values()
        blocked = bool(obj(self._top.get("promptFeedback")).get("blockReason"))
        finished = bool(candidates) and all(c.get("finishReason") for c in candidates)
        return bool(self._top.get("error")) or blocked or finished

    def add(self, event: Event, data: Json) -> None:
        fields = camel(data)
        fields = camel(fields.get("response")) or fields
        if event.name == "error" and "error" not in fields:
            fields = {"error": fields}
        for key, value in fields.items():
            if key == "usageMetadata":
                self._top[key] = obj(self._top.get(key)) | obj(value)
            elif key != "candidates" and value not in (None, "", {}, []):
                self._top[key] = value
        for item in objs(fields.get("candidates")):
            self._candidate(camel(item))

    def body(self) -> Json:
        self._texts.flush()
        if not self._top and not self._candidates:
            return None
        return self._top | {"candidates": [self._candidates[index] for index in sorted(self._candidates)]}

    def _candidate(self, item: dict[str, Any]) -> None:
        index = count(item.get("index")) or 0
        candidate = self._candidates.setdefault(index, {"index": index})
        for key, value in item.items():
            if key not in ("content", "index") and value not in (None, "", {}, []):
                candidate[key] = value
        content = obj(item.get("content"))
        if not content:
            return
        target = candidate.setdefault("content", {"parts": []})
        if content.get("role"):
            target["role"] = content["role"]
        for part in arr(content.get("parts")):
            self._part(index, target["parts"], part)

    def _part(self, index: int, found: list[Json], item: Json) -> None:
        part = camel(item)
        call = camel(part.get("functionCall"))
        if "functionCall" in part and self._goes_on(index, call):
            return
        if "functionCall" in part and (call.get("partialArgs") or call.get("willContinue")):
            part["functionCall"] = {key: child for key, child in call.items() if key in ("name", "id", "args")}
            found.append(part)
            self._open[index] = part["functionCall"]
            self._partial(part["functionCall"], call)
            return
        last = found[-1] if found else None
        if isinstance(last, dict) and _same_text(last, part):
            self._texts.append(last, "text", part["text"])
            last.update({key: value for key, value in part.items() if key != "text" and value is not None})
            return
        found.append(part or item)

    def _goes_on(self, index: int, call: dict[str, Any]) -> bool:
        """Whether this is more of the call that is open, and takes it if so. The last piece may be empty."""
        opened = self._open.get(index)
        if opened is None or call.get("name"):
            return False
        self._partial(opened, call)
        return True

    def _partial(self, opened: dict[str, Any], call: dict[str, Any]) -> None:
        for piece in map(camel, objs(call.get("partialArgs"))):
            path = [m[1] or m[4] or int(m[2] or 0) for m in _STEP.finditer(str(piece.get("jsonPath")))]
            self._set(opened, ["args", *path], piece)
        if not call.get("willContinue"):
            self._open = {index: other for index, other in self._open.items() if other is not opened}

    def _set(self, target: Any, path: list[str | int], piece: dict[str, Any]) -> None:
        for step, following in pairwise(path):
            target = _child(target, step, [] if isinstance(following, int) else {})
            if target is None:
                return
        last = path[-1]
        if "stringValue" in piece and isinstance(last, str) and isinstance(target, dict):
            self._texts.append(target, last, piece["stringValue"])
        elif key := next((key for key in (*_VALUES, "stringValue") if key in piece), None):
            value = None if key == "nullValue" else piece[key]
            if isinstance(last, int) and isinstance(target, list):
                _put_item(target, last, value)
            elif isinstance(last, str) and isinstance(target, dict):
                target[last] = value


def _same_text(last: dict[str, Any], part: dict[str, Any]) -> bool:
    both = isinstance(last.get("text"), str) and isinstance(part.get("text"), str)
    return both and bool(last.get("thought")) == bool(part.get("thought"))


def _child(target: Any, step: str | int, new: Any) -> Any:
    """`target[step]`, made if it is not there; None where the path does not fit what is there."""
    if isinstance(step, int) and isinstance(target, list):
        if step >= len(target):
            _put_item(target, step, new)
        return target[step] if step < len(target) else None
    if isinstance(step, str) and isinstance(target, dict):
        if not isinstance(target.get(step), dict | list):
            target[step] = new
        return target[step]
    return None


def _put_item(target: list[Any], index: int, value: Json) -> None:
    if index >= _MOST_ITEMS:
        return
    target += [None] * (index + 1 - len(target))
    # A string of a list's item comes in pieces too; there are few, so they are simply added.
    joined = isinstance(target[index], str) and isinstance(value, str)
    target[index] = target[index] + value if joined else value
