"""What went over the wire."""

from __future__ import annotations

import gzip

from llm_sidecar.exchange import Exchange
from llm_sidecar.views.page import raw

EVENTS = [b"data: one\n\n", b"event: x\ndata: two\n\n", b"data: [DONE]\n\n"]


def streamed(body: bytes, **more: str) -> Exchange:
    headers = {"content-type": "text/event-stream", **more}
    return Exchange("1", "POST", "https://a/", status=200, response_headers=headers, response_body=body)


def test_an_event_has_the_time_of_its_last_byte() -> None:
    """Also one that came in two pieces, and two that came in one."""
    body = b"".join(EVENTS)
    found = raw.arrivals(streamed(body), [[0, 0.1], [5, 0.2], [len(EVENTS[0]), 0.5]])
    assert found is not None
    assert [(each.text, each.event.name, each.at) for each in found] == [
        ("one", "", 0.2), ("two", "x", 0.5), ("[DONE]", "", 0.5),
    ]  # fmt: skip
    assert [round(each.after, 3) if each.after is not None else None for each in found] == [None, 0.3, 0.0]


def test_events_inside_a_content_encoding() -> None:
    body = gzip.compress(b"".join(EVENTS))
    found = raw.arrivals(streamed(body, **{"content-encoding": "gzip"}), [[0, 0.1], [8, 0.4]])
    assert [each.text for each in found or []] == ["one", "two", "[DONE]"]


def test_times_that_were_not_kept() -> None:
    """The events are there all the same; what is no stream has none."""
    found = raw.arrivals(streamed(EVENTS[0]), [])
    assert [each.at for each in found or []] == [None]
    assert raw.arrivals(Exchange("1", "POST", "https://a/", response_body=b'{"a": 1}'), []) is None


def test_offsets_beyond_the_body() -> None:
    """A body that was shortened later, for a secret in it, does not lose its events."""
    assert len(raw.arrivals(streamed(EVENTS[0]), [[0, 0.1], [900, 0.2]]) or []) == 1


def test_bodies() -> None:
    """JSON is indented, a cut text ends in its last character, bytes are no text."""
    assert raw.request_body(Exchange("1", "POST", "https://a/", request_body=b'{"a":1}')).text == '{\n  "a": 1\n}'
    assert raw.request_body(Exchange("1", "POST", "https://a/", request_body="né".encode()[:-1])).text == "n�"
    assert raw.request_body(Exchange("1", "POST", "https://a/", request_body=bytes(range(256)))).text is None


def test_pieces_are_the_text() -> None:
    """Cut where lines end, and inside of lines only where they are longer than a piece."""
    text = "line\n" * 5000 + "x" * 20_000 + "\nend"
    pieces = raw.pieces(text)
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= 8001
    assert sum(not piece.endswith("\n") for piece in pieces) == 3
