"""What stops the proxy from starting says so in one line that names the thing and the remedy."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.conftest import Sidecar, wait_for


def end_of(it: Sidecar) -> tuple[int, str]:
    """Run it, wait for its end: exit status and log."""
    with it.run(wait=False):
        assert it.process is not None
        return it.process.wait(20), it.log


@pytest.mark.parametrize("name", ["APP_ENV", "ENVIRONMENT", "FLASK_ENV", "NODE_ENV"])
def test_it_refuses_to_run_in_production(tmp_path: Path, name: str) -> None:
    """Exit status 64 and one line with the variable's name; nothing is made or opened."""
    status, log = end_of(Sidecar(tmp_path, env={name: "Production"}))
    assert status == 64
    assert log.count("\n") == 1
    assert name in log
    assert not (tmp_path / "state").exists()


def test_it_refuses_to_run_on_kubernetes_unless_allowed(tmp_path: Path) -> None:
    """A pod needs the explicit opt-in, which the message names."""
    it = Sidecar(tmp_path, env={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    status, log = end_of(it)
    assert status == 64
    assert "LLM_SIDECAR_KUBERNETES=allow" in log
    it.env["LLM_SIDECAR_KUBERNETES"] = "allow"
    with it.run():
        pass


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """The message has the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        it = Sidecar(tmp_path, web_port=taken.getsockname()[1])
        status, log = end_of(it)
    assert status == 1
    assert f"port {it.web_port} cannot be used" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"LLM_SIDECAR_PROXY_PORT": "many"}, "LLM_SIDECAR_PROXY_PORT"),
        ({"MITM_PASSWORD_FILE": "/no/such/file"}, "/no/such/file"),
        ({"MITM_PASSWORD_FILE": "/dev/null"}, "empty"),
        ({"LLM_SIDECAR_STATE": "/proc/no"}, "/proc/no"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, env: dict[str, str], named: str) -> None:
    """One line, no traceback."""

    class WithSetting(Sidecar):
        def environ(self) -> dict[str, str]:
            return super().environ() | env

    status, log = end_of(WithSetting(tmp_path))
    assert status == 1
    assert named in log
    assert "Traceback" not in log


def test_a_set_of_empty_variables_means_the_defaults(tmp_path: Path) -> None:
    """A `.env` with nothing filled in is as good as none."""
    it = Sidecar(tmp_path, env={"MITM_PASSWORD": "", "MITM_PASSWORD_FILE": "", "OFFLINE_LLM_URL": "", "APP_ENV": ""})
    with it.run():
        assert "?token=" in it.log


def test_it_stops_at_once(tmp_path: Path) -> None:
    """SIGTERM ends the process within 5 seconds."""
    it = Sidecar(tmp_path)
    with it.run():
        assert it.process is not None
        os.kill(it.process.pid, signal.SIGTERM)
        wait_for(lambda: it.process.poll() is not None, 5, "the end of the process")
