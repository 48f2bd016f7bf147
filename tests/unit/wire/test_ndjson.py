"""One JSON value a line."""

from __future__ import annotations

from llm_sidecar.wire.event import Event
from llm_sidecar.wire.ndjson import NdjsonDecoder


def test_a_line_is_an_event_as_soon_as_it_ends() -> None:
    """Blank lines, CRs and record separators are no part of a value."""
    decoder = NdjsonDecoder()
    assert decoder.feed(b'{"a":') == []
    assert decoder.feed(b'1}\r\n\n \x1e{"b":2}\n{"c"') == [Event(b'{"a":1}'), Event(b'{"b":2}')]
    assert decoder.finish() == [Event(b'{"c"', complete=False)]


def test_the_last_line_needs_no_end() -> None:
    """Servers leave it out: the value is handed out, flagged, since it may as well be cut."""
    decoder = NdjsonDecoder()
    decoder.feed(b'{"done":true}')
    assert decoder.finish() == [Event(b'{"done":true}', complete=False)]
    assert decoder.finish() == []
