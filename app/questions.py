"""What the page sends, checked. Errors are HTTP errors whose description is for the person at the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request
from werkzeug.exceptions import BadRequest, Forbidden, RequestEntityTooLarge, UnsupportedMediaType

MAX_PROMPT = 32 * 1024
MAX_BODY = 8 * MAX_PROMPT
"""JSON may take six bytes for one of the prompt's."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
TOO_LONG = f"The prompt is too long: {MAX_PROMPT // 1024} KiB is the most. Shorten it."


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and how to ask it."""

    prompt: str
    api: str
    """`chat` (Chat Completions) or `responses`."""
    stream: bool
    tools: bool
    """Whether the model may call the app's tool."""


def refuse_other_sites(request: Request) -> None:
    """Raises 403 for a request that another site's page made (CSRF).

    Every current browser says where a request comes from in Sec-Fetch-Site, older ones in Origin; a page cannot
    forge either. What sends neither is no browser, and nobody's cookies or network position can be abused with
    it. https://developer.mozilla.org/en-US/docs/Web/HTTP/Headers/Sec-Fetch-Site
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    same = site == "same-origin" if site else origin is None or urlsplit(origin).netloc == request.host
    if not same:
        raise Forbidden("This request came from another site's page. Ask from the app's own page.")


def read_question(request: Request) -> Question:
    """The question in the request's JSON body. Raises 400, 413 or 415."""
    try:
        body = request.get_json()
    except RequestEntityTooLarge:
        raise RequestEntityTooLarge(TOO_LONG) from None
    except UnsupportedMediaType:
        raise UnsupportedMediaType("Send JSON, with the header Content-Type: application/json.") from None
    except BadRequest:
        raise BadRequest("The request is not JSON in UTF-8.") from None
    if not isinstance(body, dict) or not isinstance(prompt := body.get("prompt"), str):
        raise BadRequest("The request has no prompt: send a JSON object with a text of that name.")
    if control := CONTROL.search(prompt):
        code = f"U+{ord(control[0]):04X}"
        raise BadRequest(f"The prompt is not text: it has the character {code}. Paste text, not binary data.")
    if not prompt.strip():
        raise BadRequest("The prompt is empty. Write something to ask.")
    if len(prompt.encode()) > MAX_PROMPT:
        raise RequestEntityTooLarge(TOO_LONG)
    if (api := body.get("api", "chat")) not in ("chat", "responses"):
        raise BadRequest("There is no such API here: choose chat or responses.")
    return Question(prompt, api, stream=body.get("stream", True) is True, tools=body.get("tools") is True)
