"""Whatever a model, a tool or an app sends, the page only shows it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import Sidecar
from tests.page import recorded

MARK = "ran"
PAYLOADS = [
    f"<script>window.{MARK}=1</script>",
    f'"><img src=x onerror=window.{MARK}=2><svg onload=window.{MARK}=3>',
    f"' onmouseover='window.{MARK}=4' autofocus onfocus='window.{MARK}=5",
    f"</textarea></title></template></pre><iframe srcdoc='<script>parent.{MARK}=6</script>'>",
    f"javascript:window.{MARK}=7",
    f"data:text/html,<script>parent.{MARK}=8</script>",
    f"{{{{ self.__init__.__globals__ }}}}{{% raw %}}${{window.{MARK}=9}}",
    "\x1b[31mred\x1b[2J\x00\x07\x08\x9b\r over",
    "admin\u202etxt.exe\u2066\u200b\ufeff\U000e0041\U000e0042",
    "\ud83d half a pair",
    "https://evil.example/a?b=c",
]
ALL = "\n".join(PAYLOADS)


def answers(text: str) -> list[dict[str, Any]]:
    arguments = json.dumps({text: text, "code": text})
    call = {"id": text, "type": "function", "function": {"name": text, "arguments": arguments}}
    message = {"role": text, "content": text, "reasoning_content": text, "refusal": text, "tool_calls": [call]}
    return [{"index": 0, "message": message, "finish_reason": text}]


def hostile(number: int, text: str) -> list[Any]:
    """Calls with this text in each field: whole, streamed, failed."""
    markup = base64.b64encode(f"<script>parent.{MARK}=10</script>".encode()).decode()
    call = {"id": f"c{number}", "type": "function", "function": {"name": text, "arguments": text}}
    request: dict[str, Any] = {
        "model": text, "user": text, "stop": text, text[:50]: text, "metadata": {text: text},
        "tools": [{"type": "function", "function": {"name": text, "description": text, "parameters": {text: text}}},
                  {"type": text, text: text}],
        "messages": [
            {"role": "system", "content": text, "name": text},
            {"role": text, "content": text},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": text},
            {"role": "tool", "tool_call_id": text, "content": [{"type": "text", "text": text}]},
            {"role": "user", "content": [
                {"type": "text", "text": text}, {"type": text, text: text},
                {"type": "image_url", "image_url": {"url": text}},
                {"type": "image_url", "image_url": {"url": f"data:image/svg+xml;base64,{markup}"}},
                {"type": "image_url", "image_url": {"url": f"data:text/html;base64,{markup}"}},
                {"type": "file", "file": {"filename": text, "file_data": f"data:application/pdf;base64,{markup}"}},
                {"type": "input_audio", "input_audio": {"data": markup, "format": text}},
            ]},
        ],
    }  # fmt: skip
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    whole = {"id": text, "model": text, "system_fingerprint": text, "choices": answers(text), "usage": usage}
    name = json.dumps(text)[1:-1]
    events = b"".join(
        f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
        for data in (
            {"id": text, "model": text, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]},
            {"error": {"message": text, "type": text, "code": text}},
        )
    )
    failed = recorded.flow(number + 2, request, {"error": {"message": text, "type": text, "code": text}})
    failed.response.status_code = 400  # type: ignore[union-attr]
    failed.metadata["llm_sidecar.run"] = text.encode(errors="replace").decode()
    flows = [
        recorded.flow(number, request, whole),
        recorded.flow(number + 1, request, events),
        failed,
    ]
    # As bytes: the wire knows no other rule for these than that a line ends a header.
    line = text.encode(errors="replace").translate(None, b"\r\n\0")
    for each in flows:
        each.request.data.path += b"?x=" + line.replace(b" ", b"")
        each.request.headers["x-note"] = each.response.headers["x-note"] = line  # type: ignore[assignment]
    return flows


def test_hostile_content_is_inert(page: Page, sidecar: Sidecar) -> None:
    """Script, markup, templates, control characters and links in every field: nothing runs, loads or can be clicked."""
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    recorded.load(sidecar, [f for n, text in enumerate([*PAYLOADS, ALL]) for f in hostile(n * 10, text)])
    page.goto("/llm")
    look(page)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    calls = page.locator("a.call").evaluate_all("links => links.map(a => a.getAttribute('href'))")
    assert len(calls) == 3 * (len(PAYLOADS) + 1)
    for call in calls[:3] + calls[-3:]:
        for view in ("", "/request", "/response", "/events"):
            page.goto(call + view)
            look(page)
        for blob in page.goto(call) and page.locator("figcaption a").evaluate_all("all => all.map(a => a.href)"):
            answer = page.request.get(blob)
            assert answer.headers["content-type"] in ("application/octet-stream", "text/html; charset=UTF-8")
            assert answer.status == 404 or "attachment" in answer.headers["content-disposition"]
            assert answer.status == 404 or "sandbox" in answer.headers["content-security-policy"]
    page.goto(f"/llm/compare?after={calls[0].rpartition('/')[2]}&before={calls[-1].rpartition('/')[2]}")
    look(page)
    assert all(url.startswith(sidecar.web) or url.startswith("blob:") for url in asked_for)


def look(page: Page) -> None:
    """Nothing has run, nothing can be clicked that leads elsewhere, and hidden characters are visible."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(f"window.{MARK}") is None
    links = page.locator("a, iframe, form, object, embed").evaluate_all(
        "all => all.map(e => e.href || e.src || e.action).filter(to => to && !to.startsWith(location.origin))"
    )
    assert set(links) <= {"http://localhost:9022/"}, "beside the demo app, which the empty list names"
    handlers = page.evaluate(
        "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(name => name.startsWith('on'))"
    )
    assert handlers == []
    text = page.evaluate("document.documentElement.textContent")
    hidden = [c for c in text if (ord(c) < 32 and c not in "\n\t") or c in "\x7f\x9b\u202e\u2066\u200b\ufeff\U000e0041"]
    assert hidden == []


def test_hidden_characters_are_named(page: Page, sidecar: Sidecar) -> None:
    """A text that turns direction or hides characters says so where it does, and to a hovering mouse."""
    recorded.load(sidecar, [recorded.chat(0, "open report\u202efdp.exe", "\x1b[2Jgone")])
    page.goto("/llm")
    page.locator("a.call").click()
    mark = page.locator(".turn.user .hidden-char")
    assert mark.text_content() == "⟨U+202E⟩"
    assert mark.get_attribute("title") == "U+202E RIGHT-TO-LEFT OVERRIDE"
    assert page.locator("#answers .text").text_content() == "␛[2Jgone"


def test_a_line_of_a_megabyte_stays_in_its_place(page: Page, sidecar: Sidecar) -> None:
    """It is folded, can be opened, and never makes the page scroll sideways."""
    recorded.load(sidecar, [recorded.chat(0, "x" * 1_000_000, "y" * 1_000_000)])
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/llm")
        page.locator("a.call").click()
        page.locator(".show-all").first.click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_requests_from_other_sites_change_nothing(page: Page, sidecar: Sidecar) -> None:
    """The page has no address that changes anything; scripts of other origins are kept out by its policy."""
    response = page.request.get("/llm")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-frame-options"] == "DENY"
    assert page.request.get("/llm/static/..%2f__init__.py").status in (403, 404)
