"""AWS's binary event stream, held against botocore's own decoder."""

from __future__ import annotations

import struct
from zlib import crc32

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from llm_sidecar.wire.event import Event
from llm_sidecar.wire.eventstream import EventStreamDecoder
from tests.unit.dialects.corpus import chosen, needs_corpus


def message(payload: bytes, **headers: str) -> bytes:
    """One message with string headers, `_` standing for `-` in their names."""
    packed = b""
    for name, value in headers.items():
        key = (":" + name.replace("_", "-")).encode()
        packed += bytes([len(key)]) + key + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    total = 12 + len(packed) + len(payload) + 4
    prelude = struct.pack(">II", total, len(packed))
    body = prelude + struct.pack(">I", crc32(prelude)) + packed + payload
    return body + struct.pack(">I", crc32(body))


GOOD = message(b'{"a":1}', message_type="event", event_type="contentBlockDelta")
OTHER = message(b'{"b":2}', message_type="event", event_type="metadata")


def test_an_event_has_its_type_and_payload() -> None:
    """As soon as its last byte is there."""
    decoder = EventStreamDecoder()
    assert decoder.feed(GOOD[:-1]) == []
    assert decoder.feed(GOOD[-1:] + OTHER) == [Event(b'{"a":1}', "contentBlockDelta"), Event(b'{"b":2}', "metadata")]
    assert decoder.finish() == []
    assert decoder.problem is None


def test_an_exception_is_marked_as_an_error() -> None:
    """Bedrock throttles in the middle of a stream this way."""
    frame = message(b'{"message":"slow down"}', message_type="exception", exception_type="throttlingException")
    assert EventStreamDecoder().feed(frame) == [Event(b'{"message":"slow down"}', "throttlingException", error=True)]


def test_an_error_without_a_payload_has_its_message() -> None:
    """The framing's own errors have it in a header."""
    frame = message(b"", message_type="error", error_code="InternalError", error_message="gone")
    assert EventStreamDecoder().feed(frame) == [Event(b"gone", "InternalError", error=True)]


def test_a_broken_message_ends_decoding_and_keeps_what_came() -> None:
    """A wrong checksum is said and never raised, whether it is in the prelude or at the end."""
    for broken in (GOOD[:-1] + b"\0", GOOD[:9] + b"\0" + GOOD[10:], b"\xff" * 40):
        decoder = EventStreamDecoder()
        assert decoder.feed(OTHER + broken + OTHER) == [Event(b'{"b":2}', "metadata")]
        assert decoder.problem is not None
        assert decoder.feed(OTHER) == []


def test_a_stream_that_ends_inside_a_message_says_so() -> None:
    """The message itself is of no use: its payload is not complete JSON."""
    decoder = EventStreamDecoder()
    decoder.feed(GOOD[:20])
    assert decoder.finish() == []
    assert decoder.problem == "The event stream ends inside a message."


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_survived(data: bytes) -> None:
    """Also after a good message."""
    decoder = EventStreamDecoder()
    assert decoder.feed(GOOD + data)[0].name == "contentBlockDelta"
    decoder.finish()


@needs_corpus
def test_recorded_streams_decode_as_in_botocore() -> None:
    """Every recorded stream that botocore takes gives the same types and payloads; those it refuses name a problem."""
    compared = 0
    for row, exchange in chosen(lambda row: row["response_body_encoding"] == "base64" and row["streaming"]):
        if exchange.response_type != "application/vnd.amazon.eventstream":
            continue
        decoder = EventStreamDecoder()
        ours = [(event.name, event.data) for event in decoder.feed(exchange.response_body)] + decoder.finish()
        buffer = EventStreamBuffer()
        buffer.add_data(exchange.response_body)
        theirs = []
        try:
            for event in buffer:
                name = event.headers.get(":exception-type") or event.headers.get(":event-type", "")
                theirs.append((name, event.payload))
        except Exception:
            assert decoder.problem is not None, row["source"]
        assert ours == theirs, row["source"]
        compared += 1
    assert compared > 60
