"""JSON that may be anything: parsing within limits, and looking into values of whatever type they have."""

from __future__ import annotations

import json
import math
from typing import Any

import pydantic_core

from llm_sidecar.call import Json

DEEPEST = 200
"""Levels of nesting that are read; jiter's own limit, so both parsers agree."""


def parse(data: bytes) -> Json:
    """The value of a JSON text. Raises ValueError, saying why, for what is none."""
    try:
        return parse_strict(data)
    except ValueError as error:
        return well_formed(parse_lenient(data, str(error)))


def parse_strict(data: bytes) -> Json:
    """By jiter (in pydantic_core): a third of `json`'s time and less, and the interpreter is held meanwhile."""
    return pydantic_core.from_json(data, allow_inf_nan=False)


def parse_lenient(data: bytes, reason: str) -> Json:
    """What jiter refuses, for a reason, and `json` takes: a BOM, lone surrogates, NaN (read as None), no UTF-8."""
    too_deep = ValueError(f"it is nested more than {DEEPEST} levels deep")
    if "recursion" in reason:
        raise too_deep
    try:
        value = json.loads(data.decode("utf-8-sig", errors="replace"), parse_constant=lambda _: None)
    except RecursionError:
        raise too_deep from None
    except json.JSONDecodeError:
        raise ValueError(reason) from None
    if _depth(value) > DEEPEST:
        raise too_deep
    return value


def parse_partial(data: bytes) -> Json:
    """As much of a cut JSON text as makes a value. Raises ValueError where not even its beginning does."""
    return pydantic_core.from_json(data, allow_partial="trailing-strings", allow_inf_nan=False)


def _depth(value: Json) -> int:
    deepest, todo = 0, [(value, 1)]
    while todo:
        value, depth = todo.pop()
        deepest = max(deepest, depth)
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        todo += [(child, depth + 1) for child in children]
    return deepest


def well_formed(value: Json) -> Json:
    """A copy that can be sent as JSON: surrogate halves are paired or replaced, numbers beyond a float are None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value
    if isinstance(value, dict):
        return {well_formed(key): well_formed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [well_formed(child) for child in value]
    return value


def obj(value: Json) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def arr(value: Json) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def objs(value: Json) -> list[dict[str, Any]]:
    """The objects of an array."""
    return [item for item in arr(value) if isinstance(item, dict)]


def string(value: Json) -> str:
    """The value if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def count(value: Json) -> int | None:
    """The value if it is a whole number from 0 up (1e3 too), else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    return int(value) if 0 <= value < 1 << 53 else None


def arguments(value: Json) -> Json:
    """A tool call's arguments: an object where the text is one, else the text as it came."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("{"):
        return value
    try:
        parsed = parse(value.encode(errors="surrogatepass"))
    except ValueError:
        return value
    return parsed if isinstance(parsed, dict) else value


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The object less these keys and those that are null."""
    return {key: child for key, child in value.items() if child is not None and key not in keys}
