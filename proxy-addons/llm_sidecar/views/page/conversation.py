"""A call's conversation as people read it: who said what, each tool's result under its call, the new apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from llm_sidecar.call import Call, Message, Part
from llm_sidecar.dialects.blobs import blobs
from llm_sidecar.views.page.blocks import Block, Blocks, Result

_EXPECTED = ("", "stop", "tool_call")
"""Reasons to finish that go without saying."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message."""

    role: str
    name: str
    blocks: list[Block]
    number: int
    """Its place in the history, or among the answers, from 1."""
    finish: str = ""
    """Why the answer ended, where that is worth saying."""


@dataclass(frozen=True, slots=True)
class Conversation:
    system: list[Block]
    kept: list[Turn]
    """What the call before had already."""
    new: list[Turn]
    answers: list[Turn]
    """One for each choice."""


def conversation(
    call: Call, kept: int = 0, earlier: Mapping[str, Part] | None = None, later: Mapping[str, Result] | None = None
) -> Conversation:
    """`kept`: how many messages the call before had already. `earlier`: tool calls of the call before, by id, for
    results whose tool call is not in this one. `later`: results, by id, that came with later calls."""
    numbers = {id(part): number for number, part in enumerate(blobs(call))}
    called, results = (
        dict(_parts(call.input_messages, "tool_call")),
        dict(_parts(call.input_messages, "tool_call_response")),
    )
    near = {
        ident: Result(result)
        for ident, (at, result) in results.items()
        # What is folded away must not take along what is new.
        if ident in called and (called[ident][0] < kept) == (at < kept)
    }
    make = Blocks(numbers, near, {**(earlier or {}), **{ident: part for ident, (_, part) in called.items()}})
    turns = [_turn(make, message, number) for number, message in enumerate(call.input_messages, 1)]
    # A message that held nothing but results that stand elsewhere is not shown.
    shown = [turn for turn in turns if turn.blocks or not call.input_messages[turn.number - 1].get("parts")]
    answering = Blocks(numbers, later or {})
    return Conversation(
        system=make.of(call.system_instructions),
        kept=[turn for turn in shown if turn.number <= kept],
        new=[turn for turn in shown if turn.number > kept],
        answers=[_turn(answering, message, number) for number, message in enumerate(call.output_messages, 1)],
    )


def tool_calls(messages: Iterable[Message]) -> dict[str, Part]:
    """The tool calls in these messages, by id."""
    return {ident: part for ident, (_, part) in _parts(messages, "tool_call")}


def tool_results(messages: Iterable[Message]) -> dict[str, Part]:
    """The results in these messages, by the id of the tool call that they answer."""
    return {ident: part for ident, (_, part) in _parts(messages, "tool_call_response")}


def _parts(messages: Iterable[Message], kind: str) -> Iterator[tuple[str, tuple[int, Part]]]:
    for index, message in enumerate(messages):
        for part in message.get("parts", []):
            if part.get("type") == kind and isinstance(part.get("id"), str):
                yield part["id"], (index, part)


def _turn(make: Blocks, message: Message, number: int) -> Turn:
    reason = str(message.get("finish_reason") or "")
    return Turn(
        role=str(message.get("role") or "?"),
        name=str(message.get("name") or ""),
        blocks=make.of(message.get("parts", [])),
        number=number,
        finish="" if reason in _EXPECTED else reason,
    )
