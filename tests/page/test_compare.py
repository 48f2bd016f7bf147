"""Two calls side by side in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import openai
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Sidecar
from tests.page import recorded, scenario
from tests.page.scripted import Scripted

pytestmark = pytest.mark.usefixtures("clear")


@pytest.fixture
def refunds(clear: None, client: Callable[..., openai.OpenAI], scripted: Callable[..., Scripted]) -> None:
    """A run of two calls; in between, the system message was changed."""
    model = scripted({})
    scenario.chat(client(model.base_url, key="sk-test"), model)


@pytest.mark.usefixtures("refunds")
def test_a_call_against_the_one_before(page: Page) -> None:
    """`c` in the list compares; changes are marked by word, additions as such, and the lost cache is put in figures."""
    page.goto("/llm")
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("summary").first).to_contain_text("2 calls")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator(".prefix")).to_have_text(
        "The common prefix ends at message 1 (system). Of the 1,874 tokens that the first call had sent, "
        "256 were read from the cache and 1,618 were not."
    )
    changed = page.locator(".pair.changed", has_text="You are the assistant")
    expect(changed.locator("del")).to_have_text(["two or three sentences", "euros"])
    expect(changed.locator("ins")).to_have_text(["one sentence", "euros or dollars"])
    expect(page.locator(".pair.changed", has_text="temperature").locator("ins")).to_have_text("0.7")
    expect(page.locator(".pair.added h3")).to_contain_text(["assistant", "user"])
    expect(page.locator(".same summary", has_text="user")).to_have_text("1 the same: user")


@pytest.mark.usefixtures("refunds")
def test_any_other_call_can_be_chosen(page: Page, client: Callable[..., openai.OpenAI]) -> None:
    """Also one of another run; the choice is in the address."""
    client().chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Something else"}])
    page.goto("/llm?q=leg")
    page.locator("a.call").last.click()
    page.get_by_role("link", name="Compare", exact=True).first.click()
    page.get_by_label("Before").select_option(index=1)
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile("before="))
    expect(page.locator(".prefix")).to_contain_text("at the start: model is different")


def test_a_run_s_first_call_has_none_before_it(page: Page, sidecar: Sidecar) -> None:
    """The page says so and offers the others."""
    flows = [recorded.chat(n, f"Question {n}", "Answer") for n in range(2)]
    recorded.load(sidecar, flows)
    page.goto(f"/llm/compare?after={flows[1].id}")
    expect(page.get_by_text("There is no call before this one")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("del").first).to_be_visible()


def test_large_texts_are_compared_in_bounded_time(page: Page, sidecar: Sidecar) -> None:
    """Half a megabyte with one word changed shows that word alone; a page full of nothing in common comes, too."""
    words = " ".join(f"word{n}" for n in range(60_000))
    history = [{"role": "user", "content": words}, {"role": "user", "content": "a b " * 50_000}]
    changed = [
        {"role": "user", "content": words.replace("word30000", "term")},
        {"role": "user", "content": "b a " * 49_000},
    ]
    flows = [recorded.chat(0, "", "A", messages=history), recorded.chat(1, "", "B", messages=changed)]
    recorded.load(sidecar, flows)
    page.goto(f"/llm/compare?after={flows[1].id}&before={flows[0].id}", timeout=8000)
    pair = page.locator(".pair.changed").first
    expect(pair.locator("del")).to_have_text("word30000")
    expect(pair.locator("ins")).to_have_text("term")
    expect(pair.locator(".left-out").first).to_contain_text("characters, the same")
