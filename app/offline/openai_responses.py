"""OpenAI Responses: https://platform.openai.com/docs/api-reference/responses and .../responses-streaming

Nothing is stored: `previous_response_id` is accepted and given back, but not looked up.
"""

from __future__ import annotations

import time
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

blueprint = Blueprint("openai_responses", __name__)
Body = dict[str, Any]

ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""Fields of the request that the response repeats, with their defaults."""


@blueprint.post("/v1/responses")
def create() -> Response:
    """A response, or the stream of events that builds it."""
    body = read_json()
    question = read_question(body)
    said = answer(question)
    full = response(body, said)
    if body.get("stream"):
        return send_events(events(full), question.directive)
    return send_json(full, question.directive)


def read_question(body: Body) -> Question:
    """What is asked, from `input`, `tools`, `tool_choice` and `text.format`."""
    given = required(body, "input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    users = [n for n, item in enumerate(items) if item.get("role") == "user"]
    last = users[-1] if users else -1
    results = [item for item in items[last + 1 :] if item.get("type") == "function_call_output"]
    choice = body.get("tool_choice") or "auto"
    form = (body.get("text") or {}).get("format") or {}
    return Question(
        prompt=text_of(items[last].get("content")) if users else "",
        results=tuple(text_of(item.get("output")) for item in results),
        tools=tuple(
            Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {})
            for tool in body.get("tools") or ()
            if tool.get("type") == "function"
        ),
        choice=choice.get("name", "auto") if isinstance(choice, dict) else choice,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=form.get("schema", {}) if form.get("type") in ("json_schema", "json_object") else None,
    )


def response(body: Body, said: Answer) -> Body:
    """The completed `response` object."""
    summary = said.thinking if (body.get("reasoning") or {}).get("summary") else ""
    inputs = count_request_tokens(body.get("input"), body.get("instructions"), body.get("tools"))
    reasoning = count_tokens(summary)
    usage = {
        "input_tokens": inputs,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said.tokens + reasoning,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": inputs + said.tokens + reasoning,
    }
    return {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": required(body, "model"),
        "output": [*_reasoning(summary), *_output(said)],
        "service_tier": "default",
        "usage": usage,
        **{name: body.get(name) or default for name, default in ECHOED.items()},
    }


def _reasoning(summary: str) -> list[Body]:
    if not summary:
        return []
    part = {"type": "summary_text", "text": summary}
    return [{"id": new_id("rs_"), "type": "reasoning", "summary": [part]}]


def _output(said: Answer) -> list[Body]:
    if said.calls:
        return [
            {
                "id": new_id("fc_"),
                "type": "function_call",
                "status": "completed",
                "call_id": call.id,
                "name": call.name,
                "arguments": call.arguments,
            }
            for call in said.calls
        ]
    part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
    return [
        {
            "id": new_id("msg_"),
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [part],
        }
    ]


def events(full: Body) -> Iterator[bytes]:
    """The events of the stream, numbered in order."""
    for number, data in enumerate(_events(full)):
        yield event(data | {"sequence_number": number}, data["type"])


def _events(full: Body) -> Iterator[Body]:
    started = full | {"status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": started}
    yield {"type": "response.in_progress", "response": started}
    for index, item in enumerate(full["output"]):
        empty = _emptied(item)
        yield {"type": "response.output_item.added", "output_index": index, "item": empty}
        for data in _item_events(item):
            yield data | {"item_id": item["id"], "output_index": index}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": full}


def _emptied(item: Body) -> Body:
    """The item as it is announced, before any of its content."""
    match item["type"]:
        case "function_call":
            return item | {"status": "in_progress", "arguments": ""}
        case "reasoning":
            return item | {"summary": []}
    return item | {"status": "in_progress", "content": []}


def _item_events(item: Body) -> Iterator[Body]:
    match item["type"]:
        case "function_call":
            for piece in pieces(item["arguments"], 5):
                yield {"type": "response.function_call_arguments.delta", "delta": piece}
            yield {"type": "response.function_call_arguments.done", "arguments": item["arguments"]}
        case "reasoning":
            part = item["summary"][0]
            at = {"summary_index": 0}
            yield {"type": "response.reasoning_summary_part.added", "part": part | {"text": ""}} | at
            for piece in pieces(part["text"]):
                yield {"type": "response.reasoning_summary_text.delta", "delta": piece} | at
            yield {"type": "response.reasoning_summary_text.done", "text": part["text"]} | at
            yield {"type": "response.reasoning_summary_part.done", "part": part} | at
        case _:
            part = item["content"][0]
            at = {"content_index": 0}
            yield {"type": "response.content_part.added", "part": part | {"text": ""}} | at
            for piece in pieces(part["text"]):
                yield {"type": "response.output_text.delta", "delta": piece, "logprobs": []} | at
            yield {"type": "response.output_text.done", "text": part["text"], "logprobs": []} | at
            yield {"type": "response.content_part.done", "part": part} | at
