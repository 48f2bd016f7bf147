"""Server-sent events, as the WHATWG HTML standard parses them (section 9.2.6, "Interpreting an event stream").

One departure: a last event without its blank line, which a browser drops, is handed out at the end as not
complete, since here it is what had arrived of an answer.
"""

from __future__ import annotations

from llm_sidecar.wire.event import Event
from llm_sidecar.wire.lines import LineBuffer

_BOM = b"\xef\xbb\xbf"


class SseDecoder:
    """Lines end in CR, LF or CRLF; one BOM may lead; comments, `retry` and unknown fields are skipped."""

    problem: str | None = None

    def __init__(self) -> None:
        self._lines = LineBuffer()
        self._started = False
        self._data: list[bytes] = []
        self._name = ""
        self._id = ""

    def feed(self, data: bytes) -> list[Event]:
        events = []
        for line in self._lines.feed(data):
            if event := self._line(line):
                events.append(event)
        return events

    def finish(self) -> list[Event]:
        rest = self._lines.finish()
        if rest:
            self._line(rest)
        event = self._dispatch(complete=False)
        return [event] if event else []

    def _line(self, line: bytes) -> Event | None:
        if not self._started:
            self._started = True
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch(complete=True)
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode(errors="replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        return None

    def _dispatch(self, *, complete: bool) -> Event | None:
        data, name = self._data, self._name
        self._data, self._name = [], ""
        return Event(b"\n".join(data), name, self._id, complete) if data else None
