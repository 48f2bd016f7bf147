"""The recorded exchanges beside the project, where they are: data that tests read and the project does not contain."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llm_sidecar.exchange import Exchange

ROOT = Path(__file__).parents[3]
FILE = Path(os.environ.get("SHARED_DIR") or ROOT.parent / "shared") / "corpus" / "exchanges.jsonl.gz"

needs_corpus = pytest.mark.skipif(
    not FILE.exists(), reason=f"no recorded exchanges at {FILE}; name their directory's parent in SHARED_DIR"
)


@cache
def recorded() -> list[tuple[dict[str, Any], Exchange]]:
    """Each row as it is in the file, and as an exchange."""
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        return [(row, _exchange(row)) for row in map(json.loads, lines)]


def chosen(wanted: Callable[[dict[str, Any]], bool]) -> list[tuple[dict[str, Any], Exchange]]:
    """The recordings whose row `wanted` says yes to."""
    return [(row, exchange) for row, exchange in recorded() if wanted(row)]


def _exchange(row: dict[str, Any]) -> Exchange:
    return Exchange(
        id=row["source"],
        method=row["method"],
        url=row["url"],
        request_headers=_headers(row["request_headers"]),
        request_body=_body(row["request_body"], row["request_body_encoding"]),
        status=row["status"],
        response_headers=_headers(row["response_headers"]),
        response_body=_body(row["response_body"], row["response_body_encoding"]),
        started=1_780_000_000.0,
        request_ended=1_780_000_000.5,
        first_chunk=1_780_000_001.0,
        ended=1_780_000_003.0,
    )


def _headers(headers: dict[str, Any] | None) -> dict[str, str]:
    joined = {name: value if isinstance(value, str) else ", ".join(value) for name, value in (headers or {}).items()}
    return {name.lower(): value for name, value in joined.items()}


def _body(body: str | None, encoding: str | None) -> bytes:
    if body is None:
        return b""
    return base64.b64decode(body) if encoding == "base64" else body.encode("utf-8", "surrogatepass")
