"""Slows down whoever guesses the web password, without making anyone else wait."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

_FREE = 10
"""Wrong passwords in a row that cost nothing."""
_LONGEST = 60.0
_FORGOTTEN_AFTER = 600.0
_MOST_PEERS = 1000


class Guesses:
    """Counts wrong passwords by peer. Beyond a few, a peer has to wait: 1, 2, 4 ... 60 seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """Peer -> wrong passwords in a row, when the last was."""

    def wait(self, peer: str) -> float:
        """Seconds until this peer may try again; 0 for now."""
        count, last = self._failures.get(peer, (0, 0.0))
        if count < _FREE:
            return 0.0
        return max(0.0, last + min(2.0 ** min(count - _FREE, 10), _LONGEST) - self._clock())

    def wrong(self, peer: str) -> None:
        count, last = self._failures.pop(peer, (0, 0.0))
        now = self._clock()
        self._failures[peer] = (count + 1 if now - last < _FORGOTTEN_AFTER else 1), now
        if len(self._failures) > _MOST_PEERS:
            self._failures.popitem(last=False)

    def right(self, peer: str) -> None:
        self._failures.pop(peer, None)
