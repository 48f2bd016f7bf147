"""A call to a model, as the OpenTelemetry GenAI semantic conventions describe one.

Pure values: dialects fill a `Call`, views and exports read it. The shapes of messages, parts and tool
definitions are those of `gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions` and
`gen_ai.tool.definitions` (semantic-conventions-genai, status Development, as of autumn 2026).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = Any
"""What `json.loads` returns."""

Part = dict[str, Any]
"""A message part: `type` and that type's keys. A type no convention names keeps the provider's own fields."""

Message = dict[str, Any]
"""`role` and `parts`; `name` where given; `finish_reason` on output messages."""


@dataclass(slots=True)
class Call:
    """What was asked and what came back. Everything absent on the wire stays absent here.

    `request`, `response` and `usage` are keyed by the conventions' names without their prefix
    (`gen_ai.request.`, `gen_ai.response.`, `gen_ai.usage.`): `{"model": "gpt-5"}`, `{"input_tokens": 12}`.
    Token counts are the provider's, and totals include their parts (cached, reasoning).
    """

    api: str
    """The dialect (`llm_sidecar.api`), for example `openai.chat`."""
    operation: str
    provider: str
    request: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    system_instructions: list[Part] = field(default_factory=list)
    input_messages: list[Message] = field(default_factory=list)
    output_messages: list[Message] = field(default_factory=list)
    tool_definitions: list[dict[str, Any]] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    """Further attributes under their full names, for example `gen_ai.output.type`."""
    error_type: str | None = None
    error_message: str | None = None
    incomplete: bool = False
    """Still arriving, or cut short."""
    streamed: bool = False
    """The response is a stream of events."""
    warnings: list[str] = field(default_factory=list)
    """In plain words, each naming what is missing or odd and, where there is one, the remedy."""

    @property
    def finish_reasons(self) -> list[str]:
        """One per choice, in order (`gen_ai.response.finish_reasons`)."""
        return [m["finish_reason"] for m in self.output_messages if "finish_reason" in m]
