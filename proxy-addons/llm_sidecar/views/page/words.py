"""What changed inside a text, by word. Bounded in time: where texts differ too much, whole lines are marked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_MOST_TOKENS = 1500
"""Words or lines on each side that are compared one by one; the matcher's worst case is their product."""
_TOKEN = re.compile(r"\w(?:[\w.-]*\w)?\s*|\s+|[^\w\s]\s*")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LONGEST_WORD = 100
_ALIKE = 0.3
"""Below this share of words in common two texts are not versions of each other."""
_CONTEXT = 300
"""Characters of what is the same that stay on each side of a change."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one side's text. `left_out`: characters that are the same on both sides and are not shown."""

    text: str
    changed: bool = False
    left_out: int = 0


def compare(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces, what only one of them has marked as changed."""
    start = _common_start(before, after)
    end = _common_end(before[start:], after[start:])
    middles = before[start : len(before) - end], after[start : len(after) - end]
    sides: tuple[list[Piece], list[Piece]] = ([], [])
    for side, opening in zip(sides, (before[:start], after[:start]), strict=True):
        _same(side, opening, opening=True)
    for side, pieces in zip(sides, _middle(*middles), strict=True):
        side += pieces
    for side, text in zip(sides, (before, after), strict=True):
        _same(side, text[len(text) - end :], opening=False)
    return sides


def _common_start(before: str, after: str) -> int:
    """Up to where a word begins, so that no half of one is marked."""
    length = _common(before, after)
    if length < max(len(before), len(after)):
        length -= _word(before[max(length - _LONGEST_WORD, 0) : length][::-1])
    return length


def _common_end(before: str, after: str) -> int:
    length = _common(before[::-1], after[::-1])
    if length < max(len(before), len(after)):
        start = len(before) - length
        length -= _word(before[start : start + _LONGEST_WORD])
    return length


def _word(text: str) -> int:
    """The length of the word that the text begins with."""
    return next((n for n, character in enumerate(text) if not (character.isalnum() or character in "._-")), len(text))


def _common(one: str, other: str) -> int:
    """The length of the common beginning, found by halving: comparing slices is quick, characters are not."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _middle(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    if not before or not after:
        return _whole(before), _whole(after)
    for split in (_TOKEN, _LINE):
        tokens = split.findall(before), split.findall(after)
        if max(map(len, tokens)) <= _MOST_TOKENS:
            return _match(*tokens)
    return _whole(before), _whole(after)


def _match(before: list[str], after: list[str]) -> tuple[list[Piece], list[Piece]]:
    # With `autojunk` on, which keeps a text that repeats itself from taking minutes.
    matcher = SequenceMatcher(None, before, after)
    if matcher.ratio() < _ALIKE:
        return _whole("".join(before)), _whole("".join(after))
    sides: tuple[list[Piece], list[Piece]] = ([], [])
    for tag, a, b, c, d in matcher.get_opcodes():
        for side, text in zip(sides, ("".join(before[a:b]), "".join(after[c:d])), strict=True):
            if text:
                side.append(Piece(text, changed=tag != "equal"))
    return sides


def _whole(text: str) -> list[Piece]:
    return [Piece(text, changed=True)] if text else []


def _same(side: list[Piece], text: str, *, opening: bool) -> None:
    """Add what is the same on both sides before or after the change; of a long one only what is next to it."""
    if len(text) <= 2 * _CONTEXT:
        side += [Piece(text)] if text else []
    elif opening:
        side += [Piece("", left_out=len(text) - _CONTEXT), Piece(text[-_CONTEXT:])]
    else:
        side += [Piece(text[:_CONTEXT]), Piece("", left_out=len(text) - _CONTEXT)]
