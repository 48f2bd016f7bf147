"""A value that fits a JSON schema, with numbers and names taken from the prompt where they fit.

Covers what tool definitions and structured outputs use: types, `enum`, `const`, `default`, `anyOf`, `allOf`,
`$ref`, bounds of numbers, `minItems`, a few formats. `pattern` is not looked at.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

ANSWER_TO_LIFE = re.compile(r"answer to life(,? the universe,? and everything)?", re.IGNORECASE)
FORMATS = {
    "date": "2025-01-31",
    "date-time": "2025-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "offline@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
DEEP = 6
"""A schema that refers to itself ends here, where it can end."""


@dataclass(slots=True)
class Hints:
    """What of a prompt can be an argument. Numbers are used up in order; then it is 1."""

    numbers: deque[float]
    name: str

    @classmethod
    def of(cls, prompt: str) -> Hints:
        """42 comes first where the prompt names the answer to life, the universe and everything."""
        numbers = deque([42.0] if ANSWER_TO_LIFE.search(prompt) else [])
        numbers.extend(float(n) for n in re.findall(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,15})?(?![\w.]\d)", prompt))
        names = re.findall(r"(?<=[a-z,] )[A-Z]\w+(?: [A-Z]\w+)*", prompt)
        return cls(numbers, names[0] if names else " ".join(prompt.split())[:80] or "offline")


def example(schema: Any, hints: Hints) -> Any:
    """A value for the schema; None for one that says nothing."""
    return _value(schema, hints, schema if isinstance(schema, dict) else {}, 0)


def _value(schema: Any, hints: Hints, root: Schema, depth: int) -> Any:
    schema = _resolved(schema, root, depth)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if schema.get(key):
            return schema[key][0]
    match _type(schema):
        case "object":
            return _object(schema, hints, root, depth)
        case "array":
            count = max(schema.get("minItems", 0), 0 if depth >= DEEP else 1)
            return [_value(schema.get("items", {}), hints, root, depth + 1) for _ in range(count)]
        case "integer" | "number" as kind:
            number = _within(schema, hints.numbers.popleft() if hints.numbers else 1.0)
            return int(number) if kind == "integer" or number.is_integer() else number
        case "boolean":
            return True
        case "string":
            text = FORMATS.get(schema.get("format", ""), hints.name)
            return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]
    return None


def _object(schema: Schema, hints: Hints, root: Schema, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    wanted = schema.get("required", list(properties) if depth == 0 else [])
    return {name: _value(properties.get(name, {}), hints, root, depth + 1) for name in wanted}


def _resolved(schema: Any, root: Schema, depth: int) -> Schema:
    """The schema with `$ref`, `allOf` and the first fitting of `anyOf`/`oneOf` put in."""
    if not isinstance(schema, dict):
        return {}
    for _ in range(DEEP):
        if "$ref" in schema:
            target: Any = root
            for step in schema["$ref"].removeprefix("#").strip("/").split("/"):
                target = target.get(step, {}) if step else target
            schema = target | {k: v for k, v in schema.items() if k != "$ref"}
        elif options := schema.get("anyOf") or schema.get("oneOf"):
            chosen = [o for o in options if (o.get("type") == "null") == (depth >= DEEP)] or options
            schema = chosen[0] | {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf")}
        elif "allOf" in schema:
            merged = {k: v for k, v in schema.items() if k != "allOf"}
            for part in schema["allOf"]:
                merged |= part
            schema = merged
    return schema


def _type(schema: Schema) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "")
    return next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind


def _within(schema: Schema, number: float) -> float:
    if "minimum" in schema:
        number = max(number, float(schema["minimum"]))
    if "exclusiveMinimum" in schema and number <= schema["exclusiveMinimum"]:
        number = float(schema["exclusiveMinimum"]) + 1
    if "maximum" in schema:
        number = min(number, float(schema["maximum"]))
    if "exclusiveMaximum" in schema and number >= schema["exclusiveMaximum"]:
        number = float(schema["exclusiveMaximum"]) - 1
    return number
