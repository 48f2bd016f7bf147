"""The real values of what is hidden in flows, in memory only: gone with the process.

A flow names its `Secrets` by a random id in `flow.metadata`, so that a copy of the flow finds them too.
"""

from __future__ import annotations

import re
import uuid
from collections import OrderedDict

from mitmproxy import flow

from llm_sidecar.capture import secret_names as names

ID = "llm_sidecar.secrets"
"""In `flow.metadata`: names the real values of this flow."""

ELLIPSIS = "…".encode()
_OPEN = b"offline"
"""The key that is none."""
_SHORTEST_WITH_TAIL = 16
_SHORTEST_ECHO = 12
_TAIL = re.compile(rb"[A-Za-z0-9_-]{4}\Z")
_MOST_FLOWS = 20_000
_MOST_BYTES = 32 * 1024 * 1024


class Secrets:
    """The secrets of one request: what is shown for each, and the real value behind what is shown."""

    def __init__(self) -> None:
        self._real: dict[tuple[bytes, bytes], bytes] = {}
        self.size = 0
        """Bytes of memory, about."""
        self.counted = 0

    def __bool__(self) -> bool:
        return bool(self._real)

    def hide(self, site: bytes, value: bytes) -> bytes:
        """The short form to show for a value, the same each time, and no two values' the same at one site."""
        if not value.strip() or value.strip() == _OPEN:
            return value
        first = shown = short_form(site, value)
        n = 2
        while self._real.get((site, shown), value) != value:
            shown = first + b"~%d" % n
            n += 1
        if (site, shown) not in self._real:
            self._real[site, shown] = value
            self.size += len(site) + len(shown) + len(value) + 200
        return shown

    def reveal(self, site: bytes, shown: bytes) -> bytes:
        """The real value behind a short form; anything else as it is."""
        return self._real.get((site, shown), shown)

    def knows(self, site: bytes, shown: bytes) -> bool:
        return (site, shown) in self._real

    def echoes(self) -> dict[bytes, bytes]:
        """Real value -> short form, of those long enough to be looked for in any text."""
        return {real: shown for (_, shown), real in self._real.items() if len(real) >= _SHORTEST_ECHO}


def short_form(site: bytes, value: bytes) -> bytes:
    """`…abcd`, or `…` for what is short or must not be shown even in part."""
    if len(value) < _SHORTEST_WITH_TAIL or site.decode(errors="replace") in names.NO_TAIL:
        return ELLIPSIS
    tail = _TAIL.search(value)
    return ELLIPSIS + tail[0] if tail else ELLIPSIS


class Vault:
    """`Secrets` by id; the least recently used are forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Secrets] = OrderedDict()
        self._size = 0

    def of(self, flow: flow.Flow) -> Secrets | None:
        """The flow's secrets; None when it has none, or when they are forgotten."""
        id = str(flow.metadata.get(ID))
        if secrets := self._kept.get(id):
            self._kept.move_to_end(id)
        return secrets

    def put(self, flow: flow.Flow, secrets: Secrets) -> None:
        """Keep these, new or grown, as the flow's."""
        id = flow.metadata.setdefault(ID, uuid.uuid4().hex)
        self._size -= self._kept.pop(id, secrets).counted if id in self._kept else 0
        secrets.counted = secrets.size
        self._kept[id] = secrets
        self._size += secrets.size
        while len(self._kept) > 1 and (len(self._kept) > _MOST_FLOWS or self._size > _MOST_BYTES):
            self._size -= self._kept.popitem(last=False)[1].counted
