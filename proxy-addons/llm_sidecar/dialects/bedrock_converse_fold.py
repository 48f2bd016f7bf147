"""ConverseStream's events, folded into the answer of Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. Nova's events through
InvokeModel are the same, each inside an object under its name.
"""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Json
from llm_sidecar.dialects.folding import Texts
from llm_sidecar.dialects.jsons import arr, count, obj
from llm_sidecar.wire import Event

_NAMES = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata")


class ConverseFold:
    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._role = "assistant"
        self._blocks: dict[int, dict[str, Any]] = {}
        self._started = False
        self._texts = Texts()

    @property
    def ended(self) -> bool:
        return bool(self._top.get("stopReason") or self._top.get("error"))

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        if fields.get("error"):
            self._top["error"] = fields["error"]
            return
        named = {name: obj(fields[name]) for name in _NAMES if name in fields}
        for name, value in named.items() or ((event.name, fields),):
            self._take(name, value)
        self._top |= {key: value for key, value in fields.items() if key.startswith("amazon-bedrock-")}

    def body(self) -> Json:
        self._texts.flush()
        if not self._top and not self._started:
            return None
        content = [self._blocks[index] for index in sorted(self._blocks)]
        return {"output": {"message": {"role": self._role, "content": content}}} | self._top

    def _take(self, name: str, value: dict[str, Any]) -> None:
        index = count(value.get("contentBlockIndex")) or 0
        if name == "messageStart":
            self._started = True
            self._role = value.get("role") or self._role
        elif name == "contentBlockStart":
            start = obj(value.get("start"))
            self._blocks[index] = {key: dict(child) for key, child in start.items() if isinstance(child, dict)}
        elif name == "contentBlockDelta":
            self._started = True
            block = self._blocks.setdefault(index, {})
            for key, child in obj(value.get("delta")).items():
                self._delta(block, key, child)
        elif name in ("messageStop", "metadata"):
            self._top |= {key: child for key, child in value.items() if key != "p" and child is not None}

    def _delta(self, block: dict[str, Any], key: str, value: Json) -> None:
        if key == "text":
            cited = block.get("citationsContent")
            target = cited["content"][0] if cited else block
            self._texts.append(target, "text", value)
        elif key == "toolUse":
            self._texts.append(_inner(block, key), "input", obj(value).get("input"))
        elif key == "toolResult":
            result = _inner(block, key)
            result["content"] = [*arr(result.get("content")), *arr(value)]
        elif key == "reasoningContent":
            self._reasoning(_inner(block, key), obj(value))
        elif key == "citation":
            self._texts.flush()
            cited = _inner(block, "citationsContent")
            cited.setdefault("content", [{"text": block.pop("text", "")}])
            cited["citations"] = [*arr(cited.get("citations")), value]
        elif isinstance(value, dict):
            _inner(block, key).update(value)
        else:
            block[key] = value

    def _reasoning(self, inner: dict[str, Any], delta: dict[str, Any]) -> None:
        words = _inner(inner, "reasoningText") if "text" in delta or "signature" in delta else {}
        self._texts.append(words, "text", delta.get("text", ""))
        self._texts.append(words, "signature", delta.get("signature"))
        inner |= {key: value for key, value in delta.items() if key not in ("text", "signature")}


def _inner(target: dict[str, Any], key: str) -> dict[str, Any]:
    """`target[key]`, made an object if it is none."""
    if not isinstance(target.get(key), dict):
        target[key] = {}
    found: dict[str, Any] = target[key]
    return found
