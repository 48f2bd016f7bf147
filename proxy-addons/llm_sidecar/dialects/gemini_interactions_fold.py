"""The Interactions API's events, folded into an interaction.

https://ai.google.dev/gemini-api/docs/interactions
"""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Json
from llm_sidecar.dialects.folding import Texts
from llm_sidecar.dialects.jsons import arr, count, obj, string
from llm_sidecar.wire import Event

_MEDIA = ("image", "audio", "video", "document")


class InteractionsFold:
    """Steps by their index; the last event has the interaction, without its steps."""

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._steps: dict[int, dict[str, Any]] = {}
        self._texts = Texts()
        self.ended = False

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        kind = string(fields.get("event_type")) or event.name
        index = count(fields.get("index")) or 0
        if kind.startswith("interaction."):
            self._top |= {
                key: value for key, value in obj(fields.get("interaction")).items() if value not in (None, [])
            }
            if string(fields.get("status")):
                self._top["status"] = fields["status"]
            self.ended = kind in ("interaction.completed", "interaction.complete")
        elif kind in ("step.start", "content.start"):
            self._steps[index] = dict(obj(fields.get("step")) or obj(fields.get("content")))
        elif kind in ("step.delta", "content.delta"):
            self._delta(self._steps.setdefault(index, {"type": "model_output"}), obj(fields.get("delta")))
        elif kind == "error" or fields.get("error"):
            self._top["error"] = fields.get("error") or fields
            self.ended = True

    def body(self) -> Json:
        self._texts.flush()
        if not self._top and not self._steps:
            return None
        return {"steps": [self._steps[index] for index in sorted(self._steps)]} | self._top

    def _delta(self, step: dict[str, Any], delta: dict[str, Any]) -> None:
        kind = string(delta.get("type"))
        if kind == "text":
            if step.get("type") == "text":
                self._texts.append(step, "text", delta.get("text"))
            else:
                self._texts.append(_last(step, "content", "text"), "text", delta.get("text"))
        elif kind == "thought_summary":
            piece = obj(delta.get("content"))
            self._texts.append(_last(step, "summary", "text"), "text", piece.get("text"))
        elif kind == "thought_signature":
            step["signature"] = delta.get("signature")
        elif kind == "arguments_delta":
            # The step begins with empty arguments, an object; what follows is their JSON.
            self._texts.append(step, "arguments", delta.get("arguments"))
        elif kind.startswith("text_annotation"):
            text = _last(step, "content", "text")
            text["annotations"] = [*arr(text.get("annotations")), *arr(delta.get("annotations"))]
        elif kind in _MEDIA:
            step["content"] = [*arr(step.get("content")), delta]
        else:
            step |= {key: value for key, value in delta.items() if value is not None}


def _last(step: dict[str, Any], key: str, kind: str) -> dict[str, Any]:
    """The last content of a step if it is of this kind, else a new one."""
    items = step[key] = arr(step.get(key))
    if not items or obj(items[-1]).get("type") != kind:
        items.append({"type": kind})
    found: dict[str, Any] = items[-1]
    return found
