"""What the offline model says: from a question, in no provider's words, to an answer."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from app.offline.directives import Directive, read_directive
from app.offline.schema import Hints, example

WHO = "This is the offline model"
STOP_WORDS = frozenset(
    re.findall(r"\w+", "a an and are for from get in is it me my of on or the this to two what with you")
)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the client offers; `schema` is the JSON schema of its arguments."""

    name: str
    description: str = ""
    schema: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks, whichever API it came through."""

    prompt: str
    """The text of the last user message that has any."""
    results: tuple[str, ...] = ()
    """Results of tools that came after it: the second round of a tool call."""
    tools: tuple[Tool, ...] = ()
    choice: str = "auto"
    """`auto`, `none`, `required`, or the name of the tool that must be called."""
    parallel: bool = True
    schema: dict[str, Any] | None = None
    """The answer has to be JSON of this schema ({} for any object)."""

    @property
    def directive(self) -> Directive:
        return read_directive(self.prompt)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; `arguments` is the JSON text."""

    name: str
    arguments: str
    id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Either text or tool calls."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    """For the APIs that show it, when it was asked for."""

    @property
    def tokens(self) -> int:
        return sum(map(count_tokens, (self.text, *(call.arguments for call in self.calls))))


def answer(question: Question) -> Answer:
    """The offline model itself. Raises ProviderError where the prompt's directive asks for an error."""
    directive = question.directive
    directive.raise_for_status()
    if question.results:
        noun = "tool returned" if len(question.results) == 1 else "tools returned"
        text = f"{WHO}: the {noun} {' and '.join(question.results)}."
        return Answer(text=text, thinking="The tool has answered; I only have to repeat it.")
    if called := fitting_tools(question):
        hints = Hints.of(question.prompt)
        calls = (ToolCall(t.name, json.dumps(example(t.schema, hints)), new_id("call_")) for t in called)
        return Answer(calls=tuple(calls), thinking=f"The tool {called[0].name} fits what was asked.")
    if question.schema is not None:
        value = example(question.schema, Hints.of(question.prompt)) or {"answer": f"{WHO}."}
        return Answer(text=json.dumps(value), thinking="JSON was asked for.")
    thinking = "I am the offline model: nothing to think about."
    return Answer(text=prose(question.prompt, directive.words), thinking=thinking)


def prose(prompt: str, words: int = 0) -> str:
    """An answer in words; exactly `words` of them if that is not 0."""
    shown = " ".join(prompt.split())
    shown = shown if len(shown) <= 120 else f"{shown[:119]}…"
    text = (
        f"{WHO}: no provider was asked, and no key is needed. You wrote: “{shown}” "
        "A real model would have something to say about that. This one shows what an answer looks like on its "
        "way to your app, word by word, and says the same to the same prompt every time."
    )
    parts = text.split()
    return text if not words else " ".join((parts * (words // len(parts) + 1))[:words])


def fitting_tools(question: Question) -> list[Tool]:
    """The tools to call: those that share the most words with the prompt, none where none shares any."""
    tools = list(question.tools)
    if question.choice == "none" or not tools:
        return []
    if question.choice not in ("auto", "required"):
        return [tool for tool in tools if tool.name == question.choice]
    asked = words_of(question.prompt)
    scores = [len(asked & words_of(f"{tool.name} {tool.description}")) for tool in tools]
    best = max(scores)
    if not best:
        return tools[:1] if question.choice == "required" else []
    fitting = [tool for tool, score in zip(tools, scores, strict=True) if score == best]
    return fitting if question.parallel else fitting[:1]


def words_of(text: str) -> set[str]:
    """Words worth comparing, lower case; `getWeather` and `get_weather` are two words each."""
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", text).replace("_", " ").lower()
    return set(re.findall(r"[a-z]{2,}", split)) - STOP_WORDS


def pieces(text: str, size: int = 0) -> Iterator[str]:
    """The text in the parts that a stream sends: word by word, or `size` characters each."""
    yield from re.findall(rf"(?s).{{1,{size}}}" if size else r"\s*\S+\s*", text)


def count_tokens(text: str) -> int:
    """About what a tokenizer would say: four characters each."""
    return math.ceil(len(text) / 4)


def count_request_tokens(*parts: object) -> int:
    """Input tokens: of the request's parts as JSON."""
    return sum(count_tokens(json.dumps(part)) for part in parts if part)


def text_of(content: str | Iterable[dict[str, Any]] | None) -> str:
    """The text of a message's content: a string, or parts of which some have a `text`."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if isinstance(part.get("text"), str))


def new_id(prefix: str) -> str:
    """A new id in the provider's manner: `chatcmpl-…`, `msg_…`."""
    return prefix + uuid.uuid4().hex
