"""When the calls of a run were under way."""

from __future__ import annotations

import pytest

from llm_sidecar.views.page.timeline import Bar, timeline
from tests.unit.page.rows import row


def test_calls_after_each_other() -> None:
    """The axis goes from the first request to the last answer; the first chunk divides a bar."""
    found = timeline([row("a", 100, duration=1), row("b", 101, duration=3, gen_ai__response__time_to_first_chunk=1.0)])
    assert found.bars == {"a": Bar(0, 25, 25), "b": Bar(25, 50, 100)}
    assert found.gaps == ()


def test_calls_at_the_same_time() -> None:
    found = timeline([row("a", 100, duration=4), row("b", 101, duration=1)])
    assert found.bars == {"a": Bar(0, 100, 100), "b": Bar(25, 50, 50)}


def test_long_pauses_are_shortened() -> None:
    """A user who thinks for an hour does not make the calls invisible; the cut is marked."""
    found = timeline([row("a", 100, duration=5), row("b", 3700, duration=5)])
    assert found.bars["a"].end > 40
    assert found.bars["b"].start < 60
    assert found.gaps == (pytest.approx(50, abs=1),)


def test_a_call_alone_is_measured_by_ten_seconds() -> None:
    """The same for all, so that they compare; a longer one fills the line."""
    assert timeline([row("a", 100, duration=1)]).bars["a"].end == 10
    assert timeline([row("a", 100, duration=60)]).bars["a"].end == 100


def test_nothing_known() -> None:
    """Calls without an end or a length have a place all the same."""
    assert timeline([row("a", 100, duration=None)]).bars["a"] == Bar(0, 0, 0)
    assert timeline([row("a", 100, duration=0), row("b", 100, duration=0)]).bars["b"] == Bar(0, 0, 0)
