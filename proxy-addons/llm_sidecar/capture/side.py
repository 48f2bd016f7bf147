"""The two sides of a message: what the wire has, and what the flow shows of it."""

from __future__ import annotations

import copy
import dataclasses
import logging
from typing import TypeVar

from mitmproxy import http

from llm_sidecar.capture import redact
from llm_sidecar.capture.stored import changed, media_type
from llm_sidecar.capture.vault import ELLIPSIS, Secrets

Head = tuple[redact.Fields, bytes]
"""Header fields, and the path with the query, b"" for a response."""
M = TypeVar("M", http.Request, http.Response)

logger = logging.getLogger(__name__)


class Side:
    """One message of a flow: what the wire has, what the flow shows."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self.forgotten = False
        """A short form without its real value was met in a request that is sent again."""
        self._shown_head: Head = ((), b"")
        self._real_head: Head = self._shown_head
        self._shown_content: bytes | None = None
        self._real_content = b""

    def hide_head(self, message: http.Message, resent: bool = False) -> None:
        """Hide the secrets in the headers and the URL. `resent`: what is a short form already stays one."""
        self._real_head = _head(message)
        fields, path = self._real_head
        # Should the search fail, nothing is shown. The wire gets the real head all the same.
        shown: Head = (), b"/"
        try:
            hide = self._hide(resent)
            shown = redact.headers(fields, hide), redact.url(path, hide)
        except Exception:
            logger.exception("Headers could not be searched for secrets and are not shown. They pass unchanged.")
        self._shown_head = shown
        if resent:
            reveal = self._secrets.reveal
            self._real_head = redact.headers(shown[0], reveal), redact.url(shown[1], reveal)
        _set_head(message, *shown)

    def hide_content(self, message: http.Message, resent: bool = False) -> None:
        """Hide the secrets in the body."""
        if not (content := message.data.content):
            return
        shown = b""
        try:
            kind, hide = media_type(message), self._hide(resent)
            shown = changed(message, content, lambda plain: redact.body(plain, kind, hide))
        except Exception:
            logger.exception("A body could not be searched for secrets and is not shown. It passes unchanged.")
        if shown is not content:
            message.data.content = shown
            if not resent:
                self._shown_content, self._real_content = shown, content

    def real(self, message: M) -> M:
        """The message for the wire, without its body: a copy with the real head, where that differs."""
        head = _head(message)
        fields, path = head
        if head == self._shown_head:
            real_fields, real_path = self._real_head
        else:
            # Somebody edited it. What is left of the short forms counts.
            reveal = self._secrets.reveal
            real_fields, real_path = redact.headers(fields, reveal), redact.url(path, reveal)
        content = message.data.content
        if content and content is not self._shown_content and (length := len(self.content(message))) != len(content):
            real_fields = tuple((n, b"%d" % length if n.lower() == b"content-length" else v) for n, v in real_fields)
        if (real_fields, real_path) == head:
            return message
        sent = copy.copy(message)
        sent.data = dataclasses.replace(message.data, headers=http.Headers(real_fields))
        _set_head(sent, real_fields, real_path)
        return sent

    def content(self, message: http.Message) -> bytes:
        """The real body."""
        content = message.data.content or b""
        if content is self._shown_content:
            return self._real_content
        if not self._secrets:
            return content
        kind, reveal = media_type(message), self._secrets.reveal
        return changed(message, content, lambda plain: redact.body(plain, kind, reveal))

    def _hide(self, resent: bool) -> redact.Replace:
        def hide(site: bytes, value: bytes) -> bytes:
            if resent and value.startswith(ELLIPSIS):
                self.forgotten |= not self._secrets.knows(site, value)
                return value
            return self._secrets.hide(site, value)

        return hide


def _head(message: http.Message) -> Head:
    return message.headers.fields, getattr(message.data, "path", b"")


def _set_head(message: http.Message, fields: redact.Fields, path: bytes) -> None:
    message.headers.fields = fields
    if isinstance(message, http.Request):
        message.data.path = path
