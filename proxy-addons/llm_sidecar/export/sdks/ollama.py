"""ollama-python: https://github.com/ollama/ollama-python."""

from __future__ import annotations

from llm_sidecar.export.asked import Asked, names, present, script
from llm_sidecar.export.literal import called

METHODS = {
    "ollama.chat": (
        "chat",
        "/api/chat",
        names("model messages tools stream think logprobs top_logprobs format options keep_alive"),
    ),
    "ollama.generate": (
        "generate",
        "/api/generate",
        names(
            """
        model prompt suffix system template context stream think logprobs top_logprobs raw format images
        options keep_alive
        """
        ),
    ),
}


def source(asked: Asked) -> str | None:
    method, endpoint, parameters = METHODS[asked.api]
    base_url = asked.base_url(endpoint)
    known, others = asked.known(parameters)
    if base_url is None or "model" not in known or others or asked.query():
        return None
    # The API streams unless told not to; the SDK does the opposite.
    streams = known.setdefault("stream", True)
    return script(
        "ollama",
        "from ollama import Client",
        called("client = Client", present(host=base_url, headers=asked.headers())),
        called(f"response = client.{method}", known),
        _PRINT_CHUNKS if streams else "print(response.model_dump_json(indent=2))",
    )


_PRINT_CHUNKS = "for chunk in response:\n    print(chunk.model_dump_json(), flush=True)"
