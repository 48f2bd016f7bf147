"""What `q` means: words that a call must hold, and operators on its fields. All of them must fit.

    add "life, the universe" model:gpt provider:openai tool:add status:429 run:ID
    is:error|incomplete|offline|streaming|retry slower:2s cost:>0.01

Case does not matter. A quoted phrase is one word; what has a colon but is no operator is a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from llm_sidecar.row import Row

Test = Callable[[Row], bool]

_TERM = re.compile(r'(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)

_IS: dict[str, Test] = {
    "error": lambda row: "error.type" in row.fields,
    "incomplete": lambda row: row.incomplete,
    "offline": lambda row: bool(row.fields.get("llm_sidecar.offline")),
    "streaming": lambda row: bool(row.fields.get("gen_ai.request.stream")),
    "retry": lambda row: row.place.retry,
}


class QueryError(ValueError):
    """An operator with a value it cannot have. The message names both, and what it takes."""


def parse(q: str) -> Test:
    """The test that `q` describes; an empty one passes every call. Raises QueryError."""
    tests = []
    for name, phrase, word in _TERM.findall(q):
        value = phrase or word
        make = _OPERATORS.get(name.lower())
        if make is not None and value:
            tests.append(make(value.lower()))
        elif name or value:
            tests.append(_word(f"{name}:{value}" if name else value))
    return lambda row: all(test(row) for test in tests)


def _word(value: str) -> Test:
    value = value.lower()
    return lambda row: value in row.text or value in str(row.fields.get("url.full", "")).lower()


def _holds(*names: str) -> Callable[[str], Test]:
    def make(value: str) -> Test:
        return lambda row: any(value in str(row.fields.get(name, "")).lower() for name in names)

    return make


def _tool(value: str) -> Test:
    return lambda row: any(value in name.lower() for name in row.tools)


def _status(value: str) -> Test:
    if not re.fullmatch(r"[1-5](\d\d|xx)", value):
        raise QueryError(f"status:{value} is no HTTP status. Use status:429, or status:5xx for a class of them.")
    pattern = re.compile(value.replace("x", r"\d"))
    return lambda row: pattern.fullmatch(str(row.fields.get("http.response.status_code", ""))) is not None


def _is(value: str) -> Test:
    if value not in _IS:
        raise QueryError(f"is:{value} is not known. Use one of is:{', is:'.join(_IS)}.")
    return _IS[value]


def _run(value: str) -> Test:
    return lambda row: row.place.run.lower() == value


def _slower(value: str) -> Test:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)?", value)
    if not found:
        raise QueryError(f"slower:{value} is no duration. Use slower:2s, slower:500ms or slower:1m.")
    seconds = float(found[1]) * {"ms": 0.001, "s": 1, "m": 60}[found[2] or "s"]
    return lambda row: _number(row, "duration", lambda it: it > seconds)


def _cost(value: str) -> Test:
    found = re.fullmatch(r"([<>]=?)?\$?(\d+(?:\.\d+)?|\.\d+)", value)
    if not found:
        raise QueryError(f"cost:{value} is no amount in US dollars. Use cost:>0.01, cost:<1 or cost:>=0.5.")
    amount = float(found[2])
    compare: dict[str, Callable[[float], bool]] = {
        ">": lambda it: it > amount,
        ">=": lambda it: it >= amount,
        "<": lambda it: it < amount,
        "<=": lambda it: it <= amount,
        "": lambda it: it >= amount,
    }
    return lambda row: _number(row, "llm_sidecar.cost_usd", compare[found[1] or ""])


def _number(row: Row, name: str, test: Callable[[float], bool]) -> bool:
    value: Any = row.fields.get(name)
    return isinstance(value, (int, float)) and test(value)


_OPERATORS: dict[str, Callable[[str], Test]] = {
    "model": _holds("gen_ai.request.model", "gen_ai.response.model"),
    "provider": _holds("gen_ai.provider.name"),
    "tool": _tool,
    "status": _status,
    "run": _run,
    "is": _is,
    "slower": _slower,
    "cost": _cost,
}
