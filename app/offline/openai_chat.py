"""OpenAI Chat Completions: https://platform.openai.com/docs/api-reference/chat"""

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
    new_id,
    pieces,
    text_of,
)
from app.offline.send import event, read_json, required, send_events, send_json

blueprint = Blueprint("openai_chat", __name__)
Body = dict[str, Any]


@blueprint.post("/v1/chat/completions")
def create() -> Response:
    """A completion, or a stream of its chunks."""
    body = read_json()
    question = read_question(body)
    said = answer(question)
    if body.get("stream"):
        return send_events(chunks(body, said), question.directive)
    return send_json(completion(body, said), question.directive)


def read_question(body: Body) -> Question:
    """What is asked, from `messages`, `tools`, `tool_choice` and `response_format`."""
    messages = required(body, "messages")
    users = [n for n, message in enumerate(messages) if message.get("role") == "user"]
    last = users[-1] if users else -1
    choice = body.get("tool_choice") or "auto"
    return Question(
        prompt=text_of(messages[last].get("content")) if users else "",
        results=tuple(text_of(m.get("content")) for m in messages[last + 1 :] if m.get("role") == "tool"),
        tools=tuple(
            Tool(f["name"], f.get("description") or "", f.get("parameters") or {})
            for f in (tool.get("function") for tool in body.get("tools") or ())
            if f
        ),
        choice=choice.get("function", {}).get("name", "auto") if isinstance(choice, dict) else choice,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=_schema(body.get("response_format") or {}),
    )


def completion(body: Body, said: Answer) -> Body:
    """The `chat.completion` object."""
    message: Body = {"role": "assistant", "content": said.text or None, "refusal": None, "annotations": []}
    if said.calls:
        message["tool_calls"] = _tool_calls(said)
    choices = [
        {"index": n, "message": message, "logprobs": None, "finish_reason": _finish_reason(said)}
        for n in range(body.get("n") or 1)
    ]
    return _head(body, "chat.completion") | {"choices": choices, "usage": _usage(body, said)}


def chunks(body: Body, said: Answer) -> Iterator[bytes]:
    """The `chat.completion.chunk` events; all choices side by side, as the provider sends them."""
    head = _head(body, "chat.completion.chunk")
    with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    count = body.get("n") or 1

    def chunk(delta: Body, finish_reason: str | None = None) -> Iterator[bytes]:
        for n in range(count):
            choice = {"index": n, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
            yield event(head | {"choices": [choice]} | ({"usage": None} if with_usage else {}))

    yield from chunk({"role": "assistant", "content": None if said.calls else "", "refusal": None})
    for piece in pieces(said.text):
        yield from chunk({"content": piece})
    for index, call in enumerate(_tool_calls(said)):
        function = call["function"]
        yield from chunk({"tool_calls": [{"index": index, **call, "function": function | {"arguments": ""}}]})
        for piece in pieces(function["arguments"], 5):
            yield from chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield from chunk({}, _finish_reason(said))
    if with_usage:
        yield event(head | {"choices": [], "usage": _usage(body, said)})
    yield event("[DONE]")


def _head(body: Body, kind: str) -> Body:
    return {
        "id": new_id("chatcmpl-"),
        "object": kind,
        "created": int(time.time()),
        "model": required(body, "model"),
        "service_tier": "default",
        "system_fingerprint": "fp_offline",
    }


def _tool_calls(said: Answer) -> list[Body]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in said.calls
    ]


def _finish_reason(said: Answer) -> str:
    return "tool_calls" if said.calls else "stop"


def _schema(response_format: Body) -> Body | None:
    if response_format.get("type") == "json_schema":
        return response_format.get("json_schema", {}).get("schema") or {}
    return {} if response_format.get("type") == "json_object" else None


def _usage(body: Body, said: Answer) -> Body:
    prompt = count_request_tokens(body.get("messages"), body.get("tools"))
    completion_tokens = said.tokens * (body.get("n") or 1)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
