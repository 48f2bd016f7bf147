"""`make torture`: the long form of the tests in here, and a summary of what was measured."""

from __future__ import annotations

import os

import pytest

from tests.conftest import REPORT

LONG = bool(os.environ.get("TORTURE"))


@pytest.fixture
def long() -> bool:
    """The long form is wanted; the short one is a part of `make test`."""
    return LONG


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if LONG:
        terminalreporter.section("summary")
        for line in ("| what | directly | through the proxy |", "|---|---|---|", *config.stash.get(REPORT, [])):
            terminalreporter.write_line(line)
