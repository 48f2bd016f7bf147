"""The part of the matrix that every test run can afford: what this environment has installed, as processes.

`make clients` runs all of it, in a container, and writes docs/clients.md.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import sys

import pytest

from tests.clients import matrix, report
from tests.clients.rows import ENVIRONMENT, NODE, PYTHON, SHIM, Row
from tests.conftest import ROOT, Sidecar

SHIM_FILE = ROOT / "proxy-addons/llm_sidecar/trust/client/python/sitecustomize.py"
STANDARD_LIBRARY = ("urllib.request", "http.client", "certifi")
NODE_OWN = ("fetch", "https", "http2")


def installed(row: Row) -> bool:
    if row.home != ".venv-clients":
        return False
    try:
        importlib.metadata.version(row.package)
    except importlib.metadata.PackageNotFoundError:
        return row.package in STANDARD_LIBRARY
    return True


@pytest.fixture
def environment(provided: Sidecar) -> dict[str, str]:
    """What drop-in/client.yml sets, for the tests' proxy."""
    return matrix.drop_in_environment(provided.proxy, str(provided.public))


@pytest.mark.parametrize("row", [r for r in PYTHON if installed(r)], ids=lambda r: r.client)
def test_python_row(provided: Sidecar, environment: dict[str, str], row: Row) -> None:
    """Captured by what the table says. One that no longer needs its patch fails too: then drop the patch."""
    result = matrix.run(row, provided, environment, matrix.as_process(sys.executable, "-c"), matrix.python_code(row))
    assert result.by == row.by, result.said


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node on the PATH")
@pytest.mark.parametrize("row", [r for r in NODE if r.package in NODE_OWN], ids=lambda r: r.client)
def test_node_row(provided: Sidecar, environment: dict[str, str], row: Row) -> None:
    """Node's own clients are captured, whether this version knows proxies or not."""
    result = matrix.run(row, provided, environment, matrix.as_process("node", "--input-type=module", "-e"), row.code)
    assert result.by in (ENVIRONMENT, SHIM), result.said


def test_each_patch_has_its_row() -> None:
    """A patch is for a client that the matrix shows to need it."""
    spec = importlib.util.spec_from_file_location("shim", SHIM_FILE)
    assert spec
    assert spec.loader
    shim = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shim)
    needing = {row.client for row in PYTHON if row.by == SHIM}
    assert {who for _, who in shim.PATCHES.values()} - {"every client, when the proxy is down"} <= needing


def test_the_page_is_of_this_table() -> None:
    """docs/clients.md has each row, all captured, at the locked version. If not: `make clients`."""
    page = report.PAGE.read_text()
    for row in [*PYTHON, *NODE]:
        assert f"| {row.client} |" in page
    assert "not captured" not in page
    for environment in ("clients", "clients-httpx"):
        locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / f"requirements/{environment}.txt").read_text(), re.M))
        for row in PYTHON:
            if row.home == f".venv-{environment}" and row.package in locked:
                assert f"| {row.client} | {locked[row.package]} |" in page
