"""The demo: one page that asks a model. An ordinary LLM app; that a proxy may stand between, it cannot tell.

| environment variable | meaning |
|---|---|
| `OPENAI_API_KEY`      | the provider's key; not set or blank: `offline` |
| `OPENAI_BASE_URL`     | the provider, if it is not OpenAI itself |
| `OPENAI_MODEL`        | the model, `gpt-5-mini` if not set |
| `LLM_SIDECAR_WEB_URL` | where calls can be looked at; not set: answers have no link |
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import chain, islice

from flask import Flask, Response, current_app, render_template, request
from openai import OpenAI
from werkzeug.exceptions import HTTPException

from app.answers import Event, answer
from app.errors import FAILURES, explain
from app.questions import MAX_BODY, read_question, refuse_other_sites

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
TIMEOUT = 60
"""Seconds without a byte from the provider."""


def create_app(client: OpenAI | None = None) -> Flask:
    """The WSGI application. `client` is used instead of one made from the environment."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    # No repeats: a person is waiting, who would rather see the error and decide.
    app.extensions["openai"] = client or OpenAI(
        api_key=setting("OPENAI_API_KEY", "offline"),
        base_url=setting("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        timeout=TIMEOUT,
        max_retries=0,
    )
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/ask", view_func=ask, methods=["POST"])
    app.add_url_rule("/healthz", view_func=lambda: "ok\n")
    app.register_error_handler(HTTPException, on_http_error)
    app.after_request(add_headers)
    return app


def setting(name: str, default: str) -> str:
    """An environment variable; blank counts as not set."""
    return os.environ.get(name, "").strip() or default


def index() -> str:
    """The page."""
    return render_template(
        "index.html",
        offline=current_app.extensions["openai"].api_key == "offline",
        model=setting("OPENAI_MODEL", "gpt-5-mini"),
        web_url=setting("LLM_SIDECAR_WEB_URL", "").rstrip("/"),
    )


def ask() -> Response | tuple[dict[str, str], int]:
    """Answers a question with one JSON object a line, each as soon as it is there: see `app.answers.Event`.

    A failure before the first line has the status 502 or 504; one in the middle is a last line, `{"error": …}`.
    Without streaming nothing is sent before the whole answer is there.
    """
    refuse_other_sites(request)
    question = read_question(request)
    client = current_app.extensions["openai"]
    events = answer(client, setting("OPENAI_MODEL", "gpt-5-mini"), question)
    try:
        first = list(islice(events, 1) if question.stream else events)
    except FAILURES as error:
        status, line = explain(error, client)
        current_app.logger.warning(line)
        return {"error": line}, status

    def lines() -> Iterator[str]:
        try:
            for event in chain(first, events):
                yield json_line(event)
        except FAILURES as error:
            yield json_line({"error": explain(error, client)[1]})

    return Response(lines(), mimetype="application/x-ndjson")


def json_line(event: Event) -> str:
    return json.dumps(event) + "\n"


def on_http_error(error: HTTPException) -> tuple[dict[str, str], int]:
    """Every error of the app's own is one line of JSON."""
    return {"error": error.description or error.name}, error.code or 500


def add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
