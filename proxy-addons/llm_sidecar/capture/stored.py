"""What a flow shows of a body: the body without its secrets, also while it is still arriving."""

from __future__ import annotations

import re
from collections.abc import Callable

from mitmproxy import http
from mitmproxy.net import encoding

from llm_sidecar.capture import redact
from llm_sidecar.capture.vault import Secrets
from llm_sidecar.wire.encoding import ContentDecoder

Edit = tuple[int, int, bytes]
"""`body[start:end]` is shown as these bytes."""


def media_type(message: http.Message) -> str:
    return message.headers.get("content-type", "").strip().lower()


def changed(message: http.Message, content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The message's raw content after `change` of its plain content; the very same object if nothing changes.

    A body with an encoding that cannot be undone is opaque, and stays as it is.
    """
    codings = message.headers.get("content-encoding", "")
    if not codings:
        return change(content)
    plain = ContentDecoder(codings).feed(content)
    new = change(plain)
    return content if new is plain else _encoded(new, codings)


def _encoded(plain: bytes, codings: str) -> bytes:
    for name in codings.lower().split(","):
        plain = encoding.encode(plain, name.strip().removeprefix("x-"))
    return plain


class StoredBody:
    """A response's body as it is shown, for a body that grows. Never shorter than before, until it is whole.

    Looks at each line once; only what follows the last newline is looked at again. No JSON string, and so no
    secret, goes over a line's end.
    """

    def __init__(self, response: http.Response, sent: Secrets | None) -> None:
        self._response = response
        self._kind = media_type(response)
        self._secrets = Secrets()
        self._echoes = sent.echoes() if sent else {}
        self._echo = re.compile(b"|".join(map(re.escape, self._echoes))) if self._echoes else None
        self._edits: list[Edit] = []
        self._looked = 0

    def shown(self, body: bytes | bytearray, whole: bool) -> bytes:
        """What to show of what has arrived. Not `whole`: a secret that has begun is left out with what follows."""
        if self._response.headers.get("content-encoding"):
            return changed(self._response, bytes(body), lambda plain: self._plain(plain, whole))
        line_end = len(body) if whole else max(body.rfind(b"\n", self._looked) + 1, self._looked)
        done = self._find(body, self._looked, line_end)
        if not whole and done and done[-1][2] == b"":
            done.pop()
            line_end = done[-1][1] if done else self._looked
        self._edits += done
        self._looked = line_end
        return _apply(body, self._edits + self._rest(body, line_end, whole))

    def _plain(self, plain: bytes, whole: bool) -> bytes:
        edits = self._find(plain, 0, len(plain)) if whole else self._rest(plain, 0, whole)
        return _apply(plain, edits) if edits else plain

    def _rest(self, body: bytes | bytearray, start: int, whole: bool) -> list[Edit]:
        """The edits in what comes after the last whole line."""
        if whole:
            return []
        edits = self._find(body, start, len(body))
        if self._echoes and not (edits and edits[-1][1] == len(body)):
            longest = max(map(len, self._echoes)) - 1
            for at in range(max(len(body) - longest, edits[-1][1] if edits else start), len(body)):
                if any(real.startswith(body[at:]) for real in self._echoes):
                    edits.append((at, len(body), b""))
                    break
        return edits

    def _find(self, body: bytes | bytearray, start: int, end: int) -> list[Edit]:
        """The edits in `body[start:end]`; a last one by nothing is a secret that has not ended there."""
        found = [
            (s.start, s.end, self._secrets.hide(s.site, bytes(body[s.start : s.end])) if s.closed else b"")
            for s in redact.spans(body, self._kind, start, end)
            if s.start < s.end
        ]
        if self._echo:
            found += [(m.start(), m.end(), self._echoes[bytes(m[0])]) for m in self._echo.finditer(body, start, end)]
        edits: list[Edit] = []
        for edit in sorted(found):
            if not edits or edit[0] >= edits[-1][1]:
                edits.append(edit)
        return edits


def _apply(body: bytes | bytearray, edits: list[Edit]) -> bytes:
    out = bytearray()
    done = 0
    for start, end, new in edits:
        out += body[done:start]
        out += new
        done = end
    return bytes(out + body[done:]) if edits else bytes(body)
