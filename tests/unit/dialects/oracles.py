"""What the providers' own SDKs make of a recorded response: the other opinion that our reading is compared with.

Each SDK gets the recorded bytes from a transport in memory, so its own decoding of the stream is part of the opinion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx
import httpx2
import openai
from openai.lib.streaming.chat import ChatCompletionStreamState

from llm_sidecar.call import Call
from llm_sidecar.dialects.jsons import arguments
from llm_sidecar.exchange import Exchange


@dataclass
class Answer:
    """The parts of an answer that both sides must agree on."""

    texts: list[str] = field(default_factory=list)
    """For each choice, all its text."""
    tool_calls: list[list[tuple[str, Any]]] = field(default_factory=list)
    """For each choice, the name and the arguments of its calls, in order."""
    finish_reasons: list[str] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)


def ours(call: Call) -> Answer:
    """Our reading in the same terms."""
    answer = Answer(usage={k: v for k, v in call.usage.items() if k in ("input_tokens", "output_tokens")})
    for message in call.output_messages:
        answer.texts.append("".join(p["content"] for p in message["parts"] if p["type"] == "text"))
        calls = [
            p for p in message["parts"] if p["type"] == "tool_call" and p.get("kind") in (None, "custom_tool_call")
        ]
        answer.tool_calls.append([(p["name"], p.get("arguments")) for p in calls])
        answer.finish_reasons.append(message["finish_reason"])
    return answer


def _client(library: Any, exchange: Exchange) -> Any:
    """A client of `httpx` or `httpx2` (each SDK insists on its own) that answers everything with the recording."""
    kind = {"content-type": exchange.response_headers.get("content-type", "text/event-stream")}
    response = library.Response(200, headers=kind, content=exchange.response_body)
    return library.Client(transport=library.MockTransport(lambda _: response))


def openai_chat(exchange: Exchange) -> Answer:
    """Streamed Chat Completions, by `ChatCompletionStreamState`."""
    client = openai.OpenAI(
        api_key="none", base_url="http://oracle.test", http_client=_client(httpx, exchange), max_retries=0
    )
    state = ChatCompletionStreamState()
    for chunk in client.chat.completions.create(model="any", messages=[], stream=True):
        state.handle_chunk(chunk)
    done = state.current_completion_snapshot
    answer = Answer()
    for choice in sorted(done.choices, key=lambda choice: choice.index):
        answer.texts.append(choice.message.content or "")
        calls = choice.message.tool_calls or []
        answer.tool_calls.append([(c.function.name, arguments(c.function.arguments)) for c in calls])
        reason = str(choice.finish_reason)
        answer.finish_reasons.append({"tool_calls": "tool_call", "function_call": "tool_call"}.get(reason, reason))
    if done.usage:
        answer.usage = {"input_tokens": done.usage.prompt_tokens, "output_tokens": done.usage.completion_tokens}
    return answer


def openai_responses(exchange: Exchange) -> Answer:
    """A streamed response: what the SDK takes from the last event, which has the response in full."""
    client = openai.OpenAI(
        api_key="none", base_url="http://oracle.test", http_client=_client(httpx, exchange), max_retries=0
    )
    last, items = None, []
    for event in client.responses.create(model="any", input="any", stream=True):
        if event.type in ("response.completed", "response.incomplete", "response.failed"):
            last = event.response
        elif event.type == "response.output_item.done":
            items.append(event.item)
    assert last is not None, "the stream has no last event with the response"
    # Some servers leave the output out of their last event.
    last.output = last.output or items
    calls = [(i.name, arguments(i.arguments)) for i in last.output if i.type == "function_call"]
    calls += [(i.name, arguments(i.input)) for i in last.output if i.type == "custom_tool_call"]
    made = any(i.type in ("function_call", "custom_tool_call") for i in last.output)
    why = last.incomplete_details.reason if last.incomplete_details else None
    reason = {"completed": "tool_call" if made else "stop", "failed": "error"}.get(str(last.status), str(why))
    answer = Answer([last.output_text], [calls], [{"max_output_tokens": "length"}.get(reason, reason)])
    if last.usage:
        answer.usage = {"input_tokens": last.usage.input_tokens, "output_tokens": last.usage.output_tokens}
    return answer


def anthropic_messages(exchange: Exchange) -> Answer:
    """Streamed Messages, by the accumulator behind `messages.stream`."""
    client = anthropic.Anthropic(
        api_key="none", base_url="http://oracle.test", http_client=_client(httpx2, exchange), max_retries=0
    )
    with client.beta.messages.stream(model="any", messages=[], max_tokens=1) as stream:
        done = stream.get_final_message()
    return anthropic_answer(json.loads(done.to_json()))


def anthropic_answer(done: dict[str, Any]) -> Answer:
    blocks = done["content"]
    text = "".join(b["text"] for b in blocks if b["type"] == "text")
    calls = [(b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"]
    mapped = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_call"}
    reason = str(done["stop_reason"])
    usage = done["usage"]
    counted = [
        usage[k] for k in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens") if usage.get(k)
    ]
    answer = Answer([text], [calls], [{"refusal": "content_filter"}.get(reason, mapped.get(reason, reason))])
    answer.usage = {"input_tokens": sum(counted), "output_tokens": usage["output_tokens"]}
    return answer
