"""Makes exchanges and their calls, as an app's requests would."""

from __future__ import annotations

import json
from typing import Any

from llm_sidecar.call import Call
from llm_sidecar.dialects.reader import read
from llm_sidecar.exchange import Exchange

JSON = "application/json"


def exchange(url: str, body: Any = None, headers: dict[str, str] | None = None, method: str = "POST") -> Exchange:
    """A request; `body` that is not bytes goes as JSON."""
    given = {"host": "example.com", "accept": "*/*", "user-agent": "app/1", **(headers or {})}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode()
        given.setdefault("content-type", JSON)
    return Exchange("0f1e2d3c-aaaa", method, url, given, body or b"", complete=False)


def call(exchange: Exchange, api: str = "other", provider: str = "openai") -> Call:
    """What the dialects read in it; a call of `api` where none knows it."""
    return read(exchange) or Call(api, "chat", provider)
