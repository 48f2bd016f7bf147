"""The offline model: a deterministic stand-in that answers in the wire formats of OpenAI and Anthropic.

It speaks Chat Completions, Responses and Embeddings (OpenAI), Messages (Anthropic) and the list of models, plain
and as server-sent events. It needs no key, calls nobody, and says in its text what it is. Ids and times are new
for each answer; everything else depends on the request alone.

Run it as `gunicorn -c app/gunicorn.conf.py -b 127.0.0.1:9024 'app.offline:create_app()'`. What it does on
request (errors, cuts, delays) is the table in `app/offline/directives.py`.
"""

from __future__ import annotations

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from app.offline import anthropic_messages, openai_chat, openai_embeddings, openai_responses
from app.offline.answer import new_id
from app.offline.errors import ProviderError, error_body

MODELS = ("gpt-5-mini", "text-embedding-3-small", "claude-sonnet-4-5")


def create_app() -> Flask:
    """The WSGI application."""
    app = Flask(__name__)
    for dialect in (openai_chat, openai_responses, openai_embeddings, anthropic_messages):
        app.register_blueprint(dialect.blueprint)
    app.add_url_rule("/healthz", view_func=lambda: "ok\n")
    app.add_url_rule("/v1/models", view_func=list_models)
    app.register_error_handler(ProviderError, on_provider_error)
    app.register_error_handler(HTTPException, on_http_error)
    for odd in (AttributeError, KeyError, TypeError, IndexError):
        app.register_error_handler(odd, on_odd_request)
    app.after_request(add_request_id)
    return app


def list_models() -> dict[str, object]:
    """Both providers' list at once: each client reads the fields that it knows."""
    data = [
        {
            "id": model,
            "object": "model",
            "created": 0,
            "owned_by": "offline",
            "type": "model",
            "display_name": f"{model} (offline model)",
            "created_at": "1970-01-01T00:00:00Z",
        }
        for model in MODELS
    ]
    return {"object": "list", "data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}


def on_provider_error(error: ProviderError) -> tuple[dict[str, object], int, dict[str, str]]:
    """The error in the shape of the provider whose path was asked."""
    return error_body(request.path, error.status, str(error)), error.status, error.headers


def on_http_error(error: HTTPException) -> tuple[dict[str, object], int]:
    """Flask's own 404, 405 and so on, in the provider's shape too."""
    status = error.code or 500
    message = f"{request.method} {request.path}: {error.description}"
    if status in (404, 405):
        known = sorted(rule.rule for rule in current_app.url_map.iter_rules() if rule.rule.startswith("/v1/"))
        message = f"the offline model has no {request.method} {request.path}; it has {', '.join(known)}"
    return error_body(request.path, status, message), status


def on_odd_request(error: Exception) -> tuple[dict[str, object], int]:
    """A request whose fields are not of the documented types."""
    current_app.logger.warning("%s cannot be read", request.path, exc_info=error)
    return error_body(request.path, 400, f"the request cannot be read: {error!r}"), 400


def add_request_id(response: Response) -> Response:
    """Each provider names a request in a header of its own."""
    response.headers["request-id" if request.path.startswith("/v1/messages") else "x-request-id"] = new_id("req_")
    return response
