"""What the page does when the proxy, or the session, goes away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Sidecar
from tests.page import recorded


@pytest.fixture
def own(offline_llm: str, tmp_path: Path) -> Sidecar:
    """A proxy that the test may stop."""
    return Sidecar(tmp_path, env={"OFFLINE_LLM_URL": offline_llm})


@pytest.fixture
def visitor(browser: Browser, own: Sidecar) -> Iterator[Page]:
    """A page that is not logged in."""
    expect.set_options(timeout=10_000)
    context = browser.new_context(base_url=own.web)
    yield context.new_page()
    context.close()


def test_login_leads_back_to_the_page_one_wanted(own: Sidecar, visitor: Page) -> None:
    """A link to a call, opened without a session: the login, a wrong password, the right one, the call."""
    with own.run():
        flow = recorded.chat(0, "Behind the login", "Yes")
        recorded.load(own, [flow])
        assert visitor.goto(f"/llm/calls/{flow.id}").status == 403
        assert "Behind the login" not in visitor.content()
        visitor.locator("input[type=password]").fill("wrong")
        visitor.keyboard.press("Enter")
        expect(visitor.locator("input[type=password]")).to_be_empty()
        visitor.locator("input[type=password]").fill(own.password)
        visitor.keyboard.press("Enter")
        expect(visitor.locator(".turn.user")).to_contain_text("Behind the login")
        assert own.password not in visitor.url


def test_the_password_does_not_stay_in_the_address(own: Sidecar, visitor: Page) -> None:
    """The login URL from the log logs in and is then rid of the password."""
    with own.run():
        visitor.goto(f"/llm?token={own.password}&q=tea")
        expect(visitor).to_have_url(f"{own.web}/llm?q=tea")


def test_a_restart_is_said_and_survived(own: Sidecar, visitor: Page) -> None:
    """While the proxy is away the open page says so; when it is back, the page goes on by itself, still logged in."""
    with own.run():
        visitor.goto(f"/llm?token={own.password}")
        expect(visitor.locator("#connection")).to_have_text("live")
    expect(visitor.locator("#notice")).to_contain_text("The proxy does not answer")
    expect(visitor.locator("#connection")).to_have_text("not connected")
    with own.run():
        recorded.load(own, [recorded.chat(0, "After the restart", "Yes")])
        expect(visitor.locator("#connection")).to_have_text("live", timeout=15_000)
        expect(visitor.locator("#notice")).to_be_hidden()
        expect(visitor.locator("a.call")).to_contain_text("After the restart")


def test_a_session_that_is_over_is_said(own: Sidecar, visitor: Page) -> None:
    """With a new password the old session ends: the open page says so and leads to the login."""
    with own.run():
        visitor.goto(f"/llm?token={own.password}")
        expect(visitor.locator("#connection")).to_have_text("live")
    own.env["MITM_PASSWORD"] = "another one"
    with own.run():
        expect(visitor.locator("#notice")).to_contain_text("Your session is over", timeout=15_000)
        visitor.get_by_role("link", name="Log in again").click()
        visitor.locator("input[type=password]").fill("another one")
        visitor.keyboard.press("Enter")
        expect(visitor.locator("#connection")).to_have_text("live")
