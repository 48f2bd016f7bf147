"""What went over the wire: heads, bodies, and each event of a stream with the time at which it arrived."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from llm_sidecar.exchange import Exchange
from llm_sidecar.wire import Event, decoder_for
from llm_sidecar.wire.encoding import ContentDecoder

EVENTS = 1000
"""Events on one page."""

_PIECE = re.compile(r"(?s).{1,8000}(?:\n|\Z)|.{1,8000}")


@dataclass(frozen=True, slots=True)
class Body:
    """A body for reading. `text` is None for one that is no text."""

    text: str | None
    size: int
    """Bytes, content encoding undone."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event, and the seconds from the request's end to its last byte; None where that was not kept."""

    number: int
    event: Event
    at: float | None
    after: float | None
    """Seconds since the event before it."""
    text: str


def request_body(exchange: Exchange) -> Body:
    return _body(exchange.request_body, "")


def response_body(exchange: Exchange) -> Body:
    decoder = ContentDecoder(exchange.response_headers.get("content-encoding", ""))
    return _body(decoder.feed(exchange.response_body), decoder.problem or "")


def _body(data: bytes, problem: str) -> Body:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        # The end of a body that is still arriving may be half a character.
        text = data.decode(errors="replace")
        if text.count("�") > 1 + len(text) // 100:
            return Body(None, len(data), problem)
    return Body(_indented(text), len(data), problem)


def _indented(text: str) -> str:
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def pieces(text: str) -> list[str]:
    """A text in pieces that a browser can leave out while they are not on the screen.

    They end where lines do, but for a line that is longer than a piece.
    """
    return _PIECE.findall(text)


def arrivals(exchange: Exchange, chunks: Sequence[Sequence[float]]) -> list[Arrival] | None:
    """The events of a streamed response; None for one that is no stream.

    `chunks`: [offset, seconds since the request ended] of each piece of the body as it came.
    """
    content = ContentDecoder(exchange.response_headers.get("content-encoding", ""))
    decoder = None
    found: list[Arrival] = []
    last: float | None = None
    for at, piece in _pieces(exchange.response_body, chunks):
        data = content.feed(piece)
        if decoder is None and data:
            decoder = decoder_for(exchange.response_type, data[:64], array=data[:1] == b"[")
            if decoder is None:
                return None
        for event in decoder.feed(data) if decoder else ():
            found.append(_arrival(len(found) + 1, event, at, last))
            last = at
    for event in decoder.finish() if decoder else ():
        found.append(_arrival(len(found) + 1, event, None, None))
    return found if decoder else None


def _arrival(number: int, event: Event, at: float | None, last: float | None) -> Arrival:
    after = None if at is None or last is None else at - last
    return Arrival(number, event, at, after, event.data.decode(errors="replace"))


def _pieces(body: bytes, chunks: Sequence[Sequence[float]]) -> list[tuple[float | None, bytes]]:
    if not chunks:
        return [(None, body)]
    starts = [int(offset) for offset, _ in chunks] + [len(body)]
    return [(chunks[n][1], body[starts[n] : starts[n + 1]]) for n in range(len(chunks))]
