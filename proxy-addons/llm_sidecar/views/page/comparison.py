"""Two calls side by side, aligned by what they say, and what the change between them did to the prompt's cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from llm_sidecar.call import Call, Message
from llm_sidecar.runs import Difference, Trace, difference
from llm_sidecar.views import text
from llm_sidecar.views.page.blocks import pretty
from llm_sidecar.views.page.words import Piece, compare

_MOST_ITEMS = 3000
"""Messages that are aligned by content; beyond it, what lies between equal ends counts as replaced."""


@dataclass(frozen=True, slots=True)
class Line:
    """What stands side by side. None: that side has nothing here. `same`: both say the same, in `before` alone."""

    title: str
    before: list[Piece] | None
    after: list[Piece] | None
    same: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A group of lines: parameters, tools, system, messages, answer."""

    title: str
    lines: list[Line]

    @property
    def changed(self) -> bool:
        return not all(line.same for line in self.lines)

    def groups(self) -> Iterator[list[Line]]:
        """The lines, those that are the same in a row together."""
        group: list[Line] = []
        for line in self.lines:
            if group and not (line.same and group[-1].same):
                yield group
                group = []
            group.append(line)
        if group:
            yield group


@dataclass(frozen=True, slots=True)
class Comparison:
    parts: list[Part]
    difference: Difference


Item = tuple[str, str]
"""A title, and all that is said as text."""


def comparison(before: Call, after: Call) -> Comparison:
    """Compare two calls. `before` need not be the one before in a run, nor of the same provider."""
    parts = [
        Part("Parameters", _by_name(_parameters(before), _parameters(after))),
        Part("Tools offered", _by_name(_tools(before), _tools(after))),
        Part(
            "System instructions",
            _aligned([*map(_part, before.system_instructions)], [*map(_part, after.system_instructions)]),
        ),
        Part("Messages", _aligned(_messages(before.input_messages), _messages(after.input_messages))),
        Part("Answer", _aligned(_messages(before.output_messages), _messages(after.output_messages))),
    ]
    return Comparison([part for part in parts if part.lines], difference(Trace.of("a", before), Trace.of("b", after)))


def _parameters(call: Call) -> dict[str, str]:
    return {name: pretty(value) for name, value in call.request.items()}


def _tools(call: Call) -> dict[str, str]:
    tools: dict[str, str] = {}
    for tool in call.tool_definitions:
        name = str(tool.get("name") or tool.get("type") or "?")
        tools[name if name not in tools else f"{name} ({len(tools)})"] = json.dumps(
            tool, ensure_ascii=False, default=str, indent=2
        )
    return tools


def _messages(messages: Sequence[Message]) -> list[Item]:
    return [
        (str(message.get("role") or "?"), "\n".join(map(text.part_text, message.get("parts", []))))
        for message in messages
    ]


def _part(part: dict[str, Any]) -> Item:
    return "system", text.part_text(part)


def _by_name(before: dict[str, str], after: dict[str, str]) -> list[Line]:
    return [
        _line((name, before[name]) if name in before else None, (name, after[name]) if name in after else None)
        for name in dict.fromkeys([*before, *after])
    ]


def _line(before: Item | None, after: Item | None) -> Line:
    if before is None or after is None:
        one = before or after
        pieces = [Piece(one[1], changed=True)] if one else []
        return Line(one[0] if one else "", pieces if before else None, pieces if after else None)
    title = before[0] if before[0] == after[0] else f"{before[0]} → {after[0]}"
    if before == after:
        return Line(title, [Piece(before[1])], None, same=True)
    return Line(title, *compare(before[1], after[1]))


def _aligned(before: list[Item], after: list[Item]) -> list[Line]:
    keys = [[_key(item) for item in side] for side in (before, after)]
    lines: list[Line] = []
    for equal, a, b, c, d in _steps(*keys):
        if equal:
            lines += [_line(item, item) for item in before[a:b]]
        else:
            lines += _paired(before[a:b], after[c:d])
    return lines


def _key(item: Item) -> bytes:
    return hashlib.blake2b("\0".join(item).encode(errors="surrogatepass"), digest_size=16).digest()


def _steps(before: list[bytes], after: list[bytes]) -> Iterator[tuple[bool, int, int, int, int]]:
    if max(len(before), len(after)) <= _MOST_ITEMS:
        for tag, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
            yield tag == "equal", a, b, c, d
        return
    same = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    yield True, 0, same, 0, same
    yield False, same, len(before), same, len(after)


def _paired(before: list[Item], after: list[Item]) -> list[Line]:
    """Replaced messages: those of one role in the same order are versions of each other."""
    lines: list[Line] = []
    rest = list(after)
    for item in before:
        at = next((n for n, other in enumerate(rest) if other[0] == item[0]), None)
        if at is None:
            lines.append(_line(item, None))
            continue
        lines += [_line(None, added) for added in rest[:at]]
        lines.append(_line(item, rest[at]))
        del rest[: at + 1]
    return lines + [_line(None, added) for added in rest]


def prefix_sentence(change: Difference, before: Call, after: Call, count: Callable[[Any], str]) -> str:
    """One line: where the common prefix ends, and how many tokens could not be read from the provider's cache."""
    sent, cached = before.usage.get("input_tokens"), after.usage.get("cache_read.input_tokens")
    if change.breaks_in is None:
        found = "The second call begins with all of the first."
    else:
        found = f"The common prefix ends {_where(change, before, after)}."
    if cached is None or sent is None:
        return f"{found} The provider has reported no cached tokens."
    lost = max(sent - cached, 0)
    if not lost:
        return f"{found} All {count(sent)} tokens of the first call's prompt were read from the cache."
    return (
        f"{found} Of the {count(sent)} tokens that the first call had sent, {count(cached)} were read from the cache "
        f"and {count(lost)} were not."
    )


def _where(change: Difference, before: Call, after: Call) -> str:
    at = change.breaks_at
    match change.breaks_in:
        case "parameter":
            return f"at the start: {at} is different"
        case "tool":
            return f"in the tools, at {at}"
        case "system":
            return "in the system instructions"
    if not isinstance(at, int):
        return "in the messages"
    role = before.input_messages[at].get("role", "?") if at < len(before.input_messages) else "?"
    gone = ", which is gone" if at >= len(after.input_messages) else ""
    return f"at message {at + 1} ({role}){gone}"
