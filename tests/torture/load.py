"""A server and clients for many calls at once, on loopback, in one event loop each."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from tests.conftest import SSE_HEAD, chunk


def events(stream: int, count: int) -> list[bytes]:
    """The events of a stream: always the same for a number, each different."""
    rng = random.Random(stream)
    return [b'data: {"n": %d, "text": "%s"}\n\n' % (n, rng.randbytes(20).hex().encode()) for n in range(count)]


def digest_of(stream: int, count: int) -> str:
    return hashlib.sha256(b"".join(events(stream, count))).hexdigest()


@dataclass
class Server:
    port: int


@contextlib.contextmanager
def serving(count: int, per_second: float) -> Iterator[Server]:
    """Answers `/stream/N` with stream N's events, paced; `/bytes/N` with N bytes at once."""
    loop = asyncio.new_event_loop()
    started: asyncio.Future[int] = loop.create_future()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                _, kind, number = head.split(b" ")[1].split(b"/")
                if kind == b"bytes":
                    body = b"x" * int(number)
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                    await writer.drain()
                    continue
                writer.write(SSE_HEAD)
                begun = loop.time()
                for n, event in enumerate(events(int(number), count)):
                    writer.write(chunk(event))
                    await writer.drain()
                    await asyncio.sleep(max(0.0, begun + (n + 1) / per_second - loop.time()))
                writer.write(chunk(b""))
                await writer.drain()

    async def main() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        loop.call_soon_threadsafe(started.set_result, server.sockets[0].getsockname()[1])
        async with server:
            await server.serve_forever()

    port: list[int] = []
    ready = threading.Event()
    started.add_done_callback(lambda f: (port.append(f.result()), ready.set()))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError, RuntimeError):
            loop.run_until_complete(main())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield Server(port[0])
    loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    thread.join(10)


class Connection:
    """One keep-alive connection of a client, through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._reader, self._writer, self._port = reader, writer, port

    @classmethod
    async def open(cls, proxy_port: int, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", proxy_port, limit=2**21), port)

    async def get(self, path: str) -> bytes:
        """The body of the answer, without its chunks."""
        host = f"127.0.0.1:{self._port}"
        self._writer.write(f"GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 200 " in head.partition(b"\r\n")[0], head
        if b"content-length:" in head:
            return await self._reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        body = bytearray()
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return bytes(body)

    def close(self) -> None:
        self._writer.close()
