"""A call's messages as people read them."""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Call
from llm_sidecar.views.page.blocks import Result, pretty, readable
from llm_sidecar.views.page.conversation import Turn, conversation


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "parts": [{"type": "text", "content": text}]}


def calling(ident: str, name: str = "look") -> dict[str, Any]:
    return {"role": "assistant", "parts": [{"type": "tool_call", "id": ident, "name": name, "arguments": {"at": "x"}}]}


def result(ident: str, response: Any = "seen") -> dict[str, Any]:
    return {"role": "tool", "parts": [{"type": "tool_call_response", "id": ident, "response": response}]}


def call(*messages: dict[str, Any], answer: dict[str, Any] | None = None) -> Call:
    return Call(
        "openai.chat", "chat", "openai", input_messages=list(messages), output_messages=[answer] if answer else []
    )


def shape(turns: list[Turn]) -> list[tuple[str, list[str]]]:
    return [(turn.role, [block.kind + ("+result" if block.result else "") for block in turn.blocks]) for turn in turns]


def test_results_stand_under_their_calls() -> None:
    """Also when other messages are in between; a message that held nothing else goes."""
    talk = conversation(call(user("Look"), calling("1"), user("Wait"), result("1")))
    assert shape(talk.new) == [("user", ["text"]), ("assistant", ["tool_call+result"]), ("user", ["text"])]
    assert talk.new[1].blocks[0].result[0].text == "seen"  # type: ignore[index]


def test_what_is_new_is_not_hidden_under_what_is_old() -> None:
    """A new result of an old tool call stands by itself, and says which tool it is of."""
    talk = conversation(call(user("Look"), calling("1"), result("1")), kept=2)
    assert shape(talk.kept) == [("user", ["text"]), ("assistant", ["tool_call"])]
    assert shape(talk.new) == [("tool", ["tool_call_response"])]
    assert talk.new[0].blocks[0].name == "look"


def test_results_before_their_calls_and_twice() -> None:
    """Whatever the order, each result is shown, none twice."""
    first, second = result("1", "one"), result("1", "two")
    talk = conversation(call(first, calling("1"), second))
    assert shape(talk.new) == [("tool", ["tool_call_response"]), ("assistant", ["tool_call+result"])]


def test_results_of_later_calls() -> None:
    """The answer's tool call gets the result that a later call brought, and where it came from."""
    later = {"1": Result({"type": "tool_call_response", "id": "1", "response": {"ok": True}}, "later-id")}
    block = conversation(call(user("Look"), answer=calling("1")), later=later).answers[0].blocks[0]
    assert block.result_call == "later-id"
    assert block.result[0].text == '{"ok": true}'  # type: ignore[index]


def test_results_that_are_more_than_text() -> None:
    """A result of several parts is shown part by part; one that is anything else, as JSON."""
    parts = [{"type": "text", "content": "A picture:"}, {"type": "uri", "modality": "image", "uri": "https://x/y.png"}]
    blocks = conversation(call(calling("1"), result("1", parts))).new[0].blocks[0].result
    assert [part.kind for part in blocks[0].parts] == ["text", "uri"]  # type: ignore[index]


def test_a_result_inside_itself_ends() -> None:
    """Parts that hold parts, deeper than anyone means it, are JSON from some depth on."""
    response: Any = "end"
    for _ in range(50):
        response = [{"type": "tool_call_response", "id": "1", "response": response}]
    blocks = conversation(call(result("2", response))).new[0].blocks
    depth = 0
    while blocks[0].parts:
        blocks = blocks[0].parts
        depth += 1
    assert depth <= 3


def test_messages_of_any_kind() -> None:
    """What no convention names is shown as it came; values of the wrong type do not hurt."""
    odd = {
        "role": None,
        "parts": [{"type": "thing", "value": 1}, {"type": "tool_call", "id": {}, "arguments": [1]}, {}],
    }
    turn = conversation(call(odd)).new[0]
    assert [(block.kind, block.name) for block in turn.blocks] == [
        ("other", "thing"),
        ("tool_call", "?"),
        ("other", "None"),
    ]


def test_json_that_reads_well() -> None:
    """Short values stay on a line, long ones are indented; a text that is JSON on one line is, too."""
    value = {
        "days": [{"day": "Fri", "rain": 0.4, "high": 19}, {"day": "Sat", "rain": 0, "high": 21}],
        "city": "Lisbon, PT",
    }
    assert pretty(value).splitlines() == [
        "{",
        '  "days": [{"day": "Fri", "rain": 0.4, "high": 19}, {"day": "Sat", "rain": 0, "high": 21}],',
        '  "city": "Lisbon, PT"',
        "}",
    ]
    assert readable('{"a": 1}') == '{"a": 1}'
    assert readable("{not json" + " " * 100) == "{not json" + " " * 100
