"""Values as Python source, laid out as people write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WIDTH = 100
_DEEPEST = 60
"""Levels of brackets: Python's parser takes 200, readers fewer."""


class Code(str):
    """An expression that stands for itself: `literal` does not quote it."""

    __slots__ = ()


def literal(value: Any, indent: int = 0) -> str:
    """The source of a value made of dicts, lists, strings, numbers, booleans, None and `Code`.

    `indent`: columns that the line it starts on is indented by.
    """
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return _string(value, indent)
    if isinstance(value, dict):
        items = [f"{literal(key)}: {literal(item, indent + 4)}" for key, item in value.items()]
        return _bracketed("{", items, "}", indent)
    if isinstance(value, list):
        return _bracketed("[", [literal(item, indent + 4) for item in value], "]", indent)
    return repr(value)


def called(function: str, arguments: Mapping[str, Any], *first: Any) -> str:
    """The source of a call, the arguments `first` by position and the others by keyword."""
    items = [literal(value, 4) for value in first]
    items += [f"{name}={literal(value, 4)}" for name, value in arguments.items()]
    return _bracketed(f"{function}(", items, ")", 0)


def fits(value: Any, depth: int = 0) -> bool:
    """Whether the value can be written as source: not nested too deeply, all numbers finite."""
    if isinstance(value, float):
        return value - value == 0
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return depth < _DEEPEST and all(fits(item, depth + 1) for item in items)
    return True


def _bracketed(start: str, items: list[str], end: str, indent: int) -> str:
    line = start + ", ".join(items) + end
    if "\n" not in line and indent + len(line) <= _WIDTH:
        return line
    pad = " " * (indent + 4)
    return start + "\n" + "".join(f"{pad}{item},\n" for item in items) + " " * indent + end


def _quoted(text: str) -> str:
    source = repr(text)
    if source[0] == "'" and '"' not in text:
        return f'"{source[1:-1]}"'
    return source


def _string(text: str, indent: int) -> str:
    """A longer text with line ends goes on one line of source for each of its own."""
    lines = text.splitlines(keepends=True) if len(text) > 60 else [text]
    if len(lines) == 1:
        return _quoted(text)
    pad = " " * (indent + 4)
    return "(\n" + "".join(f"{pad}{_quoted(line)}\n" for line in lines) + " " * indent + ")"
