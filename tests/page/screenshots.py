"""`make screenshots`: the pictures in docs/images, of a real proxy with real calls. No test, but run as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT

IMAGES = ROOT / "docs" / "images"


@pytest.mark.usefixtures("day")
def test_screenshots(page: Page) -> None:
    """Each page as it looks at the end of a small day."""
    page.goto("/llm")
    take(page, "list", 1280, 560)
    page.emulate_media(color_scheme="dark")
    take(page, "list-dark", 1280, 560)
    page.emulate_media(color_scheme="light")

    page.locator("#runs .run:first-child li:last-child a.call").click()
    expect(page.locator("#answers")).to_contain_text("night train")
    page.locator(".kept > summary").click()
    take(page, "call", 1280, 900)
    take(page, "narrow", 400, 860)
    page.emulate_media(color_scheme="dark")
    take(page, "call-dark", 1280, 900)
    page.emulate_media(color_scheme="light")
    page.get_by_role("link", name="Events").click()
    take(page, "events", 1280, 560)

    page.goto("/llm?q=leg")
    page.locator("#runs a.call").last.focus()
    page.keyboard.press("c")
    expect(page.locator(".prefix")).to_be_visible()
    take(page, "compare", 1280, 760)


def take(page: Page, name: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.mouse.move(0, 0)
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(IMAGES / f"{name}.png"))
