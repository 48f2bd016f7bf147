"""The doctor tells of each client what it does, and the first thing to change."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.matrix import drop_in_environment
from tests.conftest import Sidecar, clean_env, free_port

PYTHON = str(Path(sys.base_prefix) / "bin" / "python3")
"""A Python with no packages but its own, so that few clients are examined."""

BYPASSES, DISTRUSTS, CAPTURED = "bypasses the sidecar", "does not trust the sidecar", "captured"


def doctor(sidecar: Sidecar, *command: str, without: tuple[str, ...] = (), **env: str) -> tuple[int, dict[str, str]]:
    """Run it with the drop-in's environment but for `without`; its exit status, and what it says of each client."""
    variables = drop_in_environment(sidecar.proxy, str(sidecar.public)) | env
    environ = clean_env(**{n: v for n, v in variables.items() if n not in without})
    name = "doctor.js" if command == ("node",) else "doctor.py"
    run = subprocess.run([*command, sidecar.public / name], env=environ, capture_output=True, text=True, timeout=110)
    assert run.stderr == ""
    return run.returncode, {line.split()[0]: " ".join(line.split()[1:]) for line in run.stdout.splitlines()}


def test_all_is_well(sidecar: Sidecar) -> None:
    """With the drop-in's environment every client that the tests have is captured, and the status says so."""
    status, said = doctor(sidecar, sys.executable)
    assert {"openai", "anthropic", "google-genai", "requests", "aiohttp", "boto3"} <= set(said)
    assert set(said.values()) <= {"captured", "async captured"}
    assert status == 0


@pytest.mark.parametrize(
    ("without", "client", "what", "remedy"),
    [
        (("SSL_CERT_FILE",), "urllib.request", DISTRUSTS, "set SSL_CERT_FILE=.*/ca-bundle.pem"),
        (("HTTPS_PROXY", "https_proxy"), "urllib.request", BYPASSES, "set HTTPS_PROXY=http://"),
        (("PYTHONPATH",), "http.client", BYPASSES, "put .*/python first in PYTHONPATH"),
    ],
)
def test_python_remedies(sidecar: Sidecar, without: tuple[str, ...], client: str, what: str, remedy: str) -> None:
    """What is missing is named, once for the environment and for each client that suffers from it."""
    status, said = doctor(sidecar, PYTHON, without=without)
    assert status == 1
    assert said[client].startswith(what)

    assert re.search(remedy, said[client])


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node on the PATH")
@pytest.mark.parametrize(
    ("without", "what", "remedy"),
    [
        ((), CAPTURED, ""),
        (("NODE_EXTRA_CA_CERTS",), DISTRUSTS, "set NODE_EXTRA_CA_CERTS="),
        (("NODE_OPTIONS",), BYPASSES, "add --require="),
    ],
)
def test_node(sidecar: Sidecar, without: tuple[str, ...], what: str, remedy: str) -> None:
    """Its counterpart for Node says the same of an https.Agent of the app's own, in any version of Node."""
    status, said = doctor(sidecar, "node", without=without)
    assert said["https.Agent"].startswith(what)
    assert remedy in said["https.Agent"]
    assert status == (0 if what == CAPTURED else 1)


@pytest.mark.parametrize("command", [(PYTHON,), ("node",)])
@pytest.mark.parametrize("proxy", ["", "down", "other"])
def test_no_sidecar(sidecar: Sidecar, command: tuple[str, ...], proxy: str) -> None:
    """Not configured, not running, or something else on its port: status 2, one line."""
    if not shutil.which(command[0]):
        pytest.skip("there is no node on the PATH")
    url = {"": "", "down": f"http://127.0.0.1:{free_port()}", "other": sidecar.web}[proxy]
    status, said = doctor(sidecar, *command, LLM_SIDECAR_PROXY=url, NODE_OPTIONS="")
    assert status == 2
    assert len(said) == 1


def test_a_bundle_that_cannot_be_read(sidecar: Sidecar, tmp_path: Path) -> None:
    """The environment's own defect comes first, with where it should be mounted."""
    shutil.copytree(sidecar.public, tmp_path / "ca")
    (tmp_path / "ca/ca-bundle.pem").unlink()
    env = clean_env(**drop_in_environment(sidecar.proxy, str(tmp_path / "ca")))
    run = subprocess.run([PYTHON, tmp_path / "ca/doctor.py"], env=env, capture_output=True, text=True, timeout=60)
    assert re.match(r"environment: .*/ca-bundle.pem cannot be read .*: mount the volume `ca`", run.stdout)
    assert run.returncode == 1


def test_nothing_of_it_counts_as_a_failure(sidecar: Sidecar) -> None:
    """The doctor's own failed handshakes are no news for the page."""
    doctor(sidecar, PYTHON, without=("SSL_CERT_FILE",))
    with sidecar.api() as api:
        hosts = [f["host"] for f in api.get("/llm/api/trust").json()["tls_failures"]]
    assert not [host for host in hosts if "doctor" in host]
