"""A call as flat JSON: the OpenTelemetry GenAI attributes by their full names, and a few of ours.

semantic-conventions-genai, status Development, as of autumn 2026.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from llm_sidecar.call import Call
from llm_sidecar.cost import cost_usd
from llm_sidecar.dialects.jsons import well_formed
from llm_sidecar.exchange import Exchange

_LARGE = ("llm_sidecar.usage", "llm_sidecar.output_schema", "llm_sidecar.request.other", "llm_sidecar.response.other")
"""Attributes that only a call of its own shows."""


def to_json(call: Call, exchange: Exchange, *, messages: bool = False) -> dict[str, Any]:
    """The call's attributes. `messages`: with its messages, tool definitions and all that the provider said besides."""
    found: dict[str, Any] = {"id": exchange.id}
    found |= _transport(call, exchange)
    found |= {
        "gen_ai.provider.name": call.provider,
        "gen_ai.operation.name": call.operation,
        "llm_sidecar.api": call.api,
    }
    found |= {f"gen_ai.request.{name}": value for name, value in call.request.items()}
    found |= {f"gen_ai.response.{name}": value for name, value in call.response.items()}
    if call.finish_reasons:
        found["gen_ai.response.finish_reasons"] = call.finish_reasons
    if (first := time_to_first_chunk(call, exchange)) is not None:
        found["gen_ai.response.time_to_first_chunk"] = first
    found |= {f"gen_ai.usage.{name}": figure for name, figure in call.usage.items()}
    found |= {name: value for name, value in call.attributes.items() if messages or name not in _LARGE}
    if (cost := cost_usd(call, exchange)) is not None:
        found["llm_sidecar.cost_usd"] = cost
    found |= {
        "llm_sidecar.incomplete": call.incomplete,
        "llm_sidecar.offline": is_offline(exchange),
        "llm_sidecar.warnings": call.warnings,
    }
    return well_formed(found | _conversation(call)) if messages else found


def is_offline(exchange: Exchange) -> bool:
    """Answered by the offline model, not by the provider."""
    return exchange.response_headers.get("x-llm-sidecar") == "offline"


def time_to_first_chunk(call: Call, exchange: Exchange) -> float | None:
    """Seconds from the request's end to the first bytes of a streamed response's body; None where there is none."""
    if not call.streamed or exchange.first_chunk is None:
        return None
    return round(max(exchange.first_chunk - (exchange.request_ended or exchange.started), 0.0), 6)


def _transport(call: Call, exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = {"start_time": rfc3339(exchange.started)}
    if exchange.ended is not None:
        found["duration"] = round(max(exchange.ended - exchange.started, 0.0), 6)
    if exchange.status is not None:
        found["http.response.status_code"] = exchange.status
    found["server.address"] = exchange.host
    found["server.port"] = exchange.port
    found["url.full"] = exchange.url
    if call.error_type is not None:
        found["error.type"] = call.error_type
    if call.error_message is not None:
        found["llm_sidecar.error_message"] = call.error_message
    return found


def _conversation(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if call.system_instructions:
        found["gen_ai.system_instructions"] = call.system_instructions
    found["gen_ai.input.messages"] = call.input_messages
    found["gen_ai.output.messages"] = call.output_messages
    if call.tool_definitions:
        found["gen_ai.tool.definitions"] = call.tool_definitions
    return found


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
