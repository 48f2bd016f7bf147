"""Opening the page of a call that has just been made."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.conftest import Sidecar, wait_for


def newest(sidecar: Sidecar, number: int = 0) -> dict[str, Any]:
    """The newest call of the API, or the one `number` before it."""

    def call() -> dict[str, Any] | None:
        with sidecar.api() as api:
            calls = api.get("/llm/api/calls").json()["calls"]
        return calls[number] if len(calls) > number and not calls[number]["llm_sidecar.incomplete"] else None

    return wait_for(call, what="such a call")


def open_newest(page: Page, sidecar: Sidecar, number: int = 0) -> None:
    page.goto(f"/llm/calls/{newest(sidecar, number)['id']}")
