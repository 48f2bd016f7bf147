"""What is kept of every call: enough for a list, a search and the totals; the rest stays in the flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llm_sidecar.call import Call, Message
from llm_sidecar.exchange import Exchange
from llm_sidecar.otel import to_json
from llm_sidecar.runs import Place
from llm_sidecar.views import text

_LONGEST_TEXT = 32_000
"""Characters of a call that a search looks at: its newest."""


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the list. `fields` is the contract's CALL without its messages."""

    id: str
    started: float
    """Seconds since the epoch, by the proxy's clock."""
    fields: dict[str, Any]
    place: Place
    summary: str
    asked: str
    answered: str
    tools: tuple[str, ...]
    """Names of the tools that the model called."""
    text: str
    """All that was said, lower case, for searching."""

    @property
    def incomplete(self) -> bool:
        return bool(self.fields.get("llm_sidecar.incomplete"))


def row_of(call: Call, exchange: Exchange, place: Place) -> Row:
    """The row of a call as it stands."""
    fields = to_json(call, exchange)
    fields["llm_sidecar.run"] = place.run
    if place.previous:
        fields["llm_sidecar.previous"] = place.previous
    if place.retry:
        fields["llm_sidecar.retry"] = True
    return Row(
        id=exchange.id,
        started=exchange.started,
        fields=fields,
        place=place,
        summary=text.summary(call, fields.get("llm_sidecar.cost_usd"), fields.get("duration")),
        asked=text.asked(call),
        answered=text.answered(call),
        tools=tuple(dict.fromkeys(_called(call.output_messages))),
        text=_searchable(call),
    )


def _called(messages: list[Message]) -> Iterator[str]:
    for message in messages:
        for part in message.get("parts", []):
            if part.get("type") in ("tool_call", "server_tool_call"):
                yield str(part.get("name", ""))


def _searchable(call: Call) -> str:
    pieces: list[str] = []
    length = 0
    for message in reversed([{"parts": call.system_instructions}, *call.input_messages, *call.output_messages]):
        for part in reversed(message.get("parts", [])):
            piece = text.part_text(part)[-_LONGEST_TEXT:]
            pieces.append(piece)
            length += len(piece)
            if length > _LONGEST_TEXT:
                return "\n".join(reversed(pieces)).lower()
    pieces += [call.error_message or "", str(call.response.get("id", "")), call.api]
    return "\n".join(reversed(pieces)).lower()
