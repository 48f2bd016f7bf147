"""The app's one tool."""

from __future__ import annotations

import json
from typing import Any

ADD: dict[str, Any] = {
    "name": "add",
    "description": "Add two numbers.",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
    "strict": True,
}


def run_tool(name: str, arguments: str) -> str:
    """Runs the tool that the model called. What the model got wrong comes back as the result, for it to read."""
    if name != ADD["name"]:
        return f"error: there is no tool {name!r}"
    try:
        numbers = json.loads(arguments)
        total = float(numbers["a"]) + float(numbers["b"])
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        return f"error: the arguments have to be two numbers, a and b ({type(error).__name__})"
    return str(int(total) if total.is_integer() else total)
