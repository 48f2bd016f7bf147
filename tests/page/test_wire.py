"""What went over the wire, and the exports, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable

import openai
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Sidecar
from tests.page import scenario
from tests.page.opening import open_newest
from tests.page.scripted import Scripted, text

pytestmark = pytest.mark.usefixtures("clear")
Client = Callable[..., openai.OpenAI]
Model = Callable[..., Scripted]


def test_events_with_their_times(page: Page, sidecar: Sidecar, client: Client, scripted: Model) -> None:
    """Each event of a stream as it came, and when: one click away."""
    model = scripted(text("one two three", (9, 0, 3)), delay=0.2, pause=0.05)
    scenario.streamed(
        client(model.base_url, key="sk-test"), model="gpt-5", messages=[{"role": "user", "content": "Go"}]
    )
    open_newest(page, sidecar)
    page.get_by_role("link", name="Events").click()
    rows = page.locator(".events tbody tr")
    expect(rows).to_have_count(7)
    expect(rows.nth(1)).to_contain_text('{"content": "one "}')
    times = [float(cell) for cell in page.locator(".events td:nth-child(2)").all_inner_texts() if cell]
    assert times == sorted(times)
    assert times[0] >= 0.2
    assert times[3] - times[0] >= 0.1
    expect(rows.last).to_contain_text("[DONE]")


def test_request_and_response_as_they_were_sent(page: Page, sidecar: Sidecar, client: Client) -> None:
    """Heads and bodies, the key hidden."""
    client().chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Plain"}], temperature=0.5)
    open_newest(page, sidecar)
    page.get_by_role("link", name="Request").click()
    expect(page.locator(".start-line")).to_have_text("POST https://api.openai.com/v1/chat/completions")
    expect(page.locator(".headers")).to_contain_text("content-type")
    expect(page.locator(".body")).to_contain_text('"temperature": 0.5')
    page.get_by_role("link", name="Response").click()
    expect(page.locator(".start-line")).to_have_text("Status 200")
    expect(page.locator(".headers")).to_contain_text("x-llm-sidecar")
    expect(page.locator(".body")).to_contain_text('"object": "chat.completion"')
    page.get_by_role("link", name="Events").click()
    expect(page.locator(".raw")).to_contain_text("no stream of events")


def test_copying(page: Page, sidecar: Sidecar, client: Client) -> None:
    """curl, Python and JSON land in the clipboard; what is a secret reads as a variable."""
    client().chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Copy me"}])
    open_newest(page, sidecar)
    for name, found in (("Copy as curl", "$OPENAI_API_KEY"), ("Python", "OpenAI("), ("JSON", '"gen_ai.request.model"')):
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert found in copied
        assert "Copy me" in copied
        expect(button).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="HAR").click()
    assert json.loads(download.value.path().read_text())["log"]["entries"]
