"""Asking the model: Chat Completions or Responses, streamed or not, with a tool or without.

https://platform.openai.com/docs/guides/function-calling
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openai import OpenAI

from app.questions import Question
from app.tools import ADD, run_tool

Event = dict[str, Any]
"""One of `{"call": id}` (the provider's id of an answer that begins), `{"text": part}`, `{"error": line}` and
`{"tool": name, "arguments": json, "result": text}`."""

MAX_ROUNDS = 5


class AnswerError(Exception):
    """The provider answered, but its answer is none. The message says why."""


def answer(client: OpenAI, model: str, question: Question) -> Iterator[Event]:
    """The events of an answer, as they come in.

    Each round is one call of the provider's API; there is another one as long as the model calls tools.
    Raises what the client raises, and AnswerError.
    """
    messages: list[Any] = [{"role": "user", "content": question.prompt}]
    one_round = chat_round if question.api == "chat" else responses_round
    for _ in range(MAX_ROUNDS):
        length = len(messages)
        yield from one_round(client, model, question, messages)
        if len(messages) == length:
            return
    raise AnswerError(f"The model still calls tools after {MAX_ROUNDS} rounds; given up.")


def chat_round(client: OpenAI, model: str, question: Question, messages: list[Any]) -> Iterator[Event]:
    """One call of Chat Completions; adds the tool calls and their results to `messages`."""
    asked: dict[str, Any] = {"model": model, "messages": messages}
    if question.tools:
        asked["tools"] = [{"type": "function", "function": ADD}]
    if question.stream:
        asked["stream_options"] = {"include_usage": True}
        with client.chat.completions.stream(**asked) as stream:
            for number, event in enumerate(stream):
                if event.type == "chunk" and number == 0:
                    yield {"call": event.chunk.id}
                elif event.type == "content.delta":
                    yield {"text": event.delta}
            choice = stream.get_final_completion().choices[0]
    else:
        completion = client.chat.completions.create(**asked)
        choice = completion.choices[0]
        yield {"call": completion.id}
        if choice.message.content:
            yield {"text": choice.message.content}
    if not choice.finish_reason:
        raise AnswerError("The provider's answer ended in the middle.")
    if not choice.message.tool_calls:
        return
    messages.append(choice.message)
    for call in choice.message.tool_calls:
        result = run_tool(call.function.name, call.function.arguments)
        yield {"tool": call.function.name, "arguments": call.function.arguments, "result": result}
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def responses_round(client: OpenAI, model: str, question: Question, messages: list[Any]) -> Iterator[Event]:
    """One call of Responses; adds the tool calls and their results to `messages`."""
    asked: dict[str, Any] = {"model": model, "input": messages}
    if question.tools:
        asked["tools"] = [{"type": "function", **ADD}]
    if question.stream:
        with client.responses.stream(**asked) as stream:
            for event in stream:
                if event.type == "response.created":
                    yield {"call": event.response.id}
                elif event.type == "response.output_text.delta":
                    yield {"text": event.delta}
            response: Any = stream.get_final_response()
    else:
        response = client.responses.create(**asked)
        yield {"call": response.id}
        if response.output_text:
            yield {"text": response.output_text}
    if response.status != "completed":
        reason = response.error or response.incomplete_details
        raise AnswerError(f"The provider's answer is {response.status}: {reason}")
    calls = [item for item in response.output if item.type == "function_call"]
    if not calls:
        return
    messages += response.output
    for call in calls:
        result = run_tool(call.name, call.arguments)
        yield {"tool": call.name, "arguments": call.arguments, "result": result}
        messages.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
