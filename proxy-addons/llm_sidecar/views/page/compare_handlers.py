"""Two calls side by side."""

from __future__ import annotations

from typing import Any

from llm_sidecar.calls import calls
from llm_sidecar.row import Row
from llm_sidecar.views.page.call_handlers import head, run_of
from llm_sidecar.views.page.comparison import comparison, prefix_sentence
from llm_sidecar.views.page.figures import count
from llm_sidecar.views.page.serving import PageHandler

_RECENT = 40
"""Calls of other runs that are offered to compare with."""


class ComparePage(PageHandler):
    """`/llm/compare?after=ID&before=ID`; without `before`, the call before it in its run."""

    async def get(self) -> None:
        reading = await self.reading(self.get_query_argument("after", ""))
        chosen = self.get_query_argument("before", "") or reading.row.place.previous
        before = await self.reading(chosen) if chosen else None
        top, choices = head(reading, "Compare"), _choices(reading.row)

        def make() -> dict[str, Any]:
            values = top | {
                "choices": choices,
                "before": before.row if before else None,
                "result": None,
                "sentence": "",
            }
            if before:
                result = comparison(before.call, reading.call)
                values["result"] = result
                values["sentence"] = prefix_sentence(result.difference, before.call, reading.call, count)
            return values

        await self.show("compare.html", make)


def _choices(row: Row) -> list[tuple[str, list[Row]]]:
    own = [each for each in run_of(row) if each.id != row.id]
    others = [each for each in calls().rows() if each.place.run != row.place.run][:_RECENT]
    return [(label, rows) for label, rows in (("This run", own), ("Other calls, newest first", others)) if rows]
