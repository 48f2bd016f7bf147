"""A JSON array that is streamed: its elements one by one (Gemini without `alt=sse`)."""

from __future__ import annotations

import re

from llm_sidecar.wire.event import Event

_STRUCTURE = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'["\\]')


class JsonArrayDecoder:
    """Yields each object or array inside the outer array; scalars there, which no provider sends, are skipped."""

    problem: str | None = None

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._start = 0
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> list[Event]:
        self._buffer += data
        events: list[Event] = []
        while (match := (_IN_STRING if self._in_string else _STRUCTURE).search(self._buffer, self._at)) is not None:
            char = match[0]
            if char == b"\\":
                if match.end() == len(self._buffer):
                    self._at = match.start()
                    break
                self._at = match.end() + 1
                continue
            self._at = match.end()
            if char == b'"':
                self._in_string = not self._in_string
            elif char in b"{[":
                self._depth += 1
                if self._depth == 2:
                    self._start = match.start()
            else:
                self._depth -= 1
                if self._depth == 1:
                    events.append(Event(bytes(self._buffer[self._start : self._at])))
                    self._start = self._at
        else:
            self._at = len(self._buffer)
        self._forget()
        return events

    def finish(self) -> list[Event]:
        rest = bytes(self._buffer[self._start :]) if self._depth > 1 else b""
        self._buffer.clear()
        return [Event(rest, complete=False)] if rest else []

    def _forget(self) -> None:
        """Drop what has been handed out, so that memory does not grow with the stream."""
        done = self._start if self._depth > 1 else self._at
        del self._buffer[:done]
        self._at -= done
        self._start = max(self._start - done, 0)
