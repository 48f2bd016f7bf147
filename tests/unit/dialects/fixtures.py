"""Exchanges made by hand, one folder each: `tests/fixtures/<api>/<case>/`.

`exchange.json` has what is neither body; `request.json` (or `.form`) and `response.json`, `.sse`, `.ndjson` or `.b64`
(base64) are the bodies; `expected.json` is the call that must come out. To write the latter anew, then look at what
changed:

    UPDATE_FIXTURES=1 .venv/bin/python -m pytest tests/unit/dialects/test_fixtures.py; git diff tests/fixtures
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from llm_sidecar.exchange import Exchange

FOLDER = Path(__file__).parents[2] / "fixtures"
UPDATE = bool(os.environ.get("UPDATE_FIXTURES"))


def cases() -> list[str]:
    """The cases as `<api>/<case>`."""
    return sorted(str(path.parent.relative_to(FOLDER)) for path in FOLDER.glob("*/*/exchange.json"))


def load(case: str) -> Exchange:
    """The exchange of a case, at fixed times."""
    folder = FOLDER / case
    about = json.loads((folder / "exchange.json").read_text())
    request = next(folder.glob("request.*"), None)
    [response] = folder.glob("response.*")
    body = response.read_bytes()
    return Exchange(
        id=case,
        method=about["method"],
        url=about["url"],
        request_headers=about["request_headers"],
        request_body=request.read_bytes() if request else b"",
        status=about["status"],
        response_headers=about["response_headers"],
        response_body=base64.b64decode(body) if response.suffix == ".b64" else body,
        started=1_790_000_000.0,
        request_ended=1_790_000_000.25,
        first_chunk=1_790_000_000.75,
        ended=1_790_000_002.0,
        complete=about.get("complete", True),
        error=about.get("error"),
    )


def expected(case: str, call: dict[str, Any]) -> dict[str, Any]:
    """What the case's file says; with UPDATE_FIXTURES, what `call` says, which is then in the file."""
    file = FOLDER / case / "expected.json"
    if UPDATE:
        file.write_text(json.dumps(call, indent=2, ensure_ascii=False) + "\n")
    return json.loads(file.read_text())
