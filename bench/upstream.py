"""The provider of the benchmark: a TLS server on loopback that speaks Chat Completions as fast as asked.

`python -m bench.upstream PORT CERT` serves, for a request with the header `x-bench`:

    plain SIZE          one JSON answer with a text of SIZE bytes
    stream COUNT MS     COUNT events, MS milliseconds apart; each carries the time at which it was sent
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time


def event(number: int) -> bytes:
    """One chunk of HTTP with one SSE event in it."""
    delta = {"index": 0, "delta": {"content": f"word {number} "}, "finish_reason": None}
    body = {"id": "chatcmpl-bench", "model": "gpt-bench", "sent": time.time_ns(), "choices": [delta]}
    data = b"data: " + json.dumps(body).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def plain(size: int) -> bytes:
    message = {"role": "assistant", "content": "x" * size}
    usage = {"prompt_tokens": 10, "completion_tokens": 10}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps({"id": "chatcmpl-bench", "model": "gpt-bench", "choices": [choice], "usage": usage}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            fields = {
                name.strip().lower(): value.strip()
                for name, _, value in (f.partition(b":") for f in head.split(b"\r\n"))
            }
            await reader.readexactly(int(fields.get(b"content-length", 0)))
            kind, *numbers = fields[b"x-bench"].split()
            if kind == b"plain":
                writer.write(plain(int(numbers[0])))
                await writer.drain()
            else:
                await stream(writer, int(numbers[0]), float(numbers[1]) / 1000)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def stream(writer: asyncio.StreamWriter, count: int, pause: float) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(count):
        writer.write(event(number))
        await writer.drain()
        if pause:
            await asyncio.sleep(pause)
    done = b"data: [DONE]\n\n"
    writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(done), done))
    await writer.drain()


async def main(port: int, certificate: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=context)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
