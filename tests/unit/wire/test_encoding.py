"""Content codings, undone as the bytes arrive."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from llm_sidecar.wire import encoding
from llm_sidecar.wire.encoding import ContentDecoder

TEXT = b"".join(b'data: {"text":"token %d"}\n\n' % number for number in range(2000))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip in two members": ("gzip", lambda data: gzip.compress(data[:500]) + gzip.compress(data[500:])),
    "deflate": ("deflate", zlib.compress),
    "deflate without a header": ("deflate", raw_deflate),
    "brotli": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress),
    "two, one upon the other": ("gzip, br", lambda data: brotli.compress(gzip.compress(data))),
    "none": ("identity", lambda data: data),
}


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("name", CODINGS)
def test_however_it_is_cut(name: str, size: int) -> None:
    """The text is the same, whatever the pieces."""
    coding, pack = CODINGS[name]
    packed, decoder = pack(TEXT), ContentDecoder(coding)
    assert b"".join(decoder.feed(packed[at : at + size]) for at in range(0, len(packed), size)) == TEXT
    assert decoder.problem is None


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_of_a_cut_body_the_beginning_is_there(name: str) -> None:
    """A client that hangs up leaves half a body, and half an answer is worth reading."""
    coding, pack = CODINGS[name]
    noise = bytes(range(256)) * 4000
    packed = pack(noise + TEXT * 20)
    found = ContentDecoder(coding).feed(packed[: len(packed) // 2])
    assert found
    assert (noise + TEXT * 20).startswith(found)


def test_a_flushed_brotli_stream_is_read_before_its_end() -> None:
    """Servers flush after each event; what was flushed is there at once."""
    packer = brotli.Compressor()
    first = packer.process(b"data: 1\n\n") + packer.flush()
    assert ContentDecoder("br").feed(first) == b"data: 1\n\n"


def test_broken_bytes_are_said_and_not_raised() -> None:
    """What came before them stays."""
    decoder = ContentDecoder("gzip")
    assert decoder.feed(gzip.compress(b"good") + b"no gzip at all, by any means") == b"good" or decoder.problem
    assert decoder.problem is not None
    assert "broken" in decoder.problem
    assert decoder.feed(gzip.compress(b"late")) == b""


def test_an_unknown_coding_is_named() -> None:
    """The body is then no text to read."""
    decoder = ContentDecoder("compress")
    assert decoder.feed(b"anything") == b""
    assert decoder.problem == "The body's content encoding 'compress' is not known here."


@pytest.mark.parametrize("name", ["gzip", "brotli", "zstd"])
def test_a_bomb_goes_off_in_a_bounded_space(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small body that unpacks to far more than the limit is read up to about the limit."""
    monkeypatch.setattr(encoding, "LIMIT", 1 << 20)
    coding, pack = CODINGS[name]
    decoder = ContentDecoder(coding)
    found = decoder.feed(pack(b"\0" * (64 << 20)))
    assert len(found) < 64 << 20
    assert decoder.problem == "The body unpacks to more than 1 MiB; the rest is not read."
