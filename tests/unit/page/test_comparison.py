"""Two calls side by side."""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Call
from llm_sidecar.runs import Difference
from llm_sidecar.views.page.comparison import Comparison, comparison, prefix_sentence
from llm_sidecar.views.page.figures import count


def call(*texts: str, answer: str = "", **more: Any) -> Call:
    """A call with these messages, from the user and the assistant in turn."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "parts": [{"type": "text", "content": text}]} for n, text in enumerate(texts)]
    answers = [{"role": "assistant", "parts": [{"type": "text", "content": answer}]}] if answer else []
    return Call("openai.chat", "chat", "openai", input_messages=messages, output_messages=answers, **more)


def kinds(found: Comparison, title: str) -> list[str]:
    part = next(part for part in found.parts if part.title == title)
    return [
        "same" if line.same else "added" if line.before is None else "removed" if line.after is None else "changed"
        for line in part.lines
    ]


def test_messages_are_aligned_by_what_they_say() -> None:
    """One more at the beginning does not make all the others differ."""
    assert (
        kinds(comparison(call("b", "c", "d"), call("a", "x", "b", "c", "d")), "Messages")
        == ["added"] * 2 + ["same"] * 3
    )


def test_a_changed_message_is_one_line() -> None:
    """Versions of a message stand side by side."""
    found = comparison(call("Please be short", "Yes"), call("Please be brief", "Yes"))
    assert kinds(found, "Messages") == ["changed", "same"]


def test_parameters_and_tools_by_name() -> None:
    tools = [{"type": "function", "name": "look"}]
    before = call("a", request={"model": "gpt-5", "temperature": 0.2})
    after = call("a", request={"model": "gpt-5", "top_p": 1}, tool_definitions=tools)
    found = comparison(before, after)
    assert kinds(found, "Parameters") == ["same", "removed", "added"]
    assert kinds(found, "Tools offered") == ["added"]


def test_long_histories() -> None:
    """Thousands of messages are compared, from the first that differs on as replaced."""
    texts = [f"message {n}" for n in range(4000)]
    found = comparison(call(*texts), call(*texts[:2000], "another", *texts[2001:]))
    assert kinds(found, "Messages") == ["same"] * 2000 + ["changed"] + ["same"] * 1999


def test_the_sentence_about_the_prefix() -> None:
    """Where it ends, and the provider's own figures for what that cost; nothing where there are none."""
    before = call("a", usage={"input_tokens": 2000})
    after = call("a", "b", usage={"input_tokens": 2100, "cache_read.input_tokens": 1500})
    kept, broken = Difference(1), Difference(0, "message", 0)
    assert prefix_sentence(kept, before, after, count).endswith(
        "Of the 2,000 tokens that the first call had sent, 1,500 were read from the cache and 500 were not."
    )
    assert prefix_sentence(broken, before, after, count).startswith("The common prefix ends at message 1 (user).")
    assert prefix_sentence(kept, before, call("a"), count).endswith("The provider has reported no cached tokens.")
    assert prefix_sentence(Difference(0, "parameter", "model"), before, after, count).startswith(
        "The common prefix ends at the start: model is different."
    )
