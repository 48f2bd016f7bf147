"""For everyone: keyboard, screen readers, narrow and wide windows, no motion."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.conftest import Sidecar
from tests.page import recorded

pytestmark = pytest.mark.usefixtures("clear")


def views(page: Page) -> list[str]:
    """One address of each kind of page."""
    page.goto("/llm")
    expect(page.locator("a.call").first).to_be_visible()
    call = page.locator("#runs .run:first-child li:last-child a.call").get_attribute("href")
    picture = page.locator("a.call", has_text="What is in this picture").get_attribute("href")
    failed = page.locator("a.call", has_text="Tell me a long story").get_attribute("href")
    assert call
    tabs = [f"{call}{tab}" for tab in ("", "/request", "/response", "/events")]
    compare = f"/llm/compare?after={call.rpartition('/')[2]}"
    return ["/llm", "/llm?q=nothing+fits", *tabs, str(picture), str(failed), compare]


def ready(page: Page) -> None:
    """The page's scripts are at work."""
    expect(page.locator("#connection")).to_have_text("live")


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, scheme: str) -> None:
    """Every page, all of it unfolded, by axe-core's rules."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    found = []
    for view in views(page):
        page.goto(view)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        report = Axe().run(page)
        found += [
            (view, each["id"], [node["html"][:120] for node in each["nodes"][:3]])
            for each in report.response["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    assert found == []


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize("width", [400, 800, 1280, 2560])
def test_nothing_runs_out_of_the_window(page: Page, width: int) -> None:
    """No page scrolls sideways, and nothing is cut off at its right edge."""
    page.set_viewport_size({"width": width, "height": 900})
    for view in views(page):
        page.goto(view)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        wide = page.locator("main *").evaluate_all(
            "(all) => all.filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1 "
            "&& !e.closest('.row, .sr')).map(e => e.outerHTML.slice(0, 100))"
        )
        assert wide == [], view


@pytest.mark.usefixtures("day")
def test_the_keyboard_is_enough(page: Page) -> None:
    """Through the list, into a call, to the next one, to the comparison, the help, the search, and back."""
    page.goto("/llm")
    ready(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("k")
    focused = page.locator(":focus")
    expect(focused).to_contain_text("get_weather")
    outline = focused.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth")
    assert outline == "solid2px"
    page.keyboard.press("Enter")
    expect(page.locator(".strip [aria-current]")).to_have_text("1")
    ready(page)
    page.keyboard.press("j")
    expect(page.locator(".strip [aria-current]")).to_have_text("2")
    ready(page)
    page.keyboard.press("c")
    expect(page.locator(".prefix")).to_be_visible()
    ready(page)
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/llm$"))
    ready(page)
    page.keyboard.press("/")
    page.keyboard.type("picture?jc")
    expect(page.get_by_role("searchbox")).to_have_value("picture?jc")
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).not_to_be_focused()


def test_reduced_motion_is_respected(page: Page, sidecar: Sidecar) -> None:
    """Whoever asks for no motion gets none."""
    recorded.load(sidecar, [recorded.chat(0, "Hello", "Hi")])
    page.emulate_media(reduced_motion="reduce")
    page.goto("/llm")
    moving = "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).animationName !== 'none').length"
    assert page.evaluate(moving) == 0
