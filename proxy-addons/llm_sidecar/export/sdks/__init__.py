"""Official SDKs: for each API, how its client is made and called. To add one: a module, and its place in `_SOURCES`."""

from __future__ import annotations

from collections.abc import Callable

from llm_sidecar.export.asked import Asked
from llm_sidecar.export.sdks import anthropic, bedrock, cohere, google, ollama, openai

_SOURCES: dict[str, Callable[[Asked], str | None]] = {
    "openai.chat": openai.source,
    "openai.responses": openai.source,
    "openai.completions": openai.source,
    "openai.embeddings": openai.source,
    "anthropic.messages": anthropic.source,
    "gemini.generate_content": google.source,
    "cohere.chat": cohere.source,
    "bedrock.converse": bedrock.source,
    "bedrock.invoke": bedrock.source,
    "ollama.chat": ollama.source,
    "ollama.generate": ollama.source,
}


def source(asked: Asked) -> str | None:
    """The script that sends this with its API's SDK; None when the SDK cannot send it as it is."""
    found = _SOURCES.get(asked.api)
    return found(asked) if found else None
