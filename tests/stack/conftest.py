"""Stack tests run against a real Docker engine: skipped where none answers, unless LLM_SIDECAR_REQUIRE_DOCKER=1."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.stack.stack import BASE_IMAGE, Stack, docker

HERE = Path(__file__).parent
HOST_CAS = "/etc/ssl/certs/ca-certificates.crt"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in here needs the engine."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("docker")


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """A Docker engine that answers."""
    try:
        run = docker("info", "--format", "{{.ServerVersion}}", check=False, timeout=30)
        problem = run.stderr if run.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as e:
        problem = str(e)
    if problem:
        reason = f"no Docker engine answers: {problem.strip()}"
        pytest.fail(reason) if os.environ.get("LLM_SIDECAR_REQUIRE_DOCKER") == "1" else pytest.skip(reason)


@pytest.fixture(scope="session")
def images(engine: None) -> None:
    """The images, as the working tree has them. Builds trust what this machine trusts."""
    build_ca = os.environ.get("BUILD_CA_FILE") or (HOST_CAS if os.path.exists(HOST_CAS) else "")
    docker(
        "compose",
        "--profile",
        "dev",
        "build",
        "--quiet",
        cwd=ROOT,
        env={"BUILD_CA_FILE": build_ca, "PYTHON_IMAGE": BASE_IMAGE},
    )


@pytest.fixture(scope="session")
def stack(images: None) -> Iterator[Stack]:
    """One running stack for all tests that leave it as it is."""
    with Stack().run() as it:
        yield it


@pytest.fixture(scope="session")
def client_packages() -> str:
    """The folder of the matrix's Python packages, to be mounted into stock images."""
    subprocess.run(["make", ".venv-clients/.ready"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return str(next((ROOT / ".venv-clients/lib").glob("python3*/site-packages")))


@pytest.fixture(scope="session")
def node_binary() -> str:
    """Node 20, to be mounted likewise; npm has it as a package."""
    if not shutil.which("npm"):
        pytest.skip("there is no npm, which brings the Node that goes into the container")
    folder = "tests/clients/node20/node_modules"
    subprocess.run(["make", f"{folder}/.ready"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return str(ROOT / folder / "node/bin/node")
