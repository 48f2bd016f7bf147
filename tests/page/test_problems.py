"""What keeps calls from being captured stands on the page, as it happens."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Sidecar


def test_a_client_that_does_not_trust_the_proxy_is_named(page: Page, sidecar: Sidecar) -> None:
    """Without a reload: who it was, for which host, and the remedy."""
    page.goto(f"{sidecar.web}/llm")
    expect(page.locator("#connection")).to_have_text("live")
    with httpx.Client(proxy=sidecar.proxy, trust_env=False) as untrusting, pytest.raises(httpx.ConnectError):
        untrusting.get("https://api.anthropic.com/")
    problems = page.locator("#problems")
    expect(problems).to_contain_text("calls from being captured")
    problems.locator("summary").click()
    expect(problems).to_contain_text("api.anthropic.com")
    expect(problems).to_contain_text("SSL_CERT_FILE")
