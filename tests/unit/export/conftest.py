"""What the tests of the exports share: a recorder, and an environment that leads to it directly."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.unit.export.recorder import Recorder, recording


@pytest.fixture(scope="session")
def _recorder() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture
def recorder(_recorder: Recorder) -> Recorder:
    """A provider that keeps what it is sent; nothing yet."""
    _recorder.received.clear()
    return _recorder


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no base URL of the machine's environment."""
    for name in list(os.environ):
        if name.lower().endswith(("_proxy", "_base_url", "_api_key")):
            monkeypatch.delenv(name)
