"""A provider on loopback that keeps what it is sent and answers as each API does, in few words."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_CHAT = {
    "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
}  # fmt: skip
_CHAT_CHUNK = {
    "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
    "choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": None}],
}  # fmt: skip
_RESPONSE = {
    "id": "r1", "object": "response", "created_at": 1, "model": "m", "output": [], "parallel_tool_calls": True,
    "tool_choice": "auto", "tools": [],
}  # fmt: skip
_MESSAGE = {
    "id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip
_GEMINI = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello"}]}, "finishReason": "STOP"}]}
_CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}}, "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1},
}  # fmt: skip
_COHERE = {"id": "1", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": []}}
_OLLAMA = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": True}

ANSWERS: dict[str, Any] = {
    "/chat/completions": _CHAT,
    "/completions": _CHAT | {"object": "text_completion", "choices": []},
    "/responses": _RESPONSE,
    "/embeddings": {"object": "list", "model": "m", "data": [], "usage": {"prompt_tokens": 1, "total_tokens": 1}},
    "/messages": _MESSAGE,
    ":generateContent": _GEMINI,
    ":streamGenerateContent": _GEMINI,
    "/converse": _CONVERSE,
    "/invoke": {"completion": "Hello"},
    "/v2/chat": _COHERE,
    "/v1/chat": {"text": "Hello"},
    "/api/chat": _OLLAMA | {"message": {"role": "assistant", "content": "Hello"}},
    "/api/generate": _OLLAMA | {"response": "Hello"},
}
"""By the end of the path."""

STREAMS: dict[str, list[Any]] = {
    "/chat/completions": [_CHAT_CHUNK],
    "/responses": [{"type": "response.completed", "sequence_number": 1, "response": _RESPONSE}],
    "/messages": [{"type": "message_start", "message": _MESSAGE}, {"type": "message_stop"}],
    ":streamGenerateContent": [_GEMINI],
    "/v2/chat": [{"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}],
}
"""For requests with `"stream": true`, and Gemini's."""


@dataclass
class Received:
    """One request, as it arrived. Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Recorder:
    """`url` is where it listens."""

    url: str
    received: list[Received] = field(default_factory=list)

    def take(self) -> Received:
        """The one request that came since the last time."""
        (request,) = self.received
        self.received.clear()
        return request


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            recorder.received.append(Received(self.command, self.path, headers, body))
            media_type, content = _answer(self.path, body)
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield recorder
    server.shutdown()
    server.server_close()


def _answer(path: str, body: bytes) -> tuple[str, bytes]:
    end = next((end for end in ANSWERS if path.partition("?")[0].endswith(end)), None)
    if end is None:
        return "text/plain", b"Hello"
    if end in STREAMS and (b'"stream":true' in body.replace(b" ", b"") or "stream" in end):
        events = STREAMS[end]
        named = [f"event: {e['type']}\n" if end == "/messages" else "" for e in events]
        text = "".join(f"{name}data: {json.dumps(e)}\n\n" for name, e in zip(named, events, strict=True))
        return "text/event-stream", text.encode() + (b"data: [DONE]\n\n" if end == "/chat/completions" else b"")
    return "application/json", json.dumps(ANSWERS[end]).encode()
