"""The Messages API's events, folded into a message.

https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Json
from llm_sidecar.dialects.folding import Texts
from llm_sidecar.dialects.jsons import arr, count, obj, string
from llm_sidecar.wire import Event

_TEXT = {"text_delta": "text", "thinking_delta": "thinking", "compaction_delta": "content"}
"""Deltas that grow a field of their block, and that field."""


class MessagesFold:
    def __init__(self) -> None:
        self._message: dict[str, Any] = {}
        self._blocks: list[dict[str, Any]] = []
        self._open: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, dict[str, Any]] = {}
        self._texts = Texts()
        self.ended = False

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        kind = string(fields.get("type")) or event.name
        if kind == "message_start":
            self._start(obj(fields.get("message")))
        elif kind == "message":
            self._start(fields)
            self.ended = True
        elif kind == "content_block_start":
            self._start_block(count(fields.get("index")) or 0, obj(fields.get("content_block")))
        elif kind == "content_block_delta":
            self._delta(count(fields.get("index")) or 0, obj(fields.get("delta")))
        elif kind == "message_delta":
            self._message_delta(fields)
        elif kind == "message_stop":
            self.ended = True
        elif kind == "error" or fields.get("error"):
            self._message["error"] = fields.get("error") or fields
            self.ended = True

    def body(self) -> Json:
        self._texts.flush()
        if not self._message and not self._blocks:
            return None
        return self._message | {"content": [self._whole(block) for block in self._blocks]}

    def _whole(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block, its input as a text as far as it came: `input` in a whole message is an object."""
        partial = self._inputs.get(id(block), {}).get("input")
        return block | {"input": partial} if partial else block

    def _start(self, message: dict[str, Any]) -> None:
        self._message = self._message | {key: value for key, value in message.items() if key != "content"}
        for item in arr(message.get("content")):
            self._start_block(len(self._blocks), obj(item))
        self._open.clear()

    def _start_block(self, index: int, block: dict[str, Any]) -> None:
        block = dict(block)
        self._open[index] = block
        self._blocks.append(block)

    def _delta(self, index: int, delta: dict[str, Any]) -> None:
        block = self._open.get(index)
        if block is None:
            # The stream is joined in its middle, or its beginning was lost.
            self._start_block(index, {"type": "text"} if "text" in delta else {"type": "unknown"})
            block = self._open[index]
        kind = string(delta.get("type"))
        if kind in _TEXT:
            self._texts.append(block, _TEXT[kind], delta.get(_TEXT[kind]))
        elif kind == "input_json_delta":
            partial = self._inputs.setdefault(id(block), {})
            self._texts.append(partial, "input", delta.get("partial_json"))
        elif kind == "signature_delta":
            block["signature"] = delta.get("signature")
        elif kind == "citations_delta":
            block["citations"] = [*arr(block.get("citations")), delta.get("citation")]
        else:
            block.update({key: value for key, value in delta.items() if key != "type"})

    def _message_delta(self, fields: dict[str, Any]) -> None:
        self._message |= {key: value for key, value in obj(fields.get("delta")).items() if value is not None}
        # Its figures are totals so far; what it leaves out stands as the start said.
        figures = {key: value for key, value in obj(fields.get("usage")).items() if value is not None}
        if figures:
            self._message["usage"] = obj(self._message.get("usage")) | figures
        if fields.get("context_management"):
            self._message["context_management"] = fields["context_management"]
