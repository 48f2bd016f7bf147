"""The parts of a message, made ready to be shown. A part that no convention names is shown as its JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_sidecar.call import Part

_KNOWN = {
    "text": {"content"},
    "reasoning": {"content"},
    "tool_call": {"name", "id", "arguments"},
    "tool_call_response": {"response", "id"},
    "blob": {"modality", "mime_type", "size", "content", "filename"},
    "uri": {"modality", "mime_type", "uri", "filename"},
    "file": {"modality", "mime_type", "file_id", "filename"},
}
_LINE = 90
_DEEPEST_INDENT = 24
_DEEPEST = 3
"""How far results inside results are taken apart."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a tool call. A text stands as it is, with its line breaks; anything else as JSON."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Result:
    """A tool's result, and the call whose request brought it (its id; "" for the call that is shown)."""

    part: Part
    call: str = ""


@dataclass(slots=True)
class Block:
    """One part. `kind` is the part's type, or `other`."""

    kind: str
    text: str = ""
    """The words; a file's id or address; JSON of what is not understood."""
    name: str = ""
    """Of a tool, a file, or the part's own type."""
    id: str = ""
    arguments: list[Argument] = field(default_factory=list)
    result: list[Block] | None = None
    """Of a tool call; None while there is none."""
    result_call: str = ""
    """The id of the later call that brought the result; "" when it came with this one."""
    parts: list[Block] = field(default_factory=list)
    """What a tool's result consists of, where that is more than a text."""
    modality: str = ""
    mime_type: str = ""
    size: int | None = None
    number: int | None = None
    """Of a blob: its number in `dialects.blobs`."""
    more: str = ""
    """JSON of the fields that have no place of their own."""


class Blocks:
    """Makes blocks of the parts of one call's messages."""

    def __init__(
        self, numbers: Mapping[int, int], under: Mapping[str, Result], asked: Mapping[str, Part] | None = None
    ) -> None:
        """`numbers`: of the blobs, by `id(part)`. `under`: results that stand under the tool call they answer, by
        its id. `asked`: tool calls that are not near their result, whose name it is to say."""
        self._numbers = numbers
        self._under = under
        self._asked = asked or {}

    def of(self, parts: Iterable[Part], depth: int = 0) -> list[Block]:
        """The blocks of a message; results that stand elsewhere are left out."""
        found = []
        for part in parts:
            ident = part.get("id")
            joined = self._under.get(ident) if isinstance(ident, str) else None
            if part.get("type") == "tool_call_response" and joined is not None and joined.part is part:
                continue
            found.append(self._block(part, depth))
        return found

    def _block(self, part: Part, depth: int) -> Block:
        kind = str(part.get("type"))
        known = _KNOWN.get(kind)
        if known is None:
            return Block("other", text=pretty({k: v for k, v in part.items() if k != "type"}), name=kind)
        block = Block(kind, id=str(part.get("id") or ""))
        match kind:
            case "text" | "reasoning":
                block.text = _text(part.get("content"))
            case "tool_call":
                block.name = str(part.get("name") or "?")
                self._call(block, part, depth)
            case "tool_call_response":
                block.name = str(self._asked.get(block.id, {}).get("name") or "")
                self._response(block, part.get("response"), depth)
            case _:
                self._medium(block, part)
        rest = {k: v for k, v in part.items() if k not in known and k not in ("type", "id")}
        block.more = pretty(rest) if rest else ""
        return block

    def _call(self, block: Block, part: Part, depth: int) -> None:
        arguments = part.get("arguments")
        if isinstance(arguments, dict):
            block.arguments = [Argument(str(name), _text(value)) for name, value in arguments.items()]
        elif arguments not in (None, ""):
            block.text = _text(arguments)
        if (result := self._under.get(block.id)) is not None and depth < _DEEPEST:
            inner = Block("tool_call_response", id=block.id)
            self._response(inner, result.part.get("response"), depth + 1)
            block.result, block.result_call = [inner], result.call

    def _response(self, block: Block, response: Any, depth: int) -> None:
        if isinstance(response, list) and depth < _DEEPEST and all(_is_part(item) for item in response):
            block.parts = self.of(response, depth + 1)
        else:
            block.text = readable(_text(response))

    def _medium(self, block: Block, part: Part) -> None:
        size = part.get("size")
        block.text = str(part.get("uri") or part.get("file_id") or "")
        block.name = str(part.get("filename") or "")
        block.modality = str(part.get("modality") or "file")
        block.mime_type = str(part.get("mime_type") or "")
        block.size = size if isinstance(size, int) else None
        block.number = self._numbers.get(id(part))


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") in _KNOWN


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else pretty(value)


def pretty(value: Any) -> str:
    """JSON as people read it: what fits on a line stays on one, the rest is indented."""
    try:
        return _indented(value, "")
    except RecursionError:
        return "(nested too deeply to be shown here; the raw body has it)"


def _indented(value: Any, indent: str) -> str:
    flat = json.dumps(value, ensure_ascii=False, default=str)
    if len(indent) + len(flat) <= _LINE or not value or not isinstance(value, dict | list):
        return flat
    if len(indent) > _DEEPEST_INDENT:
        return json.dumps(value, ensure_ascii=False, default=str, indent=2)
    inner = f"{indent}  "
    if isinstance(value, dict):
        lines = (f"{json.dumps(str(k), ensure_ascii=False)}: {_indented(v, inner)}" for k, v in value.items())
    else:
        lines = (_indented(item, inner) for item in value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}{closing}"


def readable(text: str) -> str:
    """The text; indented, where it is a JSON object or array that came as one long line."""
    if len(text) < 80 or text[:1] not in ("{", "[") or "\n" in text.strip():
        return text
    try:
        return pretty(json.loads(text))
    except (ValueError, RecursionError):
        return text
