"""`make torture`: the long form of the tests in here, and a summary of what was measured."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

LONG = bool(os.environ.get("TORTURE"))


@pytest.fixture
def long() -> bool:
    """The long form is wanted; the short one is a part of `make test`."""
    return LONG


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Lines for the summary."""
    lines: list[str] = []
    yield lines
    request.node.user_properties += [("report", line) for line in lines]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not LONG:
        return
    terminalreporter.section("what was tried, direct, through the proxy")
    for outcome in ("passed", "failed"):
        for each in terminalreporter.stats.get(outcome, []):
            for name, line in getattr(each, "user_properties", []):
                if name == "report":
                    terminalreporter.write_line(line if outcome == "passed" else f"FAILED {line}")
