"""Puts variables in the place of one exchange's secrets.

What capture has hidden already (`…abcd`) is found like what it has not: no export holds a secret, nor a value that
cannot be sent, whether or not redaction is on.
"""

from __future__ import annotations

from llm_sidecar.capture import redact
from llm_sidecar.export.keys import Variables

SHORTEST_ECHO = 12
"""Bytes from which a secret's value is taken out wherever else it stands."""


class Mask:
    """`before` and `after` go around a variable's name. Give it headers and URL first: they say which key it is."""

    def __init__(self, provider: str, before: str = "$", after: str = "") -> None:
        self._variables = Variables(provider)
        self._around = before.encode(), after.encode()

    def headers(self, fields: redact.Fields) -> redact.Fields:
        return redact.headers(fields, self._hide)

    def url(self, url: bytes) -> bytes:
        return redact.url(url, self._hide)

    def body(self, content: bytes, media_type: str) -> bytes:
        """A body without its content encoding. `media_type`: the Content-Type header's value."""
        return self.echoes(redact.body(content, media_type.lower(), self._hide_in_body))

    def echoes(self, data: bytes) -> bytes:
        """Without the secrets found so far, wherever they are repeated."""
        for value, name in self._variables.values().items():
            if len(value) >= SHORTEST_ECHO:
                data = data.replace(value, self._named(name))
        return data

    def _hide(self, site: bytes, value: bytes) -> bytes:
        return self._named(self._variables.name(site, value)) if value.strip() else value

    def _hide_in_body(self, site: bytes, value: bytes) -> bytes:
        return self._named(self._variables.name(site, value, body=True)) if value.strip() else value

    def _named(self, name: str) -> bytes:
        before, after = self._around
        return before + name.encode() + after
