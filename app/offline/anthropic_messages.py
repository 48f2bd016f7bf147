"""Anthropic Messages: https://docs.anthropic.com/en/api/messages and .../messages-streaming"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response

from app.offline.answer import (
    Answer,
    Question,
    Tool,
    answer,
    count_request_tokens,
    count_tokens,
    new_id,
    pieces,
    text_of,
)
from app.offline.send import event, read_json, required, send_events, send_json

blueprint = Blueprint("anthropic_messages", __name__)
Body = dict[str, Any]

SIGNATURE = "b2ZmbGluZQ=="
"""Of thinking blocks; a real one is the provider's encrypted proof."""


@blueprint.post("/v1/messages")
def create() -> Response:
    """A message, or the stream of events that builds it."""
    body = read_json()
    required(body, "max_tokens")
    question = read_question(body)
    said = answer(question)
    full = message(body, said)
    if body.get("stream"):
        return send_events(events(full), question.directive)
    return send_json(full, question.directive)


def read_question(body: Body) -> Question:
    """What is asked, from `messages`, `tools`, `tool_choice` and `output_config.format`."""
    users = [
        m["content"] if isinstance(m["content"], list) else [{"type": "text", "text": m["content"]}]
        for m in required(body, "messages")
        if m.get("role") == "user"
    ]
    prompts = [text for text in map(text_of, users) if text]
    choice = body.get("tool_choice") or {"type": "auto"}
    kinds = {"any": "required", "tool": choice.get("name", "")}
    form = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return Question(
        prompt=prompts[-1] if prompts else "",
        results=tuple(
            text_of(b.get("content")) for b in (users[-1] if users else ()) if b.get("type") == "tool_result"
        ),
        tools=tuple(
            Tool(tool["name"], tool.get("description") or "", tool["input_schema"])
            for tool in body.get("tools") or ()
            if "input_schema" in tool
        ),
        choice=kinds.get(choice["type"], choice["type"]),
        parallel=not choice.get("disable_parallel_tool_use"),
        schema=form.get("schema"),
    )


def message(body: Body, said: Answer) -> Body:
    """The complete `message` object."""
    thinks = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    content: list[Body] = []
    if thinks:
        content.append({"type": "thinking", "thinking": said.thinking, "signature": SIGNATURE})
    if said.text:
        content.append({"type": "text", "text": said.text})
    for call in said.calls:
        tool_id = call.id.replace("call_", "toolu_")
        content.append({"type": "tool_use", "id": tool_id, "name": call.name, "input": json.loads(call.arguments)})
    return {
        "id": new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": required(body, "model"),
        "content": content,
        "stop_reason": "tool_use" if said.calls else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": count_request_tokens(body.get("messages"), body.get("system"), body.get("tools")),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": said.tokens + (count_tokens(said.thinking) if thinks else 0),
            "service_tier": "standard",
        },
    }


def events(full: Body) -> Iterator[bytes]:
    """The events of the stream."""
    for data in _events(full):
        yield event(data, data["type"])


def _events(full: Body) -> Iterator[Body]:
    usage = full["usage"]
    started = full | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    yield {"type": "message_start", "message": started}
    for index, block in enumerate(full["content"]):
        empty, deltas = _block_events(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        if index == 0:
            yield {"type": "ping"}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended = {"stop_reason": full["stop_reason"], "stop_sequence": None}
    yield {
        "type": "message_delta",
        "delta": ended,
        "usage": {name: count for name, count in usage.items() if name.endswith("_tokens")},
    }
    yield {"type": "message_stop"}


def _block_events(block: Body) -> tuple[Body, list[Body]]:
    """The block as it is announced, and the deltas that fill it."""
    match block["type"]:
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            signature = {"type": "signature_delta", "signature": block["signature"]}
            return block | {"thinking": "", "signature": ""}, [*deltas, signature]
        case "tool_use":
            parts = ("", *pieces(json.dumps(block["input"]), 5))
            return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": p} for p in parts]
    return block | {"text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
