"""Calls as an app's day brings them: what the screenshots show, and a test looks at as a whole."""

from __future__ import annotations

import base64
import contextlib
import struct
import zlib
from collections.abc import Callable
from typing import Any

import openai

from tests.page.scripted import Scripted, error, text, tool_call

SYSTEM = (
    "You are the assistant of a small travel agency. Answer in two or three sentences. Use the tools for weather and "
    "prices, never guess them. Amounts are in euros. Ask back when the dates are missing."
)


def png(width: int, height: int, red: int, green: int, blue: int) -> bytes:
    """A picture of one colour that gets lighter towards the right."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    line = b"".join(bytes(min(part + 2 * x, 255) for part in (red, green, blue)) for x in range(width))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + line) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


PIXELS = base64.b64encode(png(64, 48, 40, 90, 150)).decode()
FORECAST = (
    '{"city": "Lisbon", "days": [{"day": "Fri", "rain_mm": 0.4, "high": 19}, {"day": "Sat", "rain_mm": 0, "high": 21}]}'
)
CONNECTIONS = (
    '{"connections": [{"departs": "07:05", "changes": 2, "price": 46.5}, '
    '{"departs": "21:40", "changes": 0, "price": 61.0}]}'
)
ADVICE = (
    "Friday looks dry and mild: 19 degrees, barely any rain, and Saturday is better still. The night train at 21:40 "
    "needs no change and costs 61 euros; the one at 07:05 is cheaper at 46.50, with two changes."
)


def function(name: str, description: str, **properties: str) -> dict[str, Any]:
    """A tool definition; `properties` are descriptions of text arguments."""
    schema = {
        "type": "object",
        "properties": {key: {"type": "string", "description": value} for key, value in properties.items()},
        "required": list(properties),
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


TOOLS = [
    function("get_weather", "The forecast for a place on a day.", city="City and country", day="ISO 8601 date"),
    function(
        "find_trains", "Train connections with their prices.", origin="Station", destination="Station", day="Date"
    ),
]


def agent(ask: openai.OpenAI, model: Scripted) -> None:
    """A run of three calls: two tools in turn, then the answer."""
    messages: list[Any] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": "Should I take the train to Lisbon on Friday, or will it rain all weekend?"},
    ]
    weather = {"city": "Lisbon, Portugal", "day": "2026-03-06"}
    trains = {"origin": "Madrid", "destination": "Lisbon", "day": "2026-03-06"}
    steps = [
        (tool_call("get_weather", weather, "call_w1", (2431, 0, 24)), FORECAST),
        (tool_call("find_trains", trains, "call_t1", (2510, 2304, 31)), CONNECTIONS),
        (text(ADVICE, (2622, 2432, 66)), ""),
    ]
    for answer, result in steps:
        model.answers = [answer]
        message = streamed(ask, model="gpt-5", messages=messages, tools=TOOLS)
        messages.append(message)
        if message.get("tool_calls"):
            messages.append({"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": result})


def streamed(ask: openai.OpenAI, **request: Any) -> dict[str, Any]:
    """Ask, streaming, and put the answer together as the message to send back."""
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    with ask.chat.completions.create(stream=True, stream_options={"include_usage": True}, **request) as stream:
        for event in stream:
            for choice in event.choices:
                message["content"] += choice.delta.content or ""
                for call in choice.delta.tool_calls or []:
                    message.setdefault("tool_calls", []).append(call.model_dump(exclude={"index"}))
    return message


def chat(ask: openai.OpenAI, model: Scripted) -> None:
    """Two turns; in between, the app has changed its system message."""
    named = {"x-llm-sidecar-run": "refunds"}
    first = {"role": "user", "content": "Summarise our refund policy for a customer who is angry but polite."}
    answer = "You can cancel free of charge until seven days before departure. After that we keep a third of the price."
    model.answers = [text(answer, (1874, 0, 41))]
    ask.chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "system", "content": SYSTEM}, first],
        temperature=0.2,
        extra_headers=named,
    )
    model.answers = [
        text("Yes: a broken leg counts. Send us the doctor's note within two weeks, please.", (1962, 256, 33))
    ]
    changed = SYSTEM.replace("two or three sentences", "one sentence").replace("euros", "euros or dollars")
    ask.chat.completions.create(
        model="gpt-5-mini", temperature=0.7, extra_headers=named,
        messages=[
            {"role": "system", "content": changed}, first, {"role": "assistant", "content": answer},
            {"role": "user", "content": "And if I break a leg?"},
        ],
    )  # fmt: skip


def picture(ask: openai.OpenAI, model: Scripted) -> None:
    thought = "The picture is tiny. I describe its colours first, then its size."
    seen = "A small blue rectangle that gets lighter towards the right."
    model.answers = [text(seen, (311, 0, 18), reasoning_content=thought)]
    ask.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXELS}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/harbour.jpg"}},
    ]}])  # fmt: skip


def retried(ask: openai.OpenAI, model: Scripted) -> None:
    """An error, and the same request again."""
    request: dict[str, Any] = {
        "model": "gpt-5-mini",
        "messages": [{"role": "user", "content": "Name three quiet beaches."}],
    }
    model.answers = [error(429, "Rate limit reached for gpt-5-mini: 500 requests a minute. Try again in 120 ms.")]
    with contextlib.suppress(openai.RateLimitError):
        ask.chat.completions.create(**request)
    model.answers = [text("Praia da Arrifana, Praia do Amado and Cala Macarella.", (92, 0, 17))]
    ask.chat.completions.create(**request)


CALLS = 11
"""How many calls a day has."""


def day(client: Callable[..., openai.OpenAI], model: Scripted) -> None:
    """All of it, oldest first."""
    ask = client(model.base_url, key="sk-proj-4f1c2e8a9b7d6c5e4f3a2b1c0d9e8f7a")
    offline = client()
    chat(ask, model)
    picture(ask, model)
    streamed(offline, model="gpt-5-nano", messages=[{"role": "user", "content": "Hello! Is anybody there?"}])
    with contextlib.suppress(openai.OpenAIError, Exception):
        streamed(
            offline, model="gpt-5-nano", messages=[{"role": "user", "content": "Tell me a long story.\noffline: cut"}]
        )
    offline.embeddings.create(model="text-embedding-3-small", input=["night train", "sleeper car"])
    retried(ask, model)
    model.delay, model.pause = 0.25, 0.012
    agent(ask, model)
    model.delay = 0
