"""Folding a stream's events into the JSON that the same API answers without streaming."""

from __future__ import annotations

from typing import Any, Protocol

from llm_sidecar.call import Json
from llm_sidecar.wire import Event


class Fold(Protocol):
    """Collects a stream. The body is that of a response without streaming, so that one reader reads both."""

    @property
    def ended(self) -> bool:
        """The stream said that it is over, in whatever way its API does."""

    def add(self, event: Event, data: Json) -> None:
        """Take one event, whose data has been parsed."""

    def body(self) -> Json:
        """All there is so far. May share its values with the fold: read it before the next `add`."""


class LastEvent:
    """For APIs whose stream's last event is, or holds, the whole answer."""

    ended = True

    def __init__(self) -> None:
        self._last: Json = None

    def add(self, event: Event, data: Json) -> None:
        if isinstance(data, dict):
            self._last = data

    def body(self) -> Json:
        return self._last


class Texts:
    """Strings that grow by many small pieces, inside plain JSON objects.

    Adding to a string copies it, which for a hundred thousand pieces is gigabytes; so they wait here and are
    joined when the text is asked for.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, str], tuple[dict[str, Any], list[str]]] = {}

    def append(self, target: dict[str, Any], key: str, piece: Json) -> None:
        """Add to `target[key]`, which counts as "" if it is no string. Does nothing for a piece that is none."""
        if not isinstance(piece, str):
            return
        if not isinstance(target.get(key), str):
            target[key] = ""
        # `target` is kept beside its id: an id is free for reuse once its object is gone.
        self._waiting.setdefault((id(target), key), (target, []))[1].append(piece)

    def flush(self) -> None:
        for (_, key), (target, pieces) in self._waiting.items():
            # An event may have set it to something else meanwhile.
            start = target[key] if isinstance(target.get(key), str) else ""
            target[key] = start + "".join(pieces)
        self._waiting.clear()
