"""Calls that belong together get one run; each says what it added to the one before it."""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Call
from llm_sidecar.runs import Difference, Place, Runs, Trace, difference


def text(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def asks(id: str, name: str = "add") -> dict[str, Any]:
    return {"role": "assistant", "parts": [{"type": "tool_call", "id": id, "name": name, "arguments": {}}]}


def result(id: str) -> dict[str, Any]:
    return {"role": "tool", "parts": [{"type": "tool_call_response", "id": id, "response": "62"}]}


def call(*messages: dict, answer: dict | None = None, response: str | None = None, **kwargs: Any) -> Call:
    output = [answer | {"finish_reason": "stop"}] if answer else []
    it = Call("openai.chat", "chat", "openai", input_messages=list(messages), output_messages=output, **kwargs)
    if response:
        it.response["id"] = response
    return it


class Session:
    """Runs, and the calls placed in them by hand."""

    def __init__(self) -> None:
        self.runs = Runs()

    def __call__(self, id: str, it: Call, name: str | None = None) -> Place:
        place = self.runs.place(Trace.of(id, it), name)
        self.runs.answered(id, it)
        return place


SYSTEM, HI, HELLO, MORE = (
    text("system", "Be kind."),
    text("user", "hi"),
    text("assistant", "hello"),
    text("user", "more"),
)


def test_a_conversation_is_a_run() -> None:
    """A call whose messages extend an earlier one's goes on with it."""
    session = Session()
    assert session("1", call(SYSTEM, HI, answer=HELLO)) == Place("1")
    assert session("2", call(SYSTEM, HI, HELLO, MORE, answer=HELLO)) == Place("1", "1")
    assert session("3", call(SYSTEM, HI, HELLO, MORE, HELLO, MORE)) == Place("1", "2")


def test_the_same_system_message_joins_nothing() -> None:
    """Two conversations of one app are two runs, whether the system text is a message or apart."""
    session = Session()
    apart = {"system_instructions": [{"type": "text", "content": "Be kind."}]}
    assert session("1", call(SYSTEM, HI)).run == "1"
    assert session("2", call(SYSTEM, MORE)).run == "2"
    assert session("3", call(HI, **apart)).run == "3"
    assert session("4", call(MORE, **apart)).run == "4"


def test_the_same_question_twice_is_two_runs() -> None:
    """Equal calls that both succeeded are two; what goes on from one is told by the answer it repeats."""
    session = Session()
    other = text("assistant", "good day")
    assert session("1", call(HI, answer=HELLO)).run == "1"
    assert session("2", call(HI, answer=other)).run == "2"
    assert session("3", call(HI, HELLO, MORE)) == Place("1", "1")
    assert session("4", call(HI, other, MORE)) == Place("2", "2")


def test_a_retry_stays_in_the_run() -> None:
    """The same request after a failed one is a retry."""
    session = Session()
    assert session("1", call(HI, error_type="429")).run == "1"
    assert session("2", call(HI, answer=HELLO)) == Place("1", "1", retry=True)


def test_a_tool_result_goes_on_from_its_call() -> None:
    """A shortened history still carries the id of the tool call it answers."""
    session = Session()
    assert session("1", call(HI, answer=asks("call_1"))).run == "1"
    assert session("2", call(MORE, asks("call_1"), result("call_1"))) == Place("1", "1")


def test_a_continued_response_is_a_run() -> None:
    """`previous_response_id` needs no history at all."""
    session = Session()
    assert session("1", call(HI, answer=HELLO, response="resp_1")).run == "1"
    continued = call(MORE)
    continued.request["previous_response.id"] = "resp_1"
    assert session("2", continued) == Place("1", "1")


def test_a_subagent_is_a_run_of_its_own() -> None:
    """It has messages of its own, also where the prompt is the same and only its instructions differ."""
    session = Session()
    session("1", call(SYSTEM, HI, answer=asks("call_1")))
    assert session("2", call(text("system", "Search."), HI, answer=HELLO)).run == "2"
    assert session("3", call(SYSTEM, HI, asks("call_1"), result("call_1"))) == Place("1", "1")


def test_instructions_that_are_written_anew_do_not_end_a_run() -> None:
    """A system message with the time of day in it: the repeated answer tells, and the difference says what changed."""
    session = Session()
    first = call(text("system", "It is 9:00."), HI, answer=HELLO)
    second = call(text("system", "It is 9:01."), HI, HELLO, MORE)
    session("1", first)
    assert session("2", second) == Place("1", "1")
    assert session("3", call(text("system", "It is 9:02."), HI)).run == "3"
    assert compare(first, second) == Difference(0, "message", 0)


def test_a_name_given_by_hand_wins() -> None:
    """Calls with a name are in that run, and go on from its newest call."""
    session = Session()
    assert session("1", call(HI), name="nightly") == Place("nightly")
    assert session("2", call(MORE), name="nightly") == Place("nightly", "1")
    assert session("3", call(HI, HELLO, MORE)) == Place("nightly", "1")


def test_a_forgotten_call_is_no_longer_gone_on_from() -> None:
    """What is not kept leaves nothing behind."""
    session = Session()
    session("1", call(HI, answer=asks("call_1"), response="resp_1"))
    session.runs.forget("1")
    assert session("2", call(HI, asks("call_1"), result("call_1"))) == Place("2")
    session.runs.forget("2")
    assert not session.runs._index


def test_a_cache_marker_that_moves_changes_nothing() -> None:
    """Anthropic's `cache_control` is put on the last message of each call."""
    session = Session()
    marked = {"role": "user", "parts": [{"type": "text", "content": "hi", "cache_control": {"type": "ephemeral"}}]}
    session("1", call(marked, answer=HELLO))
    assert session("2", call(HI, HELLO, MORE)).run == "1"


def compare(one: Call, other: Call) -> Difference:
    return difference(Trace.of("1", one), Trace.of("2", other))


def tool(name: str) -> dict[str, str]:
    return {"type": "function", "name": name}


def test_what_was_added() -> None:
    """An extended history breaks nothing."""
    assert compare(call(HI), call(HI, HELLO, MORE)) == Difference(kept_messages=1)


def test_where_the_prefix_breaks() -> None:
    """The first tool, system part, message or parameter that differs, in the order of a prompt cache."""
    assert compare(call(HI, HELLO), call(HI, MORE)) == Difference(1, "message", 1)
    assert compare(call(HI, HELLO), call(HI)) == Difference(1, "message", 1)
    tools = [tool("a"), tool("b")]
    assert compare(call(HI, tool_definitions=tools), call(HI, tool_definitions=tools[::-1])).breaks_at == "b"
    assert compare(call(HI), call(HI, tool_definitions=tools)) == Difference(1, "tool", "a")
    system = [{"type": "text", "content": "one"}]
    assert compare(call(HI, system_instructions=system), call(HI)) == Difference(1, "system", 0)
    assert compare(call(HI, request={"model": "a"}), call(HI, request={"model": "b"})).breaks_in == "parameter"
    assert compare(call(HI, request={"seed": 1}), call(HI, request={"seed": 2})).breaks_in is None
