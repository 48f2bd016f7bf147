"""An upstream that answers as it is told, in OpenAI's format, with what the offline model has not: cached tokens."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import SSE_HEAD, Upstream, chunk

Answer = dict[str, Any]


def text(content: str, tokens: tuple[int, int, int] = (0, 0, 0), **more: Any) -> Answer:
    """A message. `tokens`: input, of those cached, output."""
    return {"message": {"role": "assistant", "content": content, **more}, "finish_reason": "stop", "tokens": tokens}


def tool_call(name: str, arguments: dict[str, Any], ident: str, tokens: tuple[int, int, int] = (0, 0, 0)) -> Answer:
    function = {"name": name, "arguments": json.dumps(arguments)}
    calls = [{"id": ident, "type": "function", "function": function}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    return {"message": message, "finish_reason": "tool_calls", "tokens": tokens}


def error(status: int, message: str) -> Answer:
    return {"status": status, "error": {"message": message, "type": "rate_limit_error", "code": "rate_limit_exceeded"}}


@dataclass
class Scripted:
    """`answers` are given in turn, the last one again and again. Streams word by word, `pause` seconds apart."""

    answers: list[Answer] = field(default_factory=list)
    delay: float = 0
    pause: float = 0.005
    go_on: threading.Event = field(default_factory=threading.Event)
    """A streamed answer stops half way until this is set."""
    server: Upstream | None = None

    def __post_init__(self) -> None:
        self.go_on.set()
        self._number = 0

    def start(self, upstream: Callable[..., Upstream]) -> Scripted:
        self.server = upstream(self._answer)
        return self

    @property
    def base_url(self) -> str:
        assert self.server
        return f"{self.server.url}/v1"

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        body = json.loads(request.partition(b"\r\n\r\n")[2])
        self._number += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        threading.Event().wait(self.delay)
        if "error" in answer:
            return _send(connection, answer["status"], {"error": answer["error"]})
        head = {"id": f"chatcmpl-{self._number:04}", "created": 1767225600, "model": body["model"]}
        usage = _usage(*answer["tokens"])
        if not body.get("stream"):
            choice = {"index": 0, "message": answer["message"], "finish_reason": answer["finish_reason"]}
            return _send(connection, 200, head | {"object": "chat.completion", "choices": [choice], "usage": usage})
        connection.sendall(SSE_HEAD)
        events = list(_deltas(answer))
        for number, (delta, reason) in enumerate(events):
            if number == len(events) // 2:
                self.go_on.wait(30)
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            _event(connection, head | {"object": "chat.completion.chunk", "choices": [choice]})
            threading.Event().wait(self.pause)
        _event(connection, head | {"object": "chat.completion.chunk", "choices": [], "usage": usage})
        connection.sendall(chunk(b"data: [DONE]\n\n") + chunk(b""))
        return None


def _usage(tokens_in: int, cached: int, tokens_out: int) -> dict[str, Any]:
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _deltas(answer: Answer) -> Iterator[tuple[dict[str, Any], str | None]]:
    message = answer["message"]
    yield {"role": "assistant", "content": ""}, None
    for word in (message.get("reasoning_content") or "").split(" "):
        if word:
            yield {"reasoning_content": f"{word} "}, None
    for word in (message.get("content") or "").split(" "):
        if word:
            yield {"content": f"{word} "}, None
    for number, call in enumerate(message.get("tool_calls", [])):
        yield {"tool_calls": [{"index": number, **call}]}, None
    yield {}, answer["finish_reason"]


def _event(connection: socket.socket, data: dict[str, Any]) -> None:
    connection.sendall(chunk(b"data: " + json.dumps(data).encode() + b"\n\n"))


def _send(connection: socket.socket, status: int, data: dict[str, Any]) -> None:
    body = json.dumps(data).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
