"""Content codings (RFC 9110 section 8.4), undone as the bytes arrive: what is there of a cut body is read too."""

from __future__ import annotations

import zlib
from typing import Protocol

import brotli
import zstandard

LIMIT = 64 * 1024 * 1024
"""Most bytes that a body may unpack to; beyond it decoding stops, so that a small body cannot fill the memory."""

_STEP = 4096
_ZSTD_STEP = 64


class _Coding(Protocol):
    def decode(self, data: bytes, room: int) -> bytes: ...


class _Zlib:
    """gzip (also several members in a row) and deflate, which some servers send without zlib's header."""

    def __init__(self, name: str) -> None:
        self._deflate = name == "deflate"
        self._bits = 16 + zlib.MAX_WBITS
        self._inflate: zlib._Decompress | None = None
        self._held = b""

    def decode(self, data: bytes, room: int) -> bytes:
        if self._deflate:
            self._held += data
            if len(self._held) < 2:
                return b""
            data, self._held, self._deflate = self._held, b"", False
            has_header = data[0] & 15 == 8 and int.from_bytes(data[:2]) % 31 == 0
            self._bits = zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
        out = b""
        while data and len(out) < room:
            self._inflate = self._inflate or zlib.decompressobj(self._bits)
            out += self._inflate.decompress(data, room - len(out))
            data = self._inflate.unused_data
            if data:
                self._inflate = None
        return out


class _Brotli:
    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    def decode(self, data: bytes, room: int) -> bytes:
        out = self._decompressor.process(data, output_buffer_limit=room)
        while len(out) < room and not self._decompressor.can_accept_more_data():
            out += self._decompressor.process(b"", output_buffer_limit=room - len(out))
        return out


class _Zstd:
    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()

    def decode(self, data: bytes, room: int) -> bytes:
        out = b""
        # The decompressor has no limit of its own, and one block of four bytes can be 128 KiB.
        for at in range(0, len(data), _ZSTD_STEP):
            if len(out) >= room:
                break
            out += self._decompressor.decompress(data[at : at + _ZSTD_STEP])
        return out


def _coding(name: str) -> _Coding | None:
    if name in ("gzip", "x-gzip", "deflate"):
        return _Zlib(name)
    if name == "br":
        return _Brotli()
    if name == "zstd":
        return _Zstd()
    return None


class ContentDecoder:
    """Undoes `Content-Encoding`. Never raises: at the first fault it stops, keeps what came, and says so."""

    def __init__(self, content_encoding: str) -> None:
        self.problem: str | None = None
        self._codings: list[_Coding] = []
        self._room = LIMIT
        for name in reversed(content_encoding.lower().split(",")):
            name = name.strip()
            if name in ("", "identity"):
                continue
            coding = _coding(name)
            if coding is None:
                self.problem = f"The body's content encoding {name!r} is not known here."
                return
            self._codings.append(coding)

    def feed(self, data: bytes) -> bytes:
        """The plain bytes that these encoded ones complete."""
        if self.problem or not self._codings:
            return b"" if self.problem else data
        out = []
        # In steps, because what a piece unpacks to is bounded only by its own size.
        for at in range(0, len(data), _STEP):
            piece = data[at : at + _STEP]
            try:
                for coding in self._codings:
                    piece = coding.decode(piece, self._room + 1)
            except (zlib.error, brotli.error, zstandard.ZstdError) as error:
                self.problem = f"The body's content encoding is broken: {error}."
                break
            out.append(piece)
            self._room -= len(piece)
            if self._room < 0:
                self.problem = f"The body unpacks to more than {LIMIT >> 20} MiB; the rest is not read."
                break
        return b"".join(out)
