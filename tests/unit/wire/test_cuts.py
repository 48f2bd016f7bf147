"""Where a body is cut on its way must not matter, for any decoder and any bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_sidecar.wire.event import Decoder, Event
from llm_sidecar.wire.eventstream import EventStreamDecoder
from llm_sidecar.wire.json_array import JsonArrayDecoder
from llm_sidecar.wire.ndjson import NdjsonDecoder
from llm_sidecar.wire.sse import SseDecoder
from tests.unit.wire.test_eventstream import GOOD, OTHER

SSE = [b"data: ", b"data:", b"data", b"event: e", b"id: 1", b"retry: 5", b": c", b"\r", b"\n", b"\r\n", b"\xef\xbb\xbf"]
SSE += ["€😀".encode(), b"\xff", b'{"a":1}', b"[DONE]", b"\0"]
JSON = [b"[", b"]", b"{", b"}", b'"', b"\\", b"\\u00e9", b",", b":", b"1", b"\n", b"\r\n", b" ", "€".encode(), b"\x1e"]
BINARY = [GOOD, OTHER, GOOD[:30], b"\0\0\0", b"\xff"]

CASES: list[tuple[Callable[[], Decoder], list[bytes]]] = [
    (SseDecoder, SSE),
    (NdjsonDecoder, JSON),
    (JsonArrayDecoder, JSON),
    (EventStreamDecoder, BINARY),
]


def decode(decoder: Decoder, pieces: list[bytes]) -> tuple[list[Event], str | None]:
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.finish(), decoder.problem


@pytest.mark.parametrize(("new", "alphabet"), CASES, ids=lambda case: getattr(case, "__name__", ""))
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_the_events_are_the_same_however_the_bytes_are_cut(
    new: Callable[[], Decoder], alphabet: list[bytes], data: st.DataObject
) -> None:
    """A body of the framing's own building blocks, in any order: at once, byte by byte, and cut at random."""
    body = b"".join(data.draw(st.lists(st.sampled_from(alphabet), max_size=40)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    whole = decode(new(), [body])
    assert decode(new(), [body[at : at + 1] for at in range(len(body))]) == whole
    assert decode(new(), pieces) == whole
