"""AWS's binary event stream (`application/vnd.amazon.eventstream`), as Bedrock streams.

A message: total length, headers length, CRC of those 8 bytes, headers, payload, CRC of all before it; big-endian
(https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html). botocore's decoder raises on the first fault;
here what had come before it is kept.
"""

from __future__ import annotations

import struct
from zlib import crc32

from llm_sidecar.wire.event import Event

_PRELUDE = 12
_MOST = 24 * 1024 * 1024
"""The largest message that AWS allows; a longer one is a broken length."""

# The sizes of header values by their type; 6 and 7 (bytes, string) carry their length.
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_STRING = 7


class EventStreamDecoder:
    """Stops at the first broken message, keeping what came before, and says so in `problem`."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.problem: str | None = None

    def feed(self, data: bytes) -> list[Event]:
        if self.problem:
            return []
        self._buffer += data
        events: list[Event] = []
        while len(self._buffer) >= _PRELUDE:
            total, headers_length, prelude_crc = struct.unpack_from(">III", self._buffer)
            if crc32(self._buffer[:8]) != prelude_crc or not headers_length + 16 <= total <= _MOST:
                self.problem = "A message of the event stream is broken (its prelude fails the checksum)."
                break
            if len(self._buffer) < total:
                break
            message = bytes(self._buffer[:total])
            del self._buffer[:total]
            if crc32(message[:-4]) != int.from_bytes(message[-4:]):
                self.problem = "A message of the event stream is broken (it fails the checksum)."
                break
            headers = _headers(message[_PRELUDE : _PRELUDE + headers_length])
            kind = headers.get(":message-type", "event")
            name = headers.get(":exception-type") or headers.get(":error-code") or headers.get(":event-type", "")
            payload = message[_PRELUDE + headers_length : -4]
            if kind == "error" and not payload:
                payload = headers.get(":error-message", "").encode()
            events.append(Event(payload, name, error=kind in ("exception", "error")))
        return events

    def finish(self) -> list[Event]:
        if self._buffer and not self.problem:
            self.problem = "The event stream ends inside a message."
        self._buffer.clear()
        return []


def _headers(data: bytes) -> dict[str, str]:
    """The string headers; others are skipped, and so is all after the first that is malformed."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        name = data[at + 1 : end]
        if end >= len(data):
            break
        kind = data[end]
        at = end + 1
        if kind in _FIXED:
            at += _FIXED[kind]
            continue
        size = int.from_bytes(data[at : at + 2])
        if kind == _STRING:
            found[name.decode(errors="replace")] = data[at + 2 : at + 2 + size].decode(errors="replace")
        at += 2 + size
    return found
