"""The list of calls, and the parts of it that a page asks for as calls come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llm_sidecar import query
from llm_sidecar.calls import calls
from llm_sidecar.row import Row
from llm_sidecar.views.page.listing import Listing
from llm_sidecar.views.page.serving import PageHandler
from llm_sidecar.views.problems import problems


def _listing(rows: Sequence[Row], q: str) -> tuple[Listing, str]:
    """The calls that fit `q`; none, and why, where it cannot be understood."""
    try:
        test = query.parse(q)
    except query.QueryError as error:
        return Listing(rows, []), str(error)
    return Listing(rows, [row for row in rows if test(row)] if q.strip() else rows), ""


class ListPage(PageHandler):
    """`/llm?q=&after=`: the page; `/llm/list?...`: its part that changes with the search."""

    template = "list.html"

    async def get(self) -> None:
        rows, known = calls().rows(), problems()
        q, after = self.get_query_argument("q", ""), self.get_query_argument("after", "")

        def make() -> dict[str, Any]:
            listing, problem = _listing(rows, q)
            runs, more = listing.page(after)
            return {
                "listing": listing,
                "runs": runs,
                "more": more,
                "query": q,
                "problem": problem,
                "open_first": not after,
                "problems": known,
            }

        await self.show(self.template, make)


class ListPart(ListPage):
    template = "runs.html"


class ProblemsPart(PageHandler):
    """`/llm/problems`: what keeps calls from being captured, hidden or kept."""

    async def get(self) -> None:
        known = problems()
        await self.show("problems.html", lambda: {"problems": known})


class RunsPart(PageHandler):
    """`/llm/runs?q=&run=&run=`: these runs as they are now, those that fit the search."""

    async def get(self) -> None:
        rows = calls().rows()
        q, ids = self.get_query_argument("q", ""), self.get_query_arguments("run", strip=False)

        def make() -> dict[str, Any]:
            listing, problem = _listing(rows, q)
            return {
                "listing": listing,
                "runs": listing.runs(ids),
                "more": False,
                "query": q,
                "problem": problem,
                "open_first": False,
            }

        await self.show("runs.html", make)
