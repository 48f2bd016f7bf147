"""The list of calls: grouped by run, newest first, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from llm_sidecar.row import Row
from llm_sidecar.views.page.timeline import Timeline, timeline

_PAGE = 150
"""Calls that a page of the list has at least, where there are so many."""
_FLOW_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_RUN = 60
"""Calls of one run that the list shows among others: its newest. A search for the run shows all."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums. None: not known for any of the calls."""

    calls: int
    errors: int
    input: int | None
    cached: int | None
    output: int | None
    cost: float | None
    unpriced: int
    """Calls with an answer whose price is not known, offline ones not counted."""


def totals(rows: Iterable[Row]) -> Totals:
    rows = list(rows)
    return Totals(
        calls=len(rows),
        errors=sum("error.type" in row.fields for row in rows),
        input=_sum(rows, "gen_ai.usage.input_tokens"),
        cached=_sum(rows, "gen_ai.usage.cache_read.input_tokens"),
        output=_sum(rows, "gen_ai.usage.output_tokens"),
        cost=_sum(rows, "llm_sidecar.cost_usd"),
        unpriced=sum(
            "gen_ai.usage.input_tokens" in row.fields
            and "llm_sidecar.cost_usd" not in row.fields
            and not row.fields.get("llm_sidecar.offline")
            for row in rows
        ),
    )


def _sum(rows: list[Row], name: str) -> Any:
    values = [row.fields[name] for row in rows if name in row.fields]
    return sum(values) if values else None


@dataclass(frozen=True, slots=True)
class Run:
    """A run's calls that fit the search, oldest first."""

    id: str
    rows: Sequence[Row]
    of: int
    """Calls that the run has in all."""
    totals: Totals
    timeline: Timeline
    shown: Sequence[Row]
    """Those that the list has a line for: the newest, of a long run among others."""

    @property
    def key(self) -> str:
        """Where it stands in the list: what a page ends with, and the next one starts after."""
        newest = self.rows[-1]
        return f"{newest.started!r},{newest.id}"

    @property
    def name(self) -> str:
        """The name that the app has given the run; "" for one that has none."""
        return "" if _FLOW_ID.fullmatch(self.id) else self.id

    @property
    def models(self) -> list[str]:
        return list(dict.fromkeys(model(row) for row in self.rows))

    @property
    def seconds(self) -> float | None:
        """From its first request to its last answer."""
        ends = [row.started + row.fields["duration"] for row in self.rows if "duration" in row.fields]
        return max(ends) - self.rows[0].started if ends else None


def model(row: Row) -> str:
    """The model that answered, or that was asked."""
    return str(row.fields.get("gen_ai.response.model") or row.fields.get("gen_ai.request.model") or "")


def is_live(row: Row) -> bool:
    """Its response is still arriving."""
    return row.incomplete and "duration" not in row.fields and "error.type" not in row.fields


def badges(row: Row) -> list[str]:
    """What is special about a call, in a word each."""
    words = {
        "live": is_live(row),
        "incomplete": row.incomplete and not is_live(row),
        "stream": bool(row.fields.get("gen_ai.request.stream")) and not is_live(row),
        "retry": row.place.retry,
        "offline": bool(row.fields.get("llm_sidecar.offline")),
        "warning": bool(row.fields.get("llm_sidecar.warnings")),
    }
    return [word for word, holds in words.items() if holds]


def embeddings(row: Row) -> str:
    """What came back where it was no message."""
    number = row.fields.get("llm_sidecar.response.embeddings")
    return f"{number} embedding{'' if number == 1 else 's'}" if number else ""


class Listing:
    """All calls, in runs. `rows` are newest first, as `Calls.rows()` has them; `fitting` those that fit the search."""

    def __init__(self, rows: Sequence[Row], fitting: Sequence[Row]) -> None:
        self.fitting = fitting
        self._of: dict[str, int] = {}
        for row in rows:
            self._of[row.place.run] = self._of.get(row.place.run, 0) + 1
        self._runs: dict[str, list[Row]] = {}
        for row in fitting:
            self._runs.setdefault(row.place.run, []).append(row)

    @property
    def totals(self) -> Totals:
        return totals(self.fitting)

    def __len__(self) -> int:
        return len(self._runs)

    def page(self, after: str = "") -> tuple[list[Run], bool]:
        """The runs of one page, and whether there are more. `after`: the key of the last run before it."""
        found: list[Run] = []
        calls = 0
        border = _border(after)
        for id, rows in self._runs.items():
            if border is not None and (rows[0].started, rows[0].id) >= border:
                continue
            if calls >= _PAGE:
                return found, True
            found.append(self._run(id, rows))
            calls += len(found[-1].shown)
        return found, False

    def runs(self, ids: Iterable[str]) -> list[Run]:
        """Those of these runs that have calls here, newest first."""
        wanted = set(ids)
        return [self._run(id, rows) for id, rows in self._runs.items() if id in wanted]

    def _run(self, id: str, newest_first: list[Row]) -> Run:
        rows = newest_first[::-1]
        shown = rows[-_LONGEST_RUN:] if len(self._runs) > 1 else rows
        return Run(id, rows, self._of[id], totals(rows), timeline(shown), shown)


def neighbours(rows: Sequence[Row], row: Row) -> tuple[Row | None, Row | None]:
    """The calls above and below this one in the list, all runs opened."""
    runs: dict[str, list[Row]] = {}
    for each in rows:
        runs.setdefault(each.place.run, []).append(each)
    order = [each for newest_first in runs.values() for each in reversed(newest_first)]
    at = next((n for n, each in enumerate(order) if each.id == row.id), None)
    if at is None:
        return None, None
    return order[at - 1] if at else None, order[at + 1] if at + 1 < len(order) else None


def _border(key: str) -> tuple[float, str] | None:
    started, _, id = key.partition(",")
    try:
        return float(started), id
    except ValueError:
        return None
