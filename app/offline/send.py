"""Sending an answer: at once or as server-sent events with a pause between them, and broken where asked.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, request

from app.offline.directives import Directive
from app.offline.errors import ProviderError

PAUSE = 0.03
"""Seconds between two events."""

_never = threading.Event()


def read_json() -> dict[str, Any]:
    """The request's body. Raises ProviderError (400) where it is not a JSON object."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise ProviderError(400, "the body is not a JSON object")
    return body


def required(body: dict[str, Any], name: str) -> Any:
    """A field that must be there. Raises ProviderError (400) where it is missing or empty."""
    if not body.get(name):
        raise ProviderError(400, f"missing required parameter: {name!r}")
    return body[name]


def event(data: dict[str, Any] | str, name: str = "") -> bytes:
    """One server-sent event, with its `event:` line where it has a name."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def send_json(body: dict[str, Any], directive: Directive) -> Response:
    """The whole answer."""
    _wait(directive.first_event)
    data = json.dumps(body, ensure_ascii=False).encode()
    if directive.malformed:
        data = data[: len(data) // 2]
    parts = _cut(data) if directive.cut else iter([data])
    return Response(parts, mimetype="application/json", headers={"content-length": str(len(data))})


def send_events(events: Iterable[bytes], directive: Directive) -> Response:
    """The answer as a stream."""
    return Response(
        _paced(list(events), directive), mimetype="text/event-stream", headers={"cache-control": "no-cache"}
    )


def _paced(events: list[bytes], directive: Directive) -> Iterator[bytes]:
    _wait(directive.first_event)
    for number, data in enumerate(events):
        if number:
            _wait(PAUSE)
        if number == len(events) // 2:
            if directive.cut:
                yield from _cut(data)
            if directive.malformed:
                data = data[: len(data) // 2].rstrip() + b"\n\n"
        yield data


def _cut(data: bytes) -> Iterator[bytes]:
    """Half of the data; then the connection ends. gunicorn closes it without a word on this very error."""
    yield data[: len(data) // 2]
    raise ConnectionResetError(errno.ECONNRESET, "cut, as asked")


def _wait(seconds: float) -> None:
    _never.wait(seconds)
