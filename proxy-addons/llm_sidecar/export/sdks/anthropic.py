"""anthropic-sdk-python: https://github.com/anthropics/anthropic-sdk-python."""

from __future__ import annotations

from llm_sidecar.export.asked import Asked, names, present, script
from llm_sidecar.export.literal import called

OWN_BASE_URL = "https://api.anthropic.com"
PARAMETERS = names(
    "max_tokens messages model metadata service_tier stop_sequences stream system thinking tool_choice tools"
)
"""Those of every version. Newer ones send temperature, top_k and top_p only in `extra_body`."""
_REQUIRED = frozenset(("max_tokens", "messages", "model"))
_OWN_VERSION = "2023-06-01"
_LONG = 8_000
"""max_tokens from which the SDK wants a timeout to be named, when nothing is streamed."""


def source(asked: Asked) -> str | None:
    base_url = asked.base_url("/v1/messages")
    known, others = asked.known(PARAMETERS)
    if base_url is None or not known.keys() >= _REQUIRED:
        return None
    key, token = asked.header("x-api-key"), asked.header("authorization")
    if not key and base_url == OWN_BASE_URL and "oauth" not in asked.request.headers.get("anthropic-beta", ""):
        # Newer SDKs send the API key as a Bearer token.
        key, token = token, None
    own = ["x-api-key", "authorization", "anthropic-dangerous-direct-browser-access"]
    if asked.request.headers.get("anthropic-version") == _OWN_VERSION:
        own.append("anthropic-version")
    if not asked.streams and isinstance(known["max_tokens"], int) and known["max_tokens"] > _LONG:
        known["timeout"] = 600
    known |= present(extra_headers=asked.headers(*own), extra_query=asked.query(), extra_body=others)
    client = present(
        api_key=key or (None if token else "unused"),
        auth_token=token,
        base_url=None if base_url == OWN_BASE_URL else base_url,
    )
    return script(
        "anthropic",
        "from anthropic import Anthropic",
        called("client = Anthropic", client),
        called("message = client.messages.create", known),
        _PRINT_EVENTS if asked.streams else "print(message.model_dump_json(indent=2))",
    )


_PRINT_EVENTS = "for event in message:\n    print(event.model_dump_json(), flush=True)"
