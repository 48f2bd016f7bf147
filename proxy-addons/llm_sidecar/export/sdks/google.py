"""google-genai: https://github.com/googleapis/python-genai, with the Gemini Developer API."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from llm_sidecar.export.asked import Asked, names, present, script
from llm_sidecar.export.literal import called

OWN_BASE_URL = "https://generativelanguage.googleapis.com"
PARAMETERS = names(
    """
    temperature top_p top_k candidate_count max_output_tokens stop_sequences response_logprobs logprobs
    presence_penalty frequency_penalty seed response_mime_type response_modalities media_resolution
    """
)
"""Fields of the wire's generationConfig that GenerateContentConfig sends on as they are.

It rewrites those that are objects (schemas, thinking, speech): they go as `extra_body`, and so exactly as they were.
"""

_PATH = re.compile(r"(.*)/(v\d\w*)/models/([^/]+):(generateContent|streamGenerateContent)")
_PARTS = names(
    """
        text thought thoughtSignature inlineData fileData functionCall functionResponse executableCode
        codeExecutionResult videoMetadata
        """
)


def source(asked: Asked) -> str | None:
    found = _PATH.fullmatch(asked.path)
    contents = asked.body.get("contents")
    if not found or not _sendable(contents):
        return None
    base_url = asked.origin + found[1]
    http_options: dict[str, Any] = present(
        base_url=None if base_url == OWN_BASE_URL else base_url,
        api_version=None if found[2] == "v1beta" else found[2],
        headers=asked.headers("x-goog-api-key", "x-goog-api-client", "x-server-timeout"),
    )
    config, extra_body = _config(asked.body)
    if extra_body:
        config["http_options"] = {"extra_body": extra_body}
    key = asked.header("x-goog-api-key") or asked.query().get("key")
    streams = found[4] == "streamGenerateContent"
    return script(
        "google-genai",
        "from google import genai",
        called("client = genai.Client", present(api_key=key or "unused", http_options=http_options)),
        called(
            f"response = client.models.generate_content{'_stream' if streams else ''}",
            present(model=unquote(found[3]), contents=contents, config=config),
        ),
        _PRINT_CHUNKS if streams else "print(response.model_dump_json(indent=2, exclude_none=True))",
    )


_PRINT_CHUNKS = "for chunk in response:\n    print(chunk.model_dump_json(exclude_none=True), flush=True)"


def _config(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """GenerateContentConfig's fields, and what of the body is none of them."""
    config: dict[str, Any] = {}
    extra_body: dict[str, Any] = {}
    generation = body.get("generationConfig")
    for name, value in (generation if isinstance(generation, dict) else {}).items():
        if _snake(name) in PARAMETERS and value is not None:
            config[_snake(name)] = value
        else:
            extra_body.setdefault("generationConfig", {})[name] = value
    for name, value in body.items():
        if name == "systemInstruction" and _sendable([value]):
            config["system_instruction"] = value
        elif name == "cachedContent" and value:
            config["cached_content"] = value
        elif name != "contents" and (name != "generationConfig" or not isinstance(value, dict)):
            extra_body[name] = value
    return config, extra_body


def _sendable(contents: Any) -> bool:
    """The SDK refuses contents with fields that it does not know."""
    return isinstance(contents, list) and all(
        isinstance(content, dict)
        and content.keys() <= {"role", "parts"}
        and isinstance(content.get("parts"), list)
        and all(isinstance(part, dict) and part.keys() <= _PARTS for part in content["parts"])
        for content in contents
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
