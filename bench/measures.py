"""What is measured. Each measure takes a route and returns its figure; less is better, but for requests/s."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.client import Connection, Route, Streamed
from bench.subjects import Subject


@dataclass(frozen=True)
class Measure:
    name: str
    unit: str
    run: Callable[[Route, Subject], Awaitable[float]]
    repeats: int = 3
    """Rounds; the subjects take turns in each, and the median counts."""


async def first_event(route: Route, _subject: Subject) -> float:
    connection = await route.connect()
    await connection.stream(1, 0)
    firsts = [(await connection.stream(3, 5)).first for _ in range(20)]
    connection.close()
    return statistics.median(firsts) * 1000


async def first_event_new_connection(route: Route, _subject: Subject) -> float:
    times = []
    for _ in range(10):
        started = time.perf_counter()
        connection = await route.connect()
        connected = time.perf_counter() - started
        times.append(connected + (await connection.stream(1, 0)).first)
        connection.close()
    return statistics.median(times) * 1000


async def event_delay(route: Route, _subject: Subject) -> float:
    connection = await route.connect()
    streamed = await connection.stream(300, 5)
    connection.close()
    return statistics.median(streamed.delays) * 1000


async def _many(route: Route, streams: int, events: int, pause_ms: float) -> list[Streamed]:
    connections = [await route.connect() for _ in range(streams)]
    done = await asyncio.gather(*(c.stream(events, pause_ms) for c in connections))
    for connection in connections:
        connection.close()
    assert len({s.words for s in done}) == 1, "a stream was altered"
    assert all(len(s.delays) == events for s in done), "events were lost"
    return done


async def fifty_streams(route: Route, _subject: Subject) -> float:
    done = await _many(route, 50, 40, 50)
    delays = sorted(d for s in done for d in s.delays)
    return delays[int(len(delays) * 0.95)] * 1000


async def unpaced(route: Route, _subject: Subject) -> float:
    connection: Connection = await route.connect()
    total = statistics.median([(await connection.stream(2000, 0)).total for _ in range(3)])
    connection.close()
    return total * 1000


async def keep_alive(route: Route, _subject: Subject) -> float:
    connection = await route.connect()
    await connection.plain(2000)
    times = [await connection.plain(2000) for _ in range(150)]
    connection.close()
    return statistics.median(times) * 1000


async def new_connection(route: Route, _subject: Subject) -> float:
    times = []
    for _ in range(15):
        started = time.perf_counter()
        connection = await route.connect()
        await connection.plain(2000)
        times.append(time.perf_counter() - started)
        connection.close()
    return statistics.median(times) * 1000


async def _eight(route: Route, each: int) -> float:
    connections = [await route.connect() for _ in range(8)]

    async def work(connection: Connection) -> None:
        for _ in range(each):
            await connection.plain(2000)

    started = time.perf_counter()
    await asyncio.gather(*(work(c) for c in connections))
    elapsed = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return 8 * each / elapsed


async def throughput(route: Route, _subject: Subject) -> float:
    return await _eight(route, 60)


async def cpu_per_request(route: Route, subject: Subject) -> float:
    """CPU milliseconds of the proxy's process; nothing where there is no proxy."""
    if subject.process is None:
        return float("nan")
    before = subject.process.cpu_times()
    await _eight(route, 60)
    await asyncio.sleep(1)
    after = subject.process.cpu_times()
    return (after.user + after.system - before.user - before.system) / 480 * 1000


async def memory(route: Route, subject: Subject) -> float:
    """MiB that the process has more after 3,000 answers of 100 KB."""
    if subject.process is None:
        return float("nan")
    before = subject.process.memory_info().rss
    connection = await route.connect()
    for _ in range(3000):
        await connection.plain(100_000)
    connection.close()
    await asyncio.sleep(2)
    return (subject.process.memory_info().rss - before) / 2**20


MEASURES = (
    Measure("time to first event, warm connection", "ms", first_event),
    Measure("time to first event, new connection", "ms", first_event_new_connection),
    Measure("delay of an event, 5 ms apart", "ms", event_delay),
    Measure("delay of an event, 50 streams at once, 95th percentile", "ms", fifty_streams),
    Measure("2,000 events unpaced", "ms", unpaced),
    Measure("2 KB on a kept connection", "ms", keep_alive),
    Measure("2 KB on a new connection", "ms", new_connection),
    Measure("requests per second, 8 connections", "1/s", throughput),
    Measure("CPU of a request", "ms", cpu_per_request),
    Measure("memory after 3,000 flows of 100 KB", "MiB", memory, repeats=1),
)
