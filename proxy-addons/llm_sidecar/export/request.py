"""A request as it can be sent again: secrets taken out, and nothing that a client adds by itself."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from llm_sidecar.exchange import Exchange
from llm_sidecar.export.mask import Mask

TRANSPORT = frozenset(
    ("host", "content-length", "content-encoding", "expect", "connection", "keep-alive", "proxy-connection",
     "proxy-authorization", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings")
)  # fmt: skip
"""Headers of the connection or of the body's form on the wire, not of what is asked (RFC 9110, 7.6.1)."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CODINGS = ("gzip", "deflate", "br", "zstd", "identity", "none")


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that holds a secret."""

    name: str


class Request:
    """What an exchange asked for. Its strings hold marks where secrets stood: `split` finds them.

    `headers`: names in lower case, without `TRANSPORT`'s. `body`: content encoding undone.
    """

    def __init__(self, exchange: Exchange, provider: str) -> None:
        # Random, so that nothing in the traffic can pass for a mark.
        mark = uuid.uuid4().hex
        self._mark = re.compile(f"{mark}([A-Z0-9_]+?){mark}")
        mask = Mask(provider, mark, mark)
        self.method = exchange.method
        self.headers = _headers(exchange, mask)
        self.url = mask.url(_bytes(exchange.url)).decode(errors="surrogateescape")
        self.media_type = exchange.request_headers.get("content-type", "").lower()
        self.body = mask.body(exchange.request_body, self.media_type)

    def split(self, text: str) -> list[str | Variable]:
        """The text's pieces in order, with a `Variable` at each secret's place. No piece is empty."""
        pieces = self._mark.split(text)
        return [Variable(piece) if i % 2 else piece for i, piece in enumerate(pieces) if piece]

    def plain_body(self) -> bytes:
        """The body with `$NAME` at each secret's place: for bodies in which no variable can be read."""
        return _bytes(self._mark.sub(r"$\1", self.body.decode(errors="surrogateescape")))


def _headers(exchange: Exchange, mask: Mask) -> dict[str, str]:
    named = exchange.request_headers.get("connection", "").lower().split(",")
    dropped = TRANSPORT.union(name.strip() for name in named)
    if exchange.request_headers.get("content-encoding", "none").strip().lower() not in _CODINGS:
        # A coding that the proxy does not know: the body is still in it.
        dropped -= {"content-encoding"}
    kept = tuple(
        (_bytes(name), _bytes(value))
        for name, value in exchange.request_headers.items()
        if name not in dropped and _TOKEN.fullmatch(name)
    )
    return {name.decode(): value.decode(errors="surrogateescape") for name, value in mask.headers(kept)}


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
