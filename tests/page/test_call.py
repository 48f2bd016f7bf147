"""One call in a real browser: its conversation, what went over the wire, its exports."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import openai
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Sidecar
from tests.page import recorded, scenario
from tests.page.opening import open_newest
from tests.page.scripted import Scripted, text

pytestmark = pytest.mark.usefixtures("clear")
Client = Callable[..., openai.OpenAI]
Model = Callable[..., Scripted]


@pytest.fixture
def agent(clear: None, client: Client, scripted: Model) -> None:
    """A run of three calls with two tools."""
    model = scripted({})
    scenario.agent(client(model.base_url, key="sk-test"), model)


@pytest.mark.usefixtures("agent")
def test_new_messages_are_apart_from_those_of_the_call_before(page: Page, sidecar: Sidecar) -> None:
    """What the call before had is folded; what is new stands open, each result under its tool call."""
    open_newest(page, sidecar)
    expect(page.locator(".kept > summary")).to_contain_text("messages as in the call before")
    expect(page.locator(".kept .turn").first).to_be_hidden()
    new = page.locator(".talk > .turn")
    expect(new).to_have_count(1)
    expect(new.locator(".tool .name")).to_have_text("find_trains")
    expect(new.locator(".tool .arguments")).to_contain_text("Madrid")
    expect(new.locator(".tool .result")).to_contain_text('"departs": "21:40"')
    expect(page.locator("#answers")).to_contain_text("The night train at 21:40")
    page.locator(".kept > summary").click()
    expect(page.locator(".kept .turn .result")).to_contain_text("rain_mm")


@pytest.mark.usefixtures("agent")
def test_a_result_that_came_later_stands_under_its_call(page: Page, sidecar: Sidecar) -> None:
    """The first call's answer is a tool call; its result is in the second call, and leads there."""
    open_newest(page, sidecar, 2)
    result = page.locator("#answers .tool .result")
    expect(result).to_contain_text("rain_mm")
    result.get_by_role("link", name="a later call").click()
    expect(page.locator(".strip [aria-current]")).to_have_text("2")


def test_a_result_without_its_call_names_the_tool(page: Page, sidecar: Sidecar) -> None:
    """With history kept by the provider, a request holds the result alone; the call before says of which tool."""
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    called = {"type": "function_call", "id": "fc", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
    first = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": "gpt-5",
        "output": [called],
        "usage": usage,
    }
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Sunny."}]}
    result = {"type": "function_call_output", "call_id": "call_1", "output": "clear sky"}
    url = "https://api.openai.com/v1/responses"
    flows = [
        recorded.flow(0, {"model": "gpt-5", "input": "Weather?"}, first, url=url),
        recorded.flow(
            1,
            {"model": "gpt-5", "previous_response_id": "resp_1", "input": [result]},
            first | {"id": "resp_2", "output": [said]},
            url=url,
        ),
    ]
    recorded.load(sidecar, flows)
    page.goto(f"/llm/calls/{flows[1].id}")
    expect(page.locator(".talk > .turn .result .label")).to_contain_text("result of get_weather")


def test_a_stream_grows_while_one_looks(page: Page, sidecar: Sidecar, client: Client, scripted: Model) -> None:
    """The answer arrives on the open page; what is selected or unfolded stays so; then the figures come."""
    words = " ".join(f"word{n}" for n in range(60))
    model = scripted(text(words, (900, 0, 60), reasoning_content="First I think about it."), pause=0.01)
    model.go_on.clear()
    messages = [{"role": "user", "content": "Count your words"}]
    asking = threading.Thread(
        target=lambda: scenario.streamed(client(model.base_url, key="sk-test"), model="gpt-5", messages=messages)
    )
    asking.start()
    try:
        page.goto("/llm")
        expect(page.locator("a.call .badge")).to_contain_text(["live"])
        page.locator("a.call").click()
        expect(page.locator("#answers > .turn .text").last).to_contain_text("word5")
        expect(page.locator(".waiting")).to_contain_text("The answer is arriving")
        page.locator("#answers .reasoning summary").click()
        page.evaluate("getSelection().selectAllChildren(document.querySelector('.turn.user .text'))")
        before = page.locator("#answers .text").last.inner_text()
    finally:
        model.go_on.set()
    expect(page.locator("#answers > .turn .text").last).to_contain_text("word59")
    asking.join()
    assert page.locator("#answers .blocks > .text").last.inner_text().startswith(before.strip())
    expect(page.locator("#answers .reasoning .text")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "Count your words"
    expect(page.locator(".figures")).to_contain_text("900")
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("[data-live]")).to_have_count(0)


def test_pictures_are_shown_and_documents_offered(page: Page, sidecar: Sidecar) -> None:
    """An inline image shows; a PDF can be saved; what lies elsewhere is named and never fetched."""
    pdf = "JVBERi0xLjQK"
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{scenario.PIXELS}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "file", "file": {"filename": "terms.pdf", "file_data": f"data:application/pdf;base64,{pdf}"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    ]
    flow = recorded.chat(0, "", "A square.")
    body = json.loads(flow.request.content or b"")
    body["messages"][0]["content"] = parts
    flow.request.text = json.dumps(body)
    recorded.load(sidecar, [flow])
    page.goto(f"/llm/calls/{flow.id}")
    page.wait_for_function("document.querySelector('.medium img')?.naturalWidth === 64")
    expect(page.locator(".medium").nth(1)).to_contain_text("https://example.com/a.png · not loaded")
    expect(page.locator(".medium audio")).to_be_visible()
    with page.expect_download() as download:
        page.locator(".medium", has_text="terms.pdf").get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == b"%PDF-1.4\n"


def test_parameters_tools_and_warnings(page: Page, sidecar: Sidecar) -> None:
    """Beside the conversation: what was asked for besides words, and what is odd, in plain words."""
    tools = [scenario.function("get_weather", "The forecast.", city="City")]
    flow = recorded.chat(0, "Hello", "Hi", temperature=0.3, tools=tools, max_tokens=50)
    cut = recorded.flow(
        1,
        {"model": "gpt-5", "stream": True, "messages": []},
        b'data: {"choices": [{"index": 0, "delta": {"content": "Half"}}]}\n\n',
    )
    recorded.load(sidecar, [flow, cut])
    page.goto(f"/llm/calls/{flow.id}")
    side = page.locator(".side")
    expect(side).to_contain_text("temperature")
    expect(side).to_contain_text("0.3")
    side.get_by_text("get_weather").click()
    expect(side.locator(".definition pre").first).to_contain_text('"city"')
    page.goto(f"/llm/calls/{cut.id}")
    expect(page.locator("p.warning")).to_contain_text("ended before the answer did")
    expect(page.locator("#answers")).to_contain_text("Half")


def test_a_call_that_is_not_there(page: Page, sidecar: Sidecar) -> None:
    """A page that says so, and leads back."""
    assert page.goto("/llm/calls/00000000-0000-0000-0000-000000000000").status == 404
    expect(page.get_by_role("heading")).to_contain_text(["No such call"])
    page.get_by_role("link", name="All calls").click()
    expect(page.get_by_role("searchbox")).to_be_visible()


def test_choices_refusals_and_errors(page: Page, sidecar: Sidecar) -> None:
    """Several choices stand one after the other; what no convention names is shown as it came; an error says why."""
    two = recorded.chat(0, "Two?", "first")
    body = json.loads(two.response.content)
    body["choices"].append(
        {
            "index": 1,
            "message": {"role": "assistant", "content": "second", "refusal": "rather not"},
            "finish_reason": "length",
        }
    )
    two.response.text = json.dumps(body)
    failed = recorded.flow(
        1, {"model": "gpt-5", "messages": []}, {"error": {"message": "You ran out", "code": "quota"}}
    )
    failed.response.status_code = 429
    recorded.load(sidecar, [two, failed])
    page.goto(f"/llm/calls/{two.id}")
    expect(page.locator("#answers .turn")).to_have_count(2)
    expect(page.locator("#answers")).to_contain_text("Choice 2 of 2")
    expect(page.locator("#answers .turn").last).to_contain_text("rather not")
    expect(page.locator("#answers .turn").last.locator(".badge")).to_have_text("length")
    page.goto(f"/llm/calls/{failed.id}")
    expect(page.locator(".turn.error")).to_contain_text("You ran out")
    expect(page.locator(".call-head .badge.error")).to_have_text("error 429")
