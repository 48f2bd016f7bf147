"""A client that costs as little as can be: HTTP/1.1 over TLS, direct or through a proxy, on asyncio streams."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Route:
    """How to reach the upstream server: through the proxy on a loopback port, or directly."""

    upstream: int
    proxy: int | None
    cafile: str

    async def connect(self) -> Connection:
        port = self.proxy or self.upstream
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        if self.proxy:
            writer.write(
                f"CONNECT localhost:{self.upstream} HTTP/1.1\r\nHost: localhost:{self.upstream}\r\n\r\n".encode()
            )
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in answer.partition(b"\r\n")[0], answer
        await writer.start_tls(ssl.create_default_context(cafile=self.cafile), server_hostname="localhost")
        return Connection(reader, writer)


@dataclass
class Streamed:
    """What one stream was like, in seconds."""

    first: float
    total: float
    delays: list[float] = field(default_factory=list)
    """For each event, from its sending upstream to its arrival here."""
    words: str = ""
    """Digest of all that was said, the times of sending left out."""


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def _ask(self, bench: str) -> bytes:
        body = json.dumps(
            {"model": "gpt-bench", "stream": "stream" in bench, "messages": [{"role": "user", "content": "go"}]}
        ).encode()
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer sk-bench-0123456789\r\nx-bench: {bench}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        return await self.reader.readuntil(b"\r\n\r\n")

    async def plain(self, size: int) -> float:
        """Seconds for a whole request and answer."""
        started = time.perf_counter()
        head = (await self._ask(f"plain {size}")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await self.reader.readexactly(length)
        return time.perf_counter() - started

    async def stream(self, count: int, pause_ms: float) -> Streamed:
        started = time.perf_counter()
        await self._ask(f"stream {count} {pause_ms}")
        streamed = Streamed(0, 0)
        hasher = hashlib.sha256()
        buffer = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            buffer += (await self.reader.readexactly(size + 2))[:-2]
            arrived = time.time_ns()
            streamed.first = streamed.first or time.perf_counter() - started
            *events, buffer = buffer.split(b"\n\n")
            for data in events:
                if data == b"data: [DONE]":
                    continue
                event = json.loads(data[6:])
                streamed.delays.append((arrived - event["sent"]) / 1e9)
                hasher.update(event["choices"][0]["delta"]["content"].encode())
        await self.reader.readexactly(2)
        streamed.total = time.perf_counter() - started
        streamed.words = hasher.hexdigest()
        return streamed

    def close(self) -> None:
        self.writer.close()
