"""A proxy of the page tests' own, a real browser, and ways to make calls through the one for the other to show."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import pytest
import trustme
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import Sidecar, Upstream, trusting_sidecar, wait_for
from tests.page import scenario
from tests.page.scripted import Scripted

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def sidecar(offline_llm: str, upstream_ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """A proxy whose calls are those of the page tests alone."""
    with trusting_sidecar(tmp_path_factory.mktemp("page"), offline_llm, upstream_ca) as it:
        yield it


# Not for the session: as long as Playwright runs, no other test can run an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, as the system has it."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs a browser at {CHROMIUM}: apt-get install chromium")
    # The machine's proxy settings are none of the browser's business here.
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split(), env=env)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, sidecar: Sidecar) -> Iterator[Page]:
    """A page that is logged in. Any error of its scripts fails the test."""
    expect.set_options(timeout=10_000)
    context = browser.new_context(base_url=sidecar.web, viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=sidecar.web)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    page.goto(f"/llm?token={sidecar.password}")
    yield page
    context.close()
    assert not problems


@pytest.fixture
def clear(sidecar: Sidecar) -> None:
    """Start without any call."""
    with sidecar.api() as api:
        api.post("/clear").raise_for_status()


@pytest.fixture
def client(sidecar: Sidecar) -> Callable[..., openai.OpenAI]:
    """`client(base_url=...)`: the real SDK, through the proxy; with the key `offline` where there is no other."""

    def make(base_url: str = "https://api.openai.com/v1", key: str = "offline") -> openai.OpenAI:
        context = ssl.create_default_context(cafile=str(sidecar.bundle))
        http = httpx.Client(proxy=sidecar.proxy, verify=context, trust_env=False, timeout=30)
        return openai.OpenAI(api_key=key, base_url=base_url, http_client=http, max_retries=0)

    return make


@pytest.fixture
def scripted(upstream: Callable[..., Upstream]) -> Callable[..., Scripted]:
    """`scripted(*answers)`: an upstream that gives these."""
    return lambda *answers, **how: Scripted(list(answers), **how).start(upstream)


@pytest.fixture
def day(clear: None, sidecar: Sidecar, client: Callable[..., openai.OpenAI], scripted: Callable[..., Scripted]) -> None:
    """Calls of each kind. They are made once; after that the proxy is given what it has kept of them."""
    with sidecar.api() as api:
        if not _KEPT:
            scenario.day(client, scripted({}))
            _KEPT.append(api.get("/flows/dump").raise_for_status().content)
        else:
            api.post("/flows/dump", content=_KEPT[0]).raise_for_status()
        wait_for(lambda: len(api.get("/llm/api/calls").json()["calls"]) == scenario.CALLS, what="all calls of the day")


_KEPT: list[bytes] = []
