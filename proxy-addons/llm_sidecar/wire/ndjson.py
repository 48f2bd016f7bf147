"""One JSON value a line (NDJSON, JSON Lines; the record separators of RFC 7464 are skipped)."""

from __future__ import annotations

from llm_sidecar.wire.event import Event
from llm_sidecar.wire.lines import LineBuffer

_PADDING = b" \t\r\n\x1e"


class NdjsonDecoder:
    """Blank lines are skipped; a last line without its end is handed out as not complete."""

    problem: str | None = None

    def __init__(self) -> None:
        self._lines = LineBuffer()

    def feed(self, data: bytes) -> list[Event]:
        return [Event(text) for line in self._lines.feed(data) if (text := line.strip(_PADDING))]

    def finish(self) -> list[Event]:
        text = self._lines.finish().strip(_PADDING)
        return [Event(text, complete=False)] if text else []
