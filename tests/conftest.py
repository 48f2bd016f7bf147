"""What the tests share: a real proxy process, the real offline model, and upstream servers that do as they are told."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

ROOT = Path(__file__).parent.parent
REPORT = pytest.StashKey[list[str]]()
"""Lines of the table that `make torture` prints."""


def clean_env(**extra: str) -> dict[str, str]:
    """An environment without the trust and proxy variables that the machine may set, and `extra`."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR", "PYENV_ROOT", "PYENV_VERSION")
    return {k: v for k, v in os.environ.items() if k in keep} | extra


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition: Callable[[], Any], seconds: float = 15, what: str = "the condition") -> Any:
    """Poll until `condition()` is true and return its value; fail with its last exception or `what`."""
    deadline = time.monotonic() + seconds
    error: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if value := condition():
                return value
        except Exception as e:
            error = e
        threading.Event().wait(0.02)
    raise AssertionError(f"{what}: not within {seconds} s") from error


@contextlib.contextmanager
def running(args: list[str], log: Path, **kwargs: Any) -> Iterator[subprocess.Popen]:
    """A process for the time of the block; its output goes to `log`."""
    with log.open("ab") as out:
        process = subprocess.Popen(args, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **kwargs)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Sidecar:
    """A running proxy process: `python -m llm_sidecar` with its own folders and free ports."""

    folder: Path
    proxy_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.proxy_port}"

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def public(self) -> Path:
        return self.folder / "ca"

    @property
    def certs(self) -> Path:
        return self.folder / "certs"

    @property
    def ca(self) -> Path:
        return self.public / "mitmproxy-ca-cert.pem"

    @property
    def bundle(self) -> Path:
        return self.public / "ca-bundle.pem"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @property
    def password(self) -> str:
        return self.env.get("MITM_PASSWORD") or (self.state / "web-password").read_text()

    @property
    def proxy_env(self) -> dict[str, str]:
        """The environment of a client that goes through this proxy and trusts it."""
        return clean_env(
            HTTPS_PROXY=self.proxy, https_proxy=self.proxy, SSL_CERT_FILE=str(self.bundle),
            REQUESTS_CA_BUNDLE=str(self.bundle), NO_PROXY="", no_proxy="",
        )  # fmt: skip

    def environ(self) -> dict[str, str]:
        return clean_env(
            PYTHONPATH=str(ROOT / "proxy-addons"),
            PYTHONUNBUFFERED="1",
            LLM_SIDECAR_STATE=str(self.state),
            LLM_SIDECAR_PUBLIC=str(self.public),
            LLM_SIDECAR_CERTS=str(self.certs),
            LLM_SIDECAR_PROXY_PORT=str(self.proxy_port),
            LLM_SIDECAR_WEB_PORT=str(self.web_port),
            **self.env,
        )

    @contextlib.contextmanager
    def run(self, wait: bool = True) -> Iterator[Sidecar]:
        """Run it for the time of the block, from ready on. May be used again: the folders stay."""
        self.certs.mkdir(parents=True, exist_ok=True)
        with running([sys.executable, "-m", "llm_sidecar"], self.folder / "log", env=self.environ()) as self.process:
            if wait:
                self.wait_ready()
            yield self

    def wait_ready(self) -> None:
        def ready() -> bool:
            if self.process is None or self.process.poll() is not None:
                pytest.fail(f"the proxy ended:\n{self.log}")
            health = subprocess.run(
                [sys.executable, "-m", "llm_sidecar.health"], env=self.environ(), capture_output=True, text=True
            )
            assert health.returncode == 0, health.stderr
            return True

        wait_for(ready, 30, "the proxy is ready")

    def api(self, **kwargs: Any) -> httpx.Client:
        """A client of mitmweb's API and of the page, logged in by Bearer."""
        headers = {
            "Authorization": f"Bearer {self.password}",
            "Cookie": "_mitmproxy_xsrf=test",
            "X-XSRFToken": "test",
        }
        return httpx.Client(base_url=self.web, headers=headers, trust_env=False, timeout=10, **kwargs)

    def flows(self) -> list[dict]:
        with self.api() as api:
            return api.get("/flows").raise_for_status().json()

    def wait_flow(self, test: Callable[[dict], bool] = lambda flow: True, seconds: float = 10) -> dict:
        """The newest flow that passes `test`, waiting for it."""
        return wait_for(lambda: next((f for f in reversed(self.flows()) if test(f)), None), seconds, "such a flow")

    def body(self, flow: dict, side: str = "response") -> bytes:
        with self.api() as api:
            return api.get(f"/flows/{flow['id']}/{side}/content.data").raise_for_status().content

    def client(self, **kwargs: Any) -> httpx.Client:
        """An HTTP client that goes through the proxy and trusts its CA."""
        return httpx.Client(
            proxy=self.proxy, verify=ssl.create_default_context(cafile=str(self.bundle)), trust_env=False,
            timeout=20, **kwargs,
        )  # fmt: skip


@pytest.fixture(scope="session")
def offline_llm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the real offline model."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    args = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "32", "app.offline:create_app()"]
    log = tmp_path_factory.mktemp("offline") / "log"
    with running([sys.executable, *args], log, cwd=ROOT, env=clean_env()) as process:

        def ready() -> bool:
            if process.poll() is not None:
                pytest.fail(f"the offline model ended:\n{log.read_text()}")
            return httpx.get(f"{url}/healthz", trust_env=False).is_success

        wait_for(ready, 30, "the offline model is ready")
        yield url


@contextlib.contextmanager
def trusting_sidecar(folder: Path, offline_llm: str, upstream_ca: trustme.CA) -> Iterator[Sidecar]:
    """A running proxy that knows the offline model and trusts the upstream servers' CA."""
    it = Sidecar(folder, env={"OFFLINE_LLM_URL": offline_llm})
    it.certs.mkdir(parents=True)
    upstream_ca.cert_pem.write_to_path(str(it.certs / "upstream.pem"))
    with it.run():
        yield it


@pytest.fixture(scope="session")
def sidecar(offline_llm: str, upstream_ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """One proxy process for all tests that do not change it; it trusts the upstream servers' CA."""
    with trusting_sidecar(tmp_path_factory.mktemp("sidecar"), offline_llm, upstream_ca) as it:
        yield it


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> list[str]:
    """For what a test has measured: a line of a table, `| what | directly | through the proxy |`."""
    return request.config.stash.setdefault(REPORT, [])


@pytest.fixture(scope="session")
def upstream_ca() -> trustme.CA:
    """The CA of the upstream servers of the tests."""
    return trustme.CA()


Handler = Callable[[socket.socket, bytes], None]
"""Gets the connection after a request head (as bytes) has been read; what it sends is what the client sees."""


@dataclass
class Upstream:
    """A server on loopback that answers each connection with its handler, byte for byte."""

    url: str
    requests: list[bytes]
    """What arrived: each request's head and body."""


@pytest.fixture
def upstream(upstream_ca: trustme.CA) -> Iterator[Callable[..., Upstream]]:
    """`upstream(handler, tls=True)` starts a server on localhost for the test."""
    listeners: list[socket.socket] = []

    def start(handler: Handler, tls: bool = True) -> Upstream:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        upstream_ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        scheme = "https" if tls else "http"
        server = Upstream(f"{scheme}://localhost:{listener.getsockname()[1]}", [])

        def serve(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                stack.callback(connection.close)
                if tls:
                    connection = context.wrap_socket(connection, server_side=True)
                    stack.callback(connection.close)
                connection.settimeout(30)
                request = read_request(connection)
                server.requests.append(request)
                if request:
                    handler(connection, request)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return server

    yield start
    for listener in listeners:
        listener.close()


def read_request(connection: socket.socket) -> bytes:
    """One HTTP/1.1 request with a Content-Length body or none."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return b""
        data += more
    head = data.partition(b"\r\n\r\n")[0]
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
    while len(data) < len(head) + 4 + length:
        if not (more := connection.recv(65536)):
            break
        data += more
    return data


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked HTTP/1.1 body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
