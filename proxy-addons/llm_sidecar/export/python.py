"""A call as a Python script: with the API's official SDK where there is one, else with httpx."""

from __future__ import annotations

import base64
import json
import textwrap
from typing import Any

from llm_sidecar.call import Call
from llm_sidecar.exchange import Exchange
from llm_sidecar.export import sdks
from llm_sidecar.export.asked import Asked, code, coded, script
from llm_sidecar.export.literal import Code, called, fits
from llm_sidecar.export.request import Request

_PRINT = "print(response.text)"
_PRINT_AS_IT_COMES = """ as response:
    for text in response.iter_text():
        print(text, end="", flush=True)"""


def python(call: Call, exchange: Exchange) -> str:
    """A script that runs as it is and sends the same request. Secrets are read from environment variables.

    With an SDK, the headers that it adds by itself are its own.
    """
    request = Request(exchange, call.provider)
    body = _json(request)
    if isinstance(body, dict) and request.method == "POST":
        source = sdks.source(Asked(request, call.api, body))
        if source is not None:
            return source
    return _httpx(request, body, streams=call.request.get("stream") is True)


def _json(request: Request) -> Any:
    """The body as JSON, secrets as code; None where Python source cannot say the same."""
    try:
        value = json.loads(request.body.decode(), object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        return None
    return coded(request, value) if fits(value) else None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _httpx(request: Request, body: Any, *, streams: bool) -> str:
    headers = {name: value for name, value in request.headers.items() if name != "accept-encoding"}
    arguments: dict[str, Any] = {}
    if body is not None and "json" in request.media_type:
        arguments["json"] = body
        if request.media_type == "application/json":
            del headers["content-type"]
    elif request.body:
        arguments["content"] = _content(request)
    arguments["headers"] = {name.title(): code(request, value) for name, value in headers.items()}
    arguments["timeout"] = 600
    target = request.method, code(request, request.url)
    if not streams:
        return script("httpx", "import httpx", called("response = httpx.request", arguments, *target), _PRINT)
    return script("httpx", "import httpx", called("with httpx.stream", arguments, *target) + _PRINT_AS_IT_COMES)


def _content(request: Request) -> str | Code:
    try:
        return code(request, request.body.decode())
    except UnicodeDecodeError:
        lines = textwrap.wrap(base64.b64encode(request.plain_body()).decode(), 76)
        return Code("base64.b64decode(\n" + "".join(f'        "{line}"\n' for line in lines) + "    )")
