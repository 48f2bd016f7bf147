"""What went wrong at the provider, in one line for the person at the page."""

from __future__ import annotations

import json

import openai
from openai import OpenAI

from app.answers import AnswerError

GARBAGE = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RuntimeError)
"""What the client raises on an answer that is not of the documented form."""

FAILURES = (openai.OpenAIError, AnswerError, *GARBAGE)
MAX_LINE = 300


def explain(error: Exception, client: OpenAI) -> tuple[int, str]:
    """The status of the page's own request (502, or 504 after a timeout), and the line."""
    host = client.base_url.host
    match error:
        case openai.APITimeoutError():
            return 504, f"{host} did not answer in time. Try again later."
        case openai.APIConnectionError():
            return 502, one_line(f"The connection to {host} failed: {root_cause(error)}")
        case openai.AuthenticationError():
            return 502, f"{host} does not accept the API key (401). Set OPENAI_API_KEY to a valid one."
        case openai.RateLimitError():
            after = error.response.headers.get("retry-after")
            when = f"in {after} s" if after else "later"
            return 502, one_line(f"{host} has had too many requests (429). Try again {when}. It says: {said(error)}")
        case openai.APIStatusError():
            return 502, one_line(f"{host} answered with status {error.status_code}: {said(error)}")
        case openai.OpenAIError() | AnswerError():
            return 502, one_line(f"{host}: {error}")
    return 502, f"The answer of {host} cannot be read ({type(error).__name__}): it is not what the API documents."


def said(error: openai.APIStatusError) -> str:
    """The provider's own message, or the start of what it sent instead."""
    if isinstance(error.body, dict) and "message" in error.body:
        return str(error.body["message"])
    return error.body if isinstance(error.body, str) else json.dumps(error.body)


def root_cause(error: BaseException) -> str:
    """The first error of the chain: "Connection refused" rather than "Connection error."."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return str(error) or type(error).__name__


def one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_LINE else f"{text[: MAX_LINE - 1]}…"
