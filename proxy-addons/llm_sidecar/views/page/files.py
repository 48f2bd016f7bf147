"""Files: what a conversation holds besides text, and the page's own scripts and styles."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import tornado.web

from llm_sidecar.dialects.blobs import blob_content
from llm_sidecar.exchange import Exchange
from llm_sidecar.views.page.serving import CSP, PageHandler, work
from llm_sidecar.wire.encoding import ContentDecoder

STATIC = Path(__file__).parent / "static"

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_SOUND = frozenset({"audio/mpeg", "audio/mp3", "audio/wav", "audio/ogg", "audio/flac", "audio/aac", "audio/webm"})


def media_type(stated: str, content: bytes) -> str:
    """The type to serve content under. Only raster images are ever shown, and by their own bytes, not by what was
    stated; sound may be played; all else is bytes."""
    for start, kind in _STARTS.items():
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return stated if stated in _SOUND else "application/octet-stream"


def _content(exchange: Exchange, number: int) -> tuple[str, bytes] | None:
    body = ContentDecoder(exchange.response_headers.get("content-encoding", "")).feed(exchange.response_body)
    return blob_content(dataclasses.replace(exchange, response_body=body), number)


class Blob(PageHandler):
    """`/llm/calls/ID/blob/N`. Nothing in it can act: it is sandboxed, and saved rather than opened unless an image."""

    async def get(self, id: str, number: str) -> None:
        exchange = (await self.reading(id)).exchange
        found = await work(lambda: _content(exchange, int(number)))
        if found is None:
            raise tornado.web.HTTPError(404)
        kind = media_type(*found)
        self.set_header("Content-Type", kind)
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        if not kind.startswith("image/"):
            self.set_header("Content-Disposition", f'attachment; filename="part-{number}"')
        self.finish(found[1])


class Static(tornado.web.StaticFileHandler):
    """`/llm/static/...`: holds nothing of anyone's calls, and needs no login, as mitmweb's own."""

    def initialize(self, path: str = str(STATIC), default_filename: str | None = None) -> None:
        super().initialize(path, default_filename)

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", CSP)
        self.set_header("X-Content-Type-Options", "nosniff")

    def set_extra_headers(self, path: str) -> None:
        # Revalidated each time, so that a new version of the proxy is a new version of the page.
        self.set_header("Cache-Control", "no-cache")
