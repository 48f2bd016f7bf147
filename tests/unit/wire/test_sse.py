"""Server-sent events, as the WHATWG standard reads them."""

from __future__ import annotations

import pytest

from llm_sidecar.wire.event import Event
from llm_sidecar.wire.sse import SseDecoder


def decode(*pieces: bytes) -> list[Event]:
    decoder = SseDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.finish()


def data(*pieces: bytes) -> list[bytes]:
    return [event.data for event in decode(*pieces)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["LF", "CR", "CRLF"])
def test_any_line_end(end: bytes) -> None:
    """LF, CR and CRLF end lines, and a blank line ends an event."""
    stream = end.join([b"data: one", b"", b"data: two", b"", b""])
    assert data(stream) == [b"one", b"two"]


def test_line_ends_may_be_mixed() -> None:
    """One stream may use all three; a CR and an LF that belong together are one end."""
    assert data(b"data: a\r\ndata: b\rdata: c\n\r\n") == [b"a\nb\nc"]


def test_a_crlf_cut_in_two_is_one_line_end() -> None:
    """The event is there at the CR; the LF that comes later does not make a blank line."""
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"\ndata: b\r\n\r") == [Event(b"a\nb")]
    assert decoder.feed(b"\ndata: c\n\n") == [Event(b"c")]


def test_several_data_lines_are_one_event() -> None:
    """They are joined with LF, and no LF follows the last."""
    assert data(b"data: first\ndata:\ndata: third\n\n") == [b"first\n\nthird"]


def test_only_one_space_after_the_colon_is_dropped() -> None:
    """No space is as good as one; of two, the second is data."""
    assert data(b"data:none\n\ndata: one\n\ndata:  two\n\n") == [b"none", b"one", b" two"]


def test_a_field_without_a_colon_has_an_empty_value() -> None:
    """`data` alone is an event with empty data."""
    assert data(b"data\n\n") == [b""]


def test_comments_and_unknown_fields_are_skipped() -> None:
    """Keep-alives begin with a colon; `retry` is for whoever reconnects."""
    assert data(b": ping\n\n: OPENROUTER PROCESSING\nretry: 10000\nfoo: bar\ndata: x\n: in between\n\n") == [b"x"]


def test_a_bom_may_lead() -> None:
    """One at the very beginning is no part of the first field, also when it arrives in pieces."""
    assert data(b"\xef\xbb\xbfdata: x\n\n") == [b"x"]
    assert data(b"\xef", b"\xbb", b"\xbfdata: x\n\n") == [b"x"]
    assert data(b"data: x\n\n\xef\xbb\xbfdata: y\n\n") == [b"x"]


def test_names_and_ids() -> None:
    """A name holds for its event only; an id holds until the next one, and one with a NUL is not taken."""
    events = decode(b"event: ping\nid: 7\ndata: a\n\ndata: b\n\nid: 8\0\ndata: c\n\nid\ndata: d\n\n")
    assert [(e.name, e.id) for e in events] == [("ping", "7"), ("", "7"), ("", "7"), ("", "")]


def test_an_event_without_data_is_none() -> None:
    """Its name does not stick to the next one."""
    assert decode(b"event: lonely\n\ndata: x\n\n") == [Event(b"x")]


def test_a_cut_event_is_handed_out_and_flagged() -> None:
    """What had arrived of the last event counts as not complete, with and without the end of its line."""
    assert decode(b"data: whole\n\ndata: par") == [Event(b"whole"), Event(b"par", complete=False)]
    assert decode(b"data: whole\n\ndata: line\n")[1] == Event(b"line", complete=False)


def test_split_utf8() -> None:
    """A character whose bytes arrive apart is whole in the event."""
    euro = "€".encode()
    assert data(b"data: " + euro[:1], euro[1:2], euro[2:] + b"\n\n") == [euro]


def test_a_long_line_in_many_pieces_takes_linear_time() -> None:
    """16 MiB in pieces of 4 KiB, without a line end until the last: each piece is looked at once."""
    decoder = SseDecoder()
    piece = b"x" * 4096
    decoder.feed(b"data: ")
    for _ in range(4096):
        assert decoder.feed(piece) == []
    [event] = decoder.feed(b"\n\n")
    assert len(event.data) == 16 * 1024 * 1024
