"""What is compared: nothing in between, mitmproxy as it comes, mitmproxy with streaming on, and the sidecar."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
STREAMING_ADDON = "def responseheaders(flow):\n    flow.response.stream = True\n"
NAMES = ("direct", "mitmdump", "mitmweb", "mitmweb, streaming", "sidecar", "sidecar, page open")


@dataclass
class Subject:
    """One running way to the upstream server."""

    name: str
    port: int | None = None
    cafile: str = ""
    process: psutil.Process | None = None
    web: str = ""
    password: str = ""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
        else:
            return


@contextlib.contextmanager
def process(args: list[str], **env: str) -> Iterator[psutil.Process]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}
    it = subprocess.Popen(args, cwd=ROOT, env=kept | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(it.pid)
    finally:
        it.terminate()
        it.wait()


@contextlib.contextmanager
def subject(name: str, folder: Path, upstream_ca: Path) -> Iterator[Subject]:
    """Start it for the time of the block."""
    if name == "direct":
        yield Subject(name, cafile=str(upstream_ca))
        return
    folder.mkdir()
    port, web = free_port(), free_port()
    tools = Path(sys.executable).parent
    common = ["--listen-host", "127.0.0.1", "-p", str(port), "--set", f"confdir={folder}"]
    common += ["--set", f"ssl_verify_upstream_trusted_ca={upstream_ca}"]
    browser = ["--no-web-open-browser", "--web-port", str(web)]
    cafile = folder / "mitmproxy-ca-cert.pem"
    env = {}
    match name:
        case "mitmdump":
            args = [str(tools / "mitmdump"), "-q", *common]
        case "mitmweb":
            args = [str(tools / "mitmweb"), *common, *browser]
        case "mitmweb, streaming":
            (folder / "streaming.py").write_text(STREAMING_ADDON)
            args = [str(tools / "mitmweb"), *common, *browser, "-s", str(folder / "streaming.py")]
        case _:
            args = [sys.executable, "-m", "llm_sidecar"]
            (folder / "certs").mkdir()
            (folder / "certs" / "upstream.pem").write_bytes(upstream_ca.read_bytes())
            cafile = folder / "ca" / "mitmproxy-ca-cert.pem"
            env = {
                "PYTHONPATH": str(ROOT / "proxy-addons"),
                "LLM_SIDECAR_STATE": str(folder / "state"),
                "LLM_SIDECAR_PUBLIC": str(folder / "ca"),
                "LLM_SIDECAR_CERTS": str(folder / "certs"),
                "LLM_SIDECAR_PROXY_PORT": str(port),
                "LLM_SIDECAR_WEB_PORT": str(web),
                "MITM_PASSWORD": "bench",
            }
    with process(args, **env) as running:
        wait_for_port(port)
        deadline = time.monotonic() + 30
        while not cafile.exists() and time.monotonic() < deadline:
            pass
        yield Subject(name, port, str(cafile), running, f"127.0.0.1:{web}", "bench")
