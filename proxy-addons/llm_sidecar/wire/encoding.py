"""Content codings (RFC 9110 section 8.4), undone as the bytes arrive: what is there of a cut body is read too."""

from __future__ import annotations

import zlib
from typing import Protocol

import brotli
import zstandard

LIMIT = 64 * 1024 * 1024
"""Most bytes that a body may unpack to; beyond it decoding stops, so that a small body cannot fill the memory."""

_STEP = 4096


class _Coding(Protocol):
    def decode(self, data: bytes, room: int) -> bytes: ...


class _Zlib:
    """gzip (also several members in a row) and deflate, which some servers send without zlib's header."""

    def __init__(self, name: str) -> None:
        self._gzip = name != "deflate"
        self._inflate = self._new()
        self._started = False

    def _new(self) -> zlib._Decompress:
        return zlib.decompressobj(16 + zlib.MAX_WBITS if self._gzip else zlib.MAX_WBITS)

    def decode(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and len(out) < room:
            try:
                out += self._inflate.decompress(data, room - len(out))
            except zlib.error:
                if self._gzip or self._started:
                    raise
                self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
                out += self._inflate.decompress(data, room - len(out))
            self._started = True
            data = self._inflate.unused_data
            if data:
                self._inflate = self._new()
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
        return self._decompressor.decompress(data)


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
