"""One Compose stack of the tests: its own project name, free ports, its own volumes; images shared with all others."""

from __future__ import annotations

import contextlib
import json
import os
import re
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.conftest import ROOT, clean_env, free_port, wait_for

Run = subprocess.CompletedProcess[str]

APP_IMAGE, PROXY_IMAGE = "llm-sidecar-app", "llm-sidecar-proxy"
BASE_IMAGE = os.environ.get("PYTHON_IMAGE") or "python:3.13-slim-trixie"
SERVICES = ("proxy", "app", "offline-llm")


def docker(*args: str, check: bool = True, **kwargs: object) -> Run:
    """`docker ARGS`; fails with what it said."""
    env = clean_env(**{name: value for name, value in os.environ.items() if name.startswith("DOCKER_")})
    env |= kwargs.pop("env", {})  # type: ignore[arg-type]
    run = subprocess.run(["docker", *args], env=env, capture_output=True, text=True, **kwargs)  # type: ignore[call-overload]
    assert not check or run.returncode == 0, f"docker {' '.join(args)}: {run.returncode}\n{run.stdout}{run.stderr}"
    return run


def finished(container: str) -> Run:
    """Wait for a container's end, and remove it. `docker run` may miss the output of one that ends at once."""
    try:
        status = int(docker("wait", container).stdout)
        logs = docker("logs", container)
        return subprocess.CompletedProcess(container, status, logs.stdout, logs.stderr)
    finally:
        docker("rm", "--force", container)


@dataclass
class Stack:
    """`env` is what a user would export; `env_file` their `.env`. Nothing of the machine's own settings counts."""

    env: dict[str, str] = field(default_factory=dict)
    env_file: Path = Path("/dev/null")
    project: str = field(default_factory=lambda: f"llm-sidecar-test-{uuid.uuid4().hex[:8]}")
    proxy_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    app_port: int = field(default_factory=free_port)

    @property
    def web(self) -> str:
        return f"http://localhost:{self.web_port}"

    @property
    def app(self) -> str:
        return f"http://localhost:{self.app_port}"

    @property
    def proxy(self) -> str:
        return f"http://localhost:{self.proxy_port}"

    def compose(self, *args: str, profile: str = "dev", check: bool = True) -> Run:
        """`docker compose ARGS` for this project, with the profile unless it is empty."""
        ports = {
            "PROXY_PORT": str(self.proxy_port),
            "MITMWEB_PORT": str(self.web_port),
            "APP_PORT": str(self.app_port),
        }
        command = ["compose", "--project-name", self.project, "--env-file", str(self.env_file)]
        profiles = ["--profile", profile] if profile else []
        return docker(*command, *profiles, *args, env=ports | self.env, cwd=ROOT, check=check)

    def up(self, *args: str) -> None:
        self.compose("up", "--detach", "--wait", "--no-build", *args)

    def down(self, *args: str) -> None:
        self.compose("down", "--timeout", "1", *args)

    @contextlib.contextmanager
    def run(self) -> Iterator[Stack]:
        """Up for the time of the block; nothing is left of it afterwards."""
        try:
            self.up()
            yield self
        finally:
            self.down("--volumes")

    def exec(self, service: str, *command: str, check: bool = True) -> Run:
        """Run a command in a running container."""
        return self.compose("exec", "-T", service, *command, check=check)

    def inspect(self, service: str) -> dict:
        """What `docker inspect` says of a service's container, running or not."""
        container = self.compose("ps", "--all", "--quiet", service).stdout.strip()
        return json.loads(docker("inspect", container).stdout)[0]

    def logs(self, service: str) -> str:
        return self.compose("logs", "--no-log-prefix", service).stdout

    @property
    def login_url(self) -> str:
        """The URL that the proxy printed last."""
        return re.findall(r"http://localhost:\d+/\?token=\S+", self.logs("proxy"))[-1]

    @property
    def password(self) -> str:
        return self.env.get("MITM_PASSWORD") or self.login_url.partition("token=")[2]

    @property
    def ca(self) -> str:
        """The published CA, PEM."""
        return self.exec("proxy", "cat", "/run/llm-sidecar/mitmproxy-ca-cert.pem").stdout

    def api(self) -> httpx.Client:
        """A client of mitmweb's API, logged in."""
        headers = {"Authorization": f"Bearer {self.password}"}
        return httpx.Client(base_url=self.web, headers=headers, trust_env=False, timeout=10)

    def flows(self) -> list[dict]:
        with self.api() as api:
            return api.get("/flows").raise_for_status().json()

    def wait_flow(self, marker: str) -> dict:
        """The flow whose request body contains `marker`, once it is over (SDKs hang up on the end mark)."""

        def find() -> dict | None:
            asked = [flow for flow in self.flows() if marker in self.body(flow, "request")]
            assert asked, "no request with it"
            ended = (flow for flow in asked if flow.get("error") or (flow["response"] or {}).get("timestamp_end"))
            return next(ended, None)

        return wait_for(find, 20, f"the flow of {marker!r} in mitmweb, ended")

    def body(self, flow: dict, side: str) -> str:
        with self.api() as api:
            return api.get(f"/flows/{flow['id']}/{side}/content.data").text

    def client(self) -> httpx.Client:
        """A client on the host that goes through the proxy and trusts its CA."""
        trust = ssl.create_default_context(cadata=self.ca)
        return httpx.Client(proxy=self.proxy, verify=trust, trust_env=False, timeout=30)
