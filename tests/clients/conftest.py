"""A proxy for the matrix: with the stand-in for providers that cannot be reached from here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Sidecar, wait_for
from tests.stack.stack import Stack

STAND_IN = Path(__file__).parent / "stand_in.py"


def add_stand_in(sidecar: Sidecar | Stack, script: str = str(STAND_IN)) -> None:
    """Load the stand-in into a running proxy, beside its own script."""
    xsrf = {"Cookie": "_mitmproxy_xsrf=test", "X-XSRFToken": "test"}
    with sidecar.api() as api:
        scripts = [*api.get("/options").json()["scripts"]["value"], script]
        api.put("/options", json={"scripts": scripts}, headers=xsrf).raise_for_status()
    wait_for(lambda: sidecar.client().get("https://ready.example.com/").is_success, what="the stand-in answers")


@pytest.fixture(scope="session")
def provided(offline_llm: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """A proxy behind which every provider answers."""
    with Sidecar(tmp_path_factory.mktemp("provided"), env={"OFFLINE_LLM_URL": offline_llm}).run() as it:
        add_stand_in(it)
        yield it
