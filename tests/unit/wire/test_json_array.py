"""A JSON array whose elements arrive one after the other."""

from __future__ import annotations

import json

from llm_sidecar.wire.event import Event
from llm_sidecar.wire.json_array import JsonArrayDecoder


def test_an_element_is_an_event_when_it_closes() -> None:
    """Nothing waits for the array's end."""
    decoder = JsonArrayDecoder()
    assert decoder.feed(b'[{"a": [1, {}]}') == [Event(b'{"a": [1, {}]}')]
    assert decoder.feed(b'\n,\r\n{"b"') == []
    assert decoder.feed(b": 2}]") == [Event(b'{"b": 2}')]
    assert decoder.finish() == []


def test_brackets_and_quotes_inside_strings_do_not_count() -> None:
    """Escapes are seen, also one that is cut between the backslash and what it escapes."""
    elements = [{"t": 'a "quoted" } ] \\'}, {"t": "[{"}]
    text = json.dumps(elements).encode()
    decoder = JsonArrayDecoder()
    found = [event for byte in text for event in decoder.feed(bytes([byte]))]
    assert [json.loads(event.data) for event in found] == elements


def test_a_cut_element_is_handed_out_and_flagged() -> None:
    """Its beginning is what had arrived of the answer."""
    decoder = JsonArrayDecoder()
    assert decoder.feed(b'[{"a":1},{"b":"par') == [Event(b'{"a":1}')]
    assert decoder.finish() == [Event(b'{"b":"par', complete=False)]


def test_memory_does_not_grow_with_the_stream() -> None:
    """What has been handed out is forgotten."""
    decoder = JsonArrayDecoder()
    decoder.feed(b"[")
    for _ in range(1000):
        decoder.feed(b'{"text": "' + b"x" * 1000 + b'"},')
    assert len(decoder._buffer) < 2000
