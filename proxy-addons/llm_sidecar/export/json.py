"""A call as the JSON of the API, with its messages."""

from __future__ import annotations

import json
from typing import Any

from llm_sidecar import otel
from llm_sidecar.call import Call
from llm_sidecar.exchange import Exchange
from llm_sidecar.export.mask import Mask


def call_json(call: Call, exchange: Exchange, fields: dict[str, Any]) -> bytes:
    """The contract's CALL, laid out for reading. `fields`: those that come from elsewhere (its run, a retry)."""
    mask = Mask(call.provider)
    headers = exchange.request_headers
    mask.headers(
        tuple((name.encode(errors="replace"), value.encode(errors="replace")) for name, value in headers.items())
    )
    mask.body(exchange.request_body, headers.get("content-type", ""))
    found = otel.to_json(call, exchange, messages=True) | fields
    found["url.full"] = mask.url(exchange.url.encode(errors="replace")).decode()
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return mask.body(text.encode(errors="replace"), "application/json")
