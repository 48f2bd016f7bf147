"""A disk that is really full, or read-only: the traffic goes on, the log says it once, a restart works."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Sidecar, Upstream, wait_for

BODY = b"x" * 20_000


def answer(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)


def mount(*args: str) -> None:
    subprocess.run(["mount", *args], check=True, capture_output=True)


def fill(file: Path) -> None:
    """Take all the room that is left."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as f:
        while True:
            f.write(bytes(4096))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sidecar]:
    """A proxy whose own folder is a file system of two megabytes."""
    it = Sidecar(tmp_path)
    it.state.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    try:
        mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(it.state))
    except subprocess.CalledProcessError as e:
        pytest.skip(f"mounting is not allowed here: {e.stderr.decode().strip()}")
    try:
        yield it
    finally:
        subprocess.run(["umount", str(it.state)], check=True)


@pytest.mark.parametrize("what", ["full", "read-only"])
def test_the_disk(own: Sidecar, upstream: Callable[..., Upstream], what: str, report: list[str]) -> None:
    """Calls pass while nothing can be kept, before and after a restart; with room again, they are kept."""
    url = upstream(answer, tls=False).url
    ballast = own.state / "ballast"
    with own.run(), own.client() as client:
        assert client.get(f"{url}/before").content == BODY
        wait_for(lambda: list((own.state / "flows").glob("*.flow")), what="the first call on disk")
        if what == "full":
            fill(ballast)
        else:
            mount("-o", "remount,ro", str(own.state))
        for n in range(3):
            assert client.get(f"{url}/{n}").content == BODY
        wait_for(lambda: "cannot be written" in own.log, what="the warning")
        assert len(own.flows()) == 4
    with own.run(), own.client() as client:
        assert client.get(f"{url}/after").content == BODY
        assert own.log.count("cannot be written") <= 3
        if what == "full":
            ballast.unlink()
        else:
            mount("-o", "remount,rw", str(own.state))
        assert client.get(f"{url}/again").content == BODY
        wait_for(lambda: b"/again" in b"".join(f.read_bytes() for f in (own.state / "flows").glob("*.flow")))
    report.append(f"| the disk is {what} | - | calls pass, one warning, a restart works, kept again with room |")
