"""`make screenshots`: the pictures in docs/images, of a real proxy with real calls. No test, but run as one."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT, Sidecar, free_port, running, wait_for

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


def test_screenshot_of_mitmweb(page: Page, day: None) -> None:
    """The same call in mitmweb itself."""
    page.goto("/llm")
    page.locator("#runs .run:first-child li:last-child a.call").click()
    page.get_by_role("link", name="Flow in mitmweb").click()
    page.get_by_text("Response", exact=True).click()
    expect(page.locator(".contentview")).to_contain_text("night train")
    take(page, "mitmweb", 1280, 720)


def test_screenshot_of_the_demo(page: Page, sidecar: Sidecar, tmp_path: Path) -> None:
    """The demo app with an answer that came through the sidecar."""
    port = free_port()
    env = sidecar.proxy_env | {"LLM_SIDECAR_WEB_URL": sidecar.web}
    server = ["gunicorn", "-c", str(ROOT / "app" / "gunicorn.conf.py"), "-b", f"127.0.0.1:{port}", "app:create_app()"]
    with running([sys.executable, "-m", *server], tmp_path / "log", cwd=ROOT, env=env):
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success, what="the demo app")
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("textbox").first.fill("Which train to Lisbon needs no change?")
        page.get_by_role("textbox").first.press("Control+Enter")
        expect(page.get_by_text("every time")).to_be_visible(timeout=20_000)
        take(page, "demo", 1280, 720)


def take(page: Page, name: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.mouse.move(0, 0)
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(IMAGES / f"{name}.png"))
