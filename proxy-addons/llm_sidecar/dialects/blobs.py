"""The content of a call's blobs, which calls themselves do not hold: it is read again from the exchange."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator

from llm_sidecar.call import Call, Json, Part
from llm_sidecar.dialects.parts import KEEP_CONTENT
from llm_sidecar.dialects.reader import read
from llm_sidecar.exchange import Exchange


def blobs(call: Call) -> Iterator[Part]:
    """The blob parts of a call in the order in which it shows them, also those inside tool results."""
    yield from _in(call.system_instructions)
    for message in (*call.input_messages, *call.output_messages):
        yield from _in(message["parts"])


def blob_content(exchange: Exchange, index: int) -> tuple[str, bytes] | None:
    """Media type and bytes of the blob that is number `index` (from 0) of `blobs`; None where there is no such blob.

    A media type that the request did not say is application/octet-stream; content that is no base64 is None too.
    """
    token = KEEP_CONTENT.set(True)
    try:
        call = read(exchange)
    finally:
        KEEP_CONTENT.reset(token)
    if call is None:
        return None
    for number, blob in enumerate(blobs(call)):
        if number == index:
            try:
                return blob.get("mime_type") or "application/octet-stream", b64decode(blob["content"])
            except (binascii.Error, ValueError):
                return None
    return None


def _in(value: Json) -> Iterator[Part]:
    if isinstance(value, dict):
        if value.get("type") == "blob" and "size" in value:
            yield value
        else:
            for child in value.values():
                yield from _in(child)
    elif isinstance(value, list):
        for child in value:
            yield from _in(child)
