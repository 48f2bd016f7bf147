"""`python -m bench.reader`: how long reading one call takes, by size. In the proxy this runs in a thread of its own."""

from __future__ import annotations

import base64
import json
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "proxy-addons"))

from llm_sidecar.dialects.reader import read
from llm_sidecar.exchange import Exchange

URL = "https://api.openai.com/v1/chat/completions"


def exchange(request: object, response: bytes, media_type: str = "application/json") -> Exchange:
    return Exchange(
        id="bench",
        method="POST",
        url=URL,
        request_headers={"content-type": "application/json"},
        request_body=json.dumps(request).encode(),
        status=200,
        response_headers={"content-type": media_type},
        response_body=response,
        ended=1.0,
    )


def history(messages: int) -> dict:
    turns = [{"role": ("user", "assistant")[n % 2], "content": f"message {n} " * 50} for n in range(messages)]
    return {"model": "gpt-5", "messages": turns}


def image(size: int) -> dict:
    url = "data:image/png;base64," + base64.b64encode(os.urandom(size * 3 // 4)).decode()
    parts = [{"type": "text", "text": "what is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "gpt-5", "messages": [{"role": "user", "content": parts}]}


def stream(events: int) -> bytes:
    lines = [
        b"data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": {"content": f"word {n} "}}]}).encode()
        for n in range(events)
    ]
    return b"\n\n".join([*lines, b"data: [DONE]", b""])


ANSWER = json.dumps(
    {"id": "c", "model": "gpt-5", "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}}]}
).encode()

CASES = {
    "one question": exchange(history(1), ANSWER),
    "a history of 100 messages": exchange(history(100), ANSWER),
    "a history of 2,000 messages": exchange(history(2000), ANSWER),
    "an image, 1 MB": exchange(image(1 << 20), ANSWER),
    "an image, 4 MB": exchange(image(4 << 20), ANSWER),
    "a stream of 2,000 events": exchange(history(1), stream(2000), "text/event-stream"),
    "a stream of 20,000 events": exchange(history(1), stream(20000), "text/event-stream"),
}


def main() -> None:
    print("| call | bytes | ms |\n|---|---|---|")
    for name, case in CASES.items():
        times = []
        for _ in range(7):
            started = time.perf_counter()
            assert read(case) is not None
            times.append(time.perf_counter() - started)
        size = len(case.request_body) + len(case.response_body)
        print(f"| {name} | {size:,} | {statistics.median(times) * 1000:.2f} |")


if __name__ == "__main__":
    main()
