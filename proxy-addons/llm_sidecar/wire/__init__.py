"""From bytes to events, incrementally: one decoder for each framing that providers stream in."""

from __future__ import annotations

from llm_sidecar.wire.event import Decoder, Event
from llm_sidecar.wire.eventstream import EventStreamDecoder
from llm_sidecar.wire.json_array import JsonArrayDecoder
from llm_sidecar.wire.ndjson import NdjsonDecoder
from llm_sidecar.wire.sse import SseDecoder

__all__ = ["Decoder", "Event", "decoder_for"]

_BY_MEDIA_TYPE: dict[str, type[Decoder]] = {
    "text/event-stream": SseDecoder,
    "application/vnd.amazon.eventstream": EventStreamDecoder,
    "application/x-ndjson": NdjsonDecoder,
    "application/ndjson": NdjsonDecoder,
    "application/jsonl": NdjsonDecoder,
    "application/x-jsonlines": NdjsonDecoder,
    "application/stream+json": NdjsonDecoder,
    "application/json-seq": NdjsonDecoder,
}
_SSE_STARTS = (b"data:", b"event:", b"id:", b"retry:", b": ", b":\n", b":\r")


def decoder_for(media_type: str, start: bytes, *, array: bool = False, lines: bool = False) -> Decoder | None:
    """The decoder for a body of this media type that begins with `start`; None for one that is no stream.

    Servers mislabel streams, so a body that begins as an event stream is one, and one that begins as JSON (an
    error, at Google) is none. `array`: a JSON array in this place is a stream of its elements. `lines`: JSON that is
    not labelled as JSON is a line of a stream.
    """
    head = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    plain = media_type == "text/event-stream" and head.startswith((b"{", b"["))
    if media_type in _BY_MEDIA_TYPE and not plain:
        return _BY_MEDIA_TYPE[media_type]()
    if head.startswith(_SSE_STARTS):
        return SseDecoder()
    if lines and "json" not in media_type and head.startswith(b"{"):
        return NdjsonDecoder()
    if not media_type and start.startswith(b"\0\0"):
        return EventStreamDecoder()
    if array and head.startswith(b"["):
        return JsonArrayDecoder()
    return None
