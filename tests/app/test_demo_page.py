"""The demo's page in a real browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

LIFE = "add 20 to the answer to life, the universe and everything"


@pytest.fixture(scope="module")
def browser_page(demo: str) -> Iterator[Page]:
    """The page, open; whatever it complains of in the console fails the test run."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=chromium, args=args)
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
        page.goto(demo)
        yield page
        browser.close()
    assert faults == []


def ask(page: Page, prompt: str, api: str = "chat", stream: bool = True) -> None:
    page.fill("#prompt", prompt)
    page.check(f"input[value={api}]")
    page.set_checked("input[name=stream]", stream)
    page.set_checked("input[name=tools]", False)
    page.click("#ask")


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_answer_grows_as_it_arrives(browser_page: Page, api: str) -> None:
    """The first words are there long before the last, and then it says how long it took."""
    ask(browser_page, "Hello there", api)
    text = browser_page.locator("article").first.locator(".text")
    seen: set[str] = set()
    deadline = time.monotonic() + 15
    while "every time." not in (now := text.inner_text()) and time.monotonic() < deadline:
        seen.add(now)
    assert len(seen) > 5
    expect(browser_page.locator("article").first.locator(".status")).to_contain_text(" s")


def test_without_streaming_it_comes_at_once(browser_page: Page) -> None:
    """The same answer, whole."""
    ask(browser_page, "Hello there", stream=False)
    expect(browser_page.locator("article").first.locator(".text")).to_contain_text("every time.")


def test_the_tool_demo_is_one_click(browser_page: Page) -> None:
    """The prompt is filled in, the call with its result is shown, and each of the two calls has its link."""
    browser_page.click("#tool-demo")
    article = browser_page.locator("article").first
    expect(article.locator(".prompt")).to_have_text(LIFE)
    expect(article.locator(".tools li")).to_have_text('add({"a": 42, "b": 20}) → 62')
    expect(article.locator(".text")).to_contain_text("62")
    links = [link.get_attribute("href") for link in article.locator(".links a").all()]
    assert len(links) == 2
    assert all(link.startswith("http://localhost:5021/llm?q=chatcmpl-") for link in links)


def test_what_a_model_says_is_text(browser_page: Page) -> None:
    """Markup in a prompt, and in the answer that repeats it, is shown and does nothing."""
    hostile = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    ask(browser_page, hostile, stream=False)
    article = browser_page.locator("article").first
    expect(article.locator(".prompt")).to_have_text(hostile)
    expect(article.locator(".text")).to_contain_text("<script>")
    assert article.locator("img, script").count() == 0
    assert browser_page.title() == "Ask a model"


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ("offline: status=429 retry-after=3", "too many requests (429). Try again in 3 s."),
        ("offline: words=20 cut", "The connection to 127.0.0.1 failed"),
        ("   ", "The prompt is empty"),
    ],
)
def test_an_error_is_one_line_in_the_page(browser_page: Page, prompt: str, line: str) -> None:
    """Of the provider, in the middle of an answer, or of the prompt; and one can ask again."""
    ask(browser_page, prompt)
    expect(browser_page.locator("article").first.locator(".error")).to_contain_text(line)
    expect(browser_page.locator("#ask")).to_be_enabled()


def test_an_answer_can_be_stopped(browser_page: Page) -> None:
    """What has arrived stays."""
    ask(browser_page, "offline: words=5000")
    article = browser_page.locator("article").first
    expect(article.locator(".text")).to_contain_text("This is")
    browser_page.click("#stop")
    expect(article.locator(".status")).to_have_text("stopped")
    expect(article.locator(".text")).to_contain_text("This is")


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_fits(browser_page: Page, width: int) -> None:
    """On a telephone and on a desk, nothing is cut off at the side."""
    browser_page.set_viewport_size({"width": width, "height": 800})
    widths = browser_page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
