"""The list of calls in a real browser: grouped, live, searched."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import openai
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Sidecar, clean_env, wait_for
from tests.page import recorded, scenario
from tests.page.scripted import Scripted, text

pytestmark = pytest.mark.usefixtures("clear")
Client = Callable[..., openai.OpenAI]


def ask(client: openai.OpenAI, prompt: str) -> None:
    client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": prompt}])


def test_empty_list_tells_how_to_begin(page: Page, sidecar: Sidecar) -> None:
    """Before the first call: what to do, with the ports of this very proxy; it goes when a call comes."""
    page.goto("/llm")
    expect(page.get_by_role("heading", name="No call yet")).to_be_visible()
    expect(page.locator(".empty pre")).to_contain_text(f"-x http://localhost:{sidecar.proxy_port} ")


def test_first_call_by_the_page_s_own_words(
    page: Page, sidecar: Sidecar, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The commands that the empty list shows work as they stand, and the call appears."""
    page.goto("/llm")
    commands = page.locator(".empty pre").inner_text()
    done = subprocess.run(
        ["bash", "-ec", commands], cwd=tmp_path_factory.mktemp("shell"), env=clean_env(), capture_output=True, text=True
    )
    assert "offline model" in done.stdout, done
    expect(page.locator("a.call")).to_contain_text("Hello!")
    expect(page.get_by_role("heading", name="No call yet")).to_be_hidden()


def test_calls_appear_as_they_happen(page: Page, client: Client) -> None:
    """No reload: newest first, and the totals go along."""
    page.goto("/llm")
    expect(page.locator("#connection")).to_have_text("live")
    ask(client(), "First question of the day")
    expect(page.locator("a.call").first).to_contain_text("First question of the day")
    ask(client(), "Second question of the day")
    expect(page.locator("a.call").first).to_contain_text("Second question of the day")
    expect(page.locator("#totals")).to_contain_text("2 calls in 2 runs")
    expect(page.locator("a.call").first).to_contain_text("offline")


def test_a_run_opens_to_its_calls(page: Page, client: Client, scripted: Callable[..., Scripted]) -> None:
    """An agent's calls are one entry that sums up; it opens to a line and a bar for each."""
    model = scripted({})
    scenario.agent(client(model.base_url, key="sk-test"), model)
    page.goto("/llm")
    expect(page.locator(".run")).to_have_count(1)
    summary = page.locator(".run summary")
    expect(summary).to_contain_text("3 calls")
    expect(summary).to_contain_text("7,563")
    expect(summary).to_contain_text("Should I take the train")
    expect(page.locator("li a.call")).to_have_count(3)
    expect(page.locator("li a.call").first).to_contain_text("get_weather")
    expect(page.locator("li a.call").first).to_be_visible()
    summary.click()
    expect(page.locator("li a.call").first).to_be_hidden()
    starts = page.locator("li .timeline .wait").evaluate_all(
        "all => all.map(bar => parseFloat(bar.getAttribute('x1')))"
    )
    assert starts == sorted(starts)
    assert starts[0] == 0 < starts[1]


def test_errors_retries_and_cut_streams_say_so_in_words(page: Page, client: Client, scripted: Callable) -> None:
    """Each has its badge, so that nothing hangs on a colour."""
    model = scripted({})
    scenario.retried(client(model.base_url, key="sk-test"), model)
    with pytest.raises(Exception):  # noqa: B017, PT011
        scenario.streamed(client(), model="gpt-5-nano", messages=[{"role": "user", "content": "Go\noffline: cut"}])
    page.goto("/llm")
    run = page.locator(".run", has=page.locator("summary"))
    expect(run.locator("summary")).to_contain_text("1 failed")
    run.locator("summary").click()
    expect(run.locator("a.call").nth(0)).to_contain_text("Rate limit reached")
    expect(run.locator("a.call").nth(1).locator(".badge")).to_have_text(["retry"])
    cut = page.locator(".run > a.call")
    expect(cut.locator(".badge")).to_have_text(["incomplete", "stream", "offline"])


def test_what_one_reads_does_not_move(page: Page, sidecar: Sidecar, client: Client) -> None:
    """Scrolled down, new calls wait behind a button that counts them; a click brings them and goes to the top."""
    recorded.load(sidecar, [recorded.chat(n, f"Old question {n}", "Answer") for n in range(80)])
    page.goto("/llm")
    expect(page.locator("#connection")).to_have_text("live")
    page.mouse.wheel(0, 900)
    page.wait_for_function("scrollY > 500")
    seen = page.locator("a.call", has_text="Old question 50 ")
    top = seen.bounding_box()
    for number in range(3):
        ask(client(), f"New question {number}")
    button = page.get_by_role("button", name="3 new calls")
    expect(button).to_be_visible()
    assert seen.bounding_box() == top
    button.click()
    expect(page.locator("a.call").first).to_contain_text("New question 2")
    page.wait_for_function("scrollY === 0")
    expect(button).to_be_hidden()


def test_a_focused_call_keeps_its_place(page: Page, client: Client) -> None:
    """At the top of the list, too: whoever goes through the calls by keyboard is not pushed down."""
    ask(client(), "The one in focus")
    page.goto("/llm")
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("a.call")).to_contain_text("offline model")
    page.keyboard.press("j")
    ask(client(), "Another one")
    expect(page.get_by_role("button", name="1 new call")).to_be_visible()
    expect(page.locator("a.call").first).to_contain_text("The one in focus")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="1 new call").click()
    expect(page.locator("a.call").first).to_contain_text("Another one")


def test_the_list_goes_on_as_one_scrolls(page: Page, sidecar: Sidecar) -> None:
    """All calls can be reached; each is there once."""
    recorded.load(sidecar, [recorded.chat(n, f"Question {n}", "Answer") for n in range(400)])
    page.goto("/llm")
    page.wait_for_function("() => { scrollTo(0, 1e9); return !document.getElementById('more'); }")
    expect(page.locator("a.call")).to_have_count(400)
    ids = page.locator("a.call").evaluate_all("all => all.map(a => a.dataset.call)")
    assert len(set(ids)) == 400
    expect(page.locator("#more")).to_have_count(0)


def test_search_is_in_the_address(page: Page, sidecar: Sidecar) -> None:
    """Typing filters at once, totals included; the address can be reloaded and shared; a mistake is named."""
    recorded.load(
        sidecar, [recorded.chat(n, f"Question {n} of {'ducks' if n % 3 else 'geese'}", "A") for n in range(30)]
    )
    page.goto("/llm")
    expect(page.locator("#connection")).to_have_text("live")
    page.keyboard.press("/")
    page.keyboard.type("geese model:gpt-5")
    expect(page.locator("#totals")).to_contain_text("10 calls in 10 runs")
    expect(page).to_have_url(re.compile(r"/llm\?q=geese\+model%3Agpt-5$"))
    page.reload()
    expect(page.locator("a.call")).to_have_count(10)
    page.get_by_role("searchbox").fill("status:none")
    expect(page.locator("#problem")).to_contain_text("status:none is no HTTP status")
    page.get_by_role("searchbox").fill("swans")
    expect(page.get_by_text("No call fits this search.")).to_be_visible()


def test_new_calls_that_do_not_fit_the_search_stay_out(page: Page, client: Client) -> None:
    """The list shows what fits, also of what comes in."""
    page.goto("/llm?q=tea")
    expect(page.locator("#connection")).to_have_text("live")
    ask(client(), "A question about coffee")
    ask(client(), "A question about tea")
    expect(page.locator("a.call")).to_have_count(1)
    expect(page.locator("a.call")).to_contain_text("tea")


def test_calls_that_are_cleared_go(page: Page, sidecar: Sidecar, client: Client) -> None:
    """As in mitmweb: what is no longer kept is no longer shown."""
    ask(client(), "Soon forgotten")
    page.goto("/llm")
    expect(page.locator("a.call")).to_have_count(1)
    with sidecar.api() as api:
        api.post("/clear").raise_for_status()
    expect(page.locator("a.call")).to_have_count(0)
    expect(page.get_by_role("heading", name="No call yet")).to_be_visible()


def test_mitmweb_leads_here_and_back(page: Page, client: Client) -> None:
    """A link on mitmweb's own page, which follows the selected flow; and from a call to its flow."""
    ask(client(), "From one page to the other")
    page.goto("/llm")
    page.locator("a.call").click()
    page.get_by_role("link", name="Flow in mitmweb").click()
    expect(page.locator(".flow-detail")).to_be_visible()
    page.get_by_role("link", name="LLM call", exact=True).click()
    expect(page.locator(".turn.user")).to_contain_text("From one page to the other")
    page.goto("/")
    page.get_by_role("link", name="LLM calls").click()
    expect(page.locator("a.call")).to_have_count(1)


def test_totals_add_up(page: Page, client: Client, scripted: Callable[..., Scripted]) -> None:
    """Tokens, the share of cached ones, and cost where the price is known."""
    model = scripted(text("One", (1000, 500, 100)), text("Two", (3000, 500, 100)))
    for _ in range(2):
        ask(client(model.base_url, key="sk-test"), "How much?")
    page.goto("/llm")
    expect(page.locator("#totals")).to_contain_text("4,000 tokens in (25 % cached) · 200 out · $0.00")


def test_a_run_by_its_name(page: Page, client: Client, sidecar: Sidecar) -> None:
    """The name that the app gave a run is shown, leads to its calls, and names what is downloaded."""
    for question in ("First", "Second"):
        client().chat.completions.create(
            model="gpt-5",
            messages=[{"role": "user", "content": question}],
            extra_headers={"x-llm-sidecar-run": "night shift"},
        )
    client().chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Elsewhere"}])
    # The newest run is open from the start, so the page must find the last call there.
    with sidecar.api() as api:
        wait_for(lambda: api.get("/llm/api/calls?q=elsewhere").json()["calls"])
    page.goto("/llm")
    expect(page.locator(".badge.name")).to_have_text("night shift")
    page.locator("summary").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this run as HAR").click()
    assert len(json.loads(download.value.path().read_text())["log"]["entries"]) == 2
    page.locator("li a.call").first.click()
    page.get_by_role("link", name="this run").click()
    expect(page.locator("#totals")).to_contain_text("2 calls in 1 run")
