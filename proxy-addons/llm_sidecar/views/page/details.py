"""What stands beside a conversation: parameters, tools, usage, and what changed since the call before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llm_sidecar.call import Call
from llm_sidecar.calls import Reading
from llm_sidecar.row import Row
from llm_sidecar.runs import Difference
from llm_sidecar.views.page import figures
from llm_sidecar.views.page.blocks import pretty

Table = list[tuple[str, str]]

_SHORT = 200
"""Characters of a value that fit into a table; longer ones fold."""


_ALWAYS = ("input_tokens", "output_tokens")
_ELSEWHERE = frozenset({"llm_sidecar.usage", "llm_sidecar.request.other", "llm_sidecar.response.other"})


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool definition. `rest` is the JSON of what is neither its name nor its description."""

    name: str
    kind: str
    description: str
    rest: str


def of(reading: Reading) -> dict[str, Any]:
    """The values that the template of a call's details takes."""
    call, fields = reading.call, reading.row.fields
    long: Table = []
    if "llm_sidecar.usage" in call.attributes:
        long.append(("Usage as it was reported", pretty(call.attributes["llm_sidecar.usage"])))
    tables = {
        "parameters": _table(call.request | _other(call, "llm_sidecar.request.other"), long),
        "response": _table(_outcome(call, fields), long),
        # Providers list each kind that there is, most of them with a zero.
        "usage": [(_words(name), figures.count(n)) for name, n in call.usage.items() if n or name in _ALWAYS],
    }
    return tables | {
        "tools": [_tool(tool) for tool in call.tool_definitions],
        "other": long,
        "change": _change(reading.difference, fields),
        "embeddings": _embeddings(call),
    }


def speed(row: Row) -> float | None:
    """Output tokens a second, from the first chunk on; None where it cannot be told."""
    tokens, took = row.fields.get("gen_ai.usage.output_tokens"), row.fields.get("duration")
    wait = row.fields.get("gen_ai.response.time_to_first_chunk")
    if tokens is None or took is None or wait is None or took - wait < 0.05:
        return None
    return tokens / (took - wait)


def _table(values: dict[str, Any], long: Table) -> Table:
    short: Table = []
    for name, value in values.items():
        text = value if isinstance(value, str) else pretty(value)
        (short if len(text) <= _SHORT else long).append((_words(name), text))
    return short


def _outcome(call: Call, fields: dict[str, Any]) -> dict[str, Any]:
    shown = dict(call.response)
    if call.finish_reasons:
        shown["finish_reasons"] = ", ".join(map(str, call.finish_reasons))
    shown |= {
        name.removeprefix("gen_ai.").removeprefix("llm_sidecar."): value
        for name, value in call.attributes.items()
        if name not in _ELSEWHERE
    }
    return shown | _other(call, "llm_sidecar.response.other") | {"server": fields.get("server.address", "")}


def _other(call: Call, name: str) -> dict[str, Any]:
    value = call.attributes.get(name)
    return value if isinstance(value, dict) else {} if value is None else {"other": value}


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " · ")


def _tool(tool: dict[str, Any]) -> Tool:
    rest = {key: value for key, value in tool.items() if key not in ("name", "type", "description")}
    description = tool.get("description")
    return Tool(
        name=str(tool.get("name") or tool.get("type") or "?"),
        kind=str(tool.get("type") or ""),
        description=description if isinstance(description, str) else "",
        rest=pretty(rest),
    )


def _change(change: Difference | None, fields: dict[str, Any]) -> str:
    """Whether the prompt goes on from the call before, which is what a provider's cache asks for."""
    if change is None:
        return ""
    if change.breaks_in is None:
        return "Goes on from the call before without changing what came earlier."
    at = change.breaks_at + 1 if isinstance(change.breaks_at, int) else change.breaks_at
    what = {"system": "the system instructions", "message": f"message {at}"}.get(
        change.breaks_in, f"{change.breaks_in} {at}"
    )
    cached = fields.get("gen_ai.usage.cache_read.input_tokens")
    read = f" {figures.count(cached)} tokens were still read from it." if cached else ""
    return f"Differs from the call before at {what}: a provider's cache holds only up to there.{read}"


def _embeddings(call: Call) -> str:
    count = call.attributes.get("llm_sidecar.response.embeddings")
    return f"{figures.count(count)} embeddings came back." if count else ""
