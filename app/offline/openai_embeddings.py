"""OpenAI Embeddings: https://platform.openai.com/docs/api-reference/embeddings

A vector is the hash of its text, scaled to length 1: the same for the same text, and without meaning.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import struct
from typing import Any

from flask import Blueprint, Response

from app.offline.answer import count_tokens
from app.offline.directives import read_directive
from app.offline.errors import ProviderError
from app.offline.send import read_json, required, send_json

blueprint = Blueprint("openai_embeddings", __name__)


@blueprint.post("/v1/embeddings")
def create() -> Response:
    """A vector for each input: a text, a list of texts, tokens, or a list of token lists."""
    body = read_json()
    given = required(body, "input")
    whole = isinstance(given, str) or isinstance(given[0], int)
    texts = [item if isinstance(item, str) else json.dumps(item) for item in ([given] if whole else given)]
    directive = read_directive("\n".join(texts))
    directive.raise_for_status()
    dimensions = body.get("dimensions") or 1536
    if not isinstance(dimensions, int) or not 1 <= dimensions <= 4096:
        raise ProviderError(400, "'dimensions' has to be a number from 1 to 4096")
    tokens = sum(map(count_tokens, texts))
    return send_json(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": n, "embedding": _encoded(vector(text, dimensions), body)}
                for n, text in enumerate(texts)
            ],
            "model": required(body, "model"),
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        },
        directive,
    )


def vector(text: str, dimensions: int) -> list[float]:
    """The text's vector, of length 1."""
    digest = hashlib.shake_256(text.encode()).digest(2 * dimensions)
    numbers = struct.unpack(f"<{dimensions}h", digest)
    length = math.hypot(*numbers) or 1.0
    return [number / length for number in numbers]


def _encoded(numbers: list[float], body: dict[str, Any]) -> list[float] | str:
    """As `encoding_format` says: numbers, or base64 of little-endian 32-bit floats."""
    if body.get("encoding_format") == "base64":
        return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    return numbers
