"""Many streams at once: none is lost or altered, all are recorded."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path

import pytest

from tests.conftest import Sidecar, wait_for
from tests.torture.load import Connection, digest_of, serving


@pytest.mark.timeout(900)
def test_parallel_streams(tmp_path: Path, long: bool, report: list[str]) -> None:
    """200 streams of 50 events a second for a minute; in the short form 40 of 25 for two seconds."""
    streams, per_second, seconds = (200, 50, 60) if long else (40, 25, 2)
    count = per_second * seconds

    async def one(port: int, proxy_port: int, n: int) -> str:
        connection = await Connection.open(proxy_port, port)
        body = await connection.get(f"/stream/{n}")
        connection.close()
        return hashlib.sha256(body).hexdigest()

    async def all_of_them(port: int, proxy_port: int) -> list[str]:
        return await asyncio.gather(*(one(port, proxy_port, n) for n in range(streams)))

    it = Sidecar(tmp_path)
    with serving(count, per_second) as server, it.run():
        began = time.monotonic()
        got = asyncio.run(all_of_them(server.port, it.proxy_port))
        took = time.monotonic() - began
        expected = [digest_of(n, count) for n in range(streams)]
        assert got == expected
        flows = wait_for(
            lambda: (ended := [f for f in it.flows() if f["response"]["timestamp_end"]])[streams - 1] and ended,
            60, "all streams recorded",
        )  # fmt: skip
        recorded = {f["request"]["path"]: f["response"]["contentHash"] for f in flows}
        assert recorded == {f"/stream/{n}": digest for n, digest in enumerate(expected)}
    report.append(
        f"| {streams} streams at once, {per_second} events/s each, {seconds} s | every hash equal | "
        f"every hash equal, all recorded, {took:.0f} s |"
    )
