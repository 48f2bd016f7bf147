"""When the calls of a run were under way, on one axis, so that a run reads like a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import time

from llm_sidecar.row import Row

_ALONE = 10.0
"""Seconds that a call on its own is measured by: the same for all, so that they compare at a glance."""
_LONGEST_GAP = 0.08
"""Share of the busy time that is left of a pause: people think for longer than models do."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A call on the axis, in percent of its length: from the request, over the first chunk, to the end."""

    start: float
    first: float
    end: float


@dataclass(frozen=True, slots=True)
class Timeline:
    bars: dict[str, Bar]
    """By the call's id."""
    gaps: tuple[float, ...] = ()
    """Where a pause was shortened, in percent."""


def timeline(rows: Sequence[Row]) -> Timeline:
    """The calls of one run."""
    now = time()
    spans = {row.id: (row.started, row.started + _seconds(row, now)) for row in rows}
    axis = _Axis(sorted(spans.values()), _ALONE if len(rows) == 1 else 0)
    bars = {}
    for row in rows:
        start, end = spans[row.id]
        wait = row.fields.get("gen_ai.response.time_to_first_chunk")
        first = min(start + wait, end) if isinstance(wait, int | float) else end
        bars[row.id] = Bar(axis.at(start), axis.at(first), axis.at(end))
    return Timeline(bars, tuple(axis.gaps))


def _seconds(row: Row, now: float) -> float:
    duration = row.fields.get("duration")
    if isinstance(duration, int | float):
        return max(float(duration), 0.0)
    return max(now - row.started, 0.0) if row.incomplete else 0.0


class _Axis:
    """Seconds since the epoch to percent, long pauses cut down."""

    def __init__(self, spans: list[tuple[float, float]], shortest: float) -> None:
        busy: list[list[float]] = []
        for start, end in spans:
            if busy and start <= busy[-1][1]:
                busy[-1][1] = max(busy[-1][1], end)
            else:
                busy.append([start, end])
        longest = max(sum(end - start for start, end in busy) * _LONGEST_GAP, 0.01)
        self._marks: list[tuple[float, float]] = []
        cut: list[float] = []
        length = 0.0
        for number, (start, end) in enumerate(busy):
            if number:
                pause = start - busy[number - 1][1]
                if pause > longest:
                    cut.append(length + longest / 2)
                length += min(pause, longest)
            self._marks += [(start, length), (end, length + end - start)]
            length += end - start
        self._length = max(length, shortest, 0.001)
        self.gaps = [self._percent(at) for at in cut]

    def at(self, moment: float) -> float:
        before = self._marks[0]
        for mark in self._marks:
            if moment < mark[0]:
                share = (moment - before[0]) / (mark[0] - before[0])
                return self._percent(before[1] + share * (mark[1] - before[1]))
            before = mark
        return self._percent(before[1])

    def _percent(self, length: float) -> float:
        return round(min(100 * length / self._length, 100.0), 2)
