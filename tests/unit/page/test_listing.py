"""The list: runs, pages, totals."""

from __future__ import annotations

from llm_sidecar.row import Row
from llm_sidecar.views.page.listing import Listing, badges, neighbours, totals
from tests.unit.page.rows import row


def newest_first(*rows: Row) -> list[Row]:
    return sorted(rows, key=lambda each: (each.started, each.id), reverse=True)


def test_runs_by_their_newest_call() -> None:
    """A run stands where its newest call does; inside it, calls are in the order in which they were made."""
    rows = newest_first(row("a1", 1, "a"), row("b1", 2, "b"), row("a2", 3, "a"))
    runs, more = Listing(rows, rows).page()
    assert [[each.id for each in run.rows] for run in runs] == [["a1", "a2"], ["b1"]]
    assert not more


def test_a_run_says_how_many_of_its_calls_do_not_fit() -> None:
    rows = newest_first(row("a1", 1, "a"), row("a2", 2, "a"))
    run = Listing(rows, rows[:1]).page()[0][0]
    assert (len(run.rows), run.of) == (1, 2)


def test_a_long_run_leaves_room_for_others() -> None:
    """Its newest calls have a line each; all have one when it is alone in the list."""
    long = [row(f"a{n:03}", n, "a") for n in range(100)]
    rows = newest_first(*long, row("b1", 200, "b"))
    run = Listing(rows, rows).runs(["a"])[0]
    assert (len(run.shown), run.shown[-1].id, len(run.rows)) == (60, "a099", 100)
    alone = newest_first(*long)
    assert len(Listing(rows, alone).page()[0][0].shown) == 100


def test_pages_have_each_run_once() -> None:
    """Also where many calls began in the same instant."""
    rows = newest_first(*(row(f"call{n:03}", n // 200) for n in range(500)))
    listing = Listing(rows, rows)
    seen: list[str] = []
    after, more = "", True
    while more:
        runs, more = listing.page(after)
        seen += [run.id for run in runs]
        after = runs[-1].key
    assert seen == [each.id for each in rows]


def test_a_page_after_something_that_cannot_be_read_is_the_first() -> None:
    rows = [row("a", 1)]
    assert Listing(rows, rows).page("nonsense")[0][0].id == "a"


def test_totals_leave_out_what_is_unknown() -> None:
    """Nothing known is None, never zero; calls without a price are counted, offline ones are not."""
    known = {"gen_ai__usage__input_tokens": 10, "gen_ai__usage__output_tokens": 2}
    rows = [
        row("a", 1, **known, llm_sidecar__cost_usd=0.5),
        row("b", 2, **known, llm_sidecar__offline=True),
        row("c", 3, **known),
        row("d", 4, error__type="429"),
    ]
    found = totals(rows)
    assert (found.calls, found.errors, found.input, found.output, found.cost, found.unpriced) == (4, 1, 30, 6, 0.5, 1)
    assert found.cached is None
    assert totals(rows[3:]).cost is None


def test_badges_tell_live_from_cut() -> None:
    """Incomplete and without an end: live. With one: cut short."""
    assert badges(row("a", 1, duration=None, llm_sidecar__incomplete=True)) == ["live"]
    assert badges(row("b", 1, llm_sidecar__incomplete=True)) == ["incomplete"]


def test_neighbours_are_those_of_the_list() -> None:
    """Down is the next call of the run, then the first call of the run below."""
    rows = newest_first(row("a1", 1, "a"), row("b1", 2, "b"), row("b2", 3, "b"))
    above, below = neighbours(rows, rows[0])
    assert (above and above.id, below and below.id) == ("b1", "a1")
    assert neighbours(rows, row("gone", 9)) == (None, None)
