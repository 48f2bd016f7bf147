"""Thousands of calls: once the cap is reached, memory and disk grow no more."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import psutil
import pytest

from tests.conftest import Sidecar, wait_for
from tests.torture.load import Connection, serving

MB = 1024 * 1024


async def _calls(it: Sidecar, port: int, path: str, number: int, samples: int) -> list[float]:
    """Make that many calls over 8 connections; the process's memory in MB, sampled on the way."""
    assert it.process is not None
    process = psutil.Process(it.process.pid)
    curve = [process.memory_info().rss / MB]
    for _ in range(samples):
        connections = [await Connection.open(it.proxy_port, port) for _ in range(8)]

        async def several(connection: Connection) -> None:
            for _ in range(number // samples // 8):
                await connection.get(path)
            connection.close()

        await asyncio.gather(*map(several, connections))
        curve.append(process.memory_info().rss / MB)
    return curve


def _on_disk(it: Sidecar) -> int:
    """Bytes of the kept flows, some of which may be on their way out."""
    total = 0
    for entry in os.scandir(it.state / "flows"):
        with contextlib.suppress(FileNotFoundError):
            total += entry.stat().st_size
    return total


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("size", ["small", "1 MB"])
def test_memory_is_flat_once_the_cap_is_reached(tmp_path: Path, long: bool, size: str, report: list[str]) -> None:
    """50,000 calls of 2 KB, and 2,000 of 1 MB, with the default caps; in the short form fewer, with smaller caps."""
    it = Sidecar(tmp_path)
    if not long:
        it.env |= {"LLM_SIDECAR_MAX_CALLS": "200", "LLM_SIDECAR_MAX_BYTES": "20m"}
    if size == "small":
        number, path = (50_000, "/bytes/2048") if long else (800, "/bytes/2048")
    else:
        number, path = (2_000, f"/bytes/{MB}") if long else (80, f"/bytes/{MB}")
    with serving(1, 1) as server, it.run():
        curve = asyncio.run(_calls(it, server.port, path, number, 20 if long else 8))
        half = curve[len(curve) // 2]
        report.append(f"| {number} calls, {size} | - | MB of memory: {' '.join(f'{mb:.0f}' for mb in curve)} |")
        assert curve[-1] < half * 1.2 + 10
        most = 512 * MB if long else 20 * MB
        wait_for(lambda: _on_disk(it) < most, 60, "room on disk")
        report.append(f"| the same, kept | - | {len(it.flows())} calls, {_on_disk(it) / MB:.0f} MB on disk |")
