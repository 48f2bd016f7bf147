"""Rows for the tests of the list."""

from __future__ import annotations

from typing import Any

from llm_sidecar.row import Row
from llm_sidecar.runs import Place


def row(id: str, started: float, run: str | None = None, duration: float | None = 1.0, **fields: Any) -> Row:
    """A call's row. Keywords are fields, with `__` for a dot."""
    values = {name.replace("__", "."): value for name, value in fields.items()}
    if duration is not None:
        values["duration"] = duration
    return Row(id, started, values, Place(run or id), summary="", asked="", answered="", tools=(), text="")
