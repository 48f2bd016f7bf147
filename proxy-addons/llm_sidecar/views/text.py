"""A call as plain text that a person enjoys reading: one summary line, and the whole conversation."""

from __future__ import annotations

import json
from typing import Any

from llm_sidecar.call import Call, Message, Part

_GLIMPSE = 120
"""Characters of a text in a summary."""


def summary(call: Call, cost: float | None = None, seconds: float | None = None) -> str:
    """One line: model, what was asked, what came back, tokens, cost, time. What is unknown is left out."""
    model = call.response.get("model") or call.request.get("model") or call.api
    pieces = [str(model)]
    if exchange := " → ".join(t for t in (asked(call), answered(call)) if t):
        pieces.append(exchange)
    if tokens := _tokens(call.usage):
        pieces.append(tokens)
    if cost is not None:
        pieces.append(f"${cost:.4f}" if cost >= 0.0001 else f"${cost:.2g}")
    if seconds is not None:
        pieces.append(f"{seconds:.1f} s")
    return _one_line(" · ".join(pieces))


def asked(call: Call) -> str:
    """The first words of the newest thing that was asked."""
    newest = next((m for m in reversed(call.input_messages) if m.get("role") != "system"), None)
    return _glimpse(newest)


def answered(call: Call) -> str:
    """What came back, in a few words: text, tools called, or the error."""
    if call.error_type or call.error_message:
        return _one_line(f"✗ {call.error_message or call.error_type}")[:_GLIMPSE]
    parts = [p for m in call.output_messages for p in m.get("parts", [])]
    calls = [p for p in parts if p.get("type") in ("tool_call", "server_tool_call")]
    words = [_glimpse({"parts": [p for p in parts if p.get("type") == "text"]})]
    words += [f"⚙ {p.get('name', '?')}" for p in calls]
    return " ".join(w for w in words if w) + (" …" if call.incomplete else "")


def conversation(call: Call) -> str:
    """All that was said, in the order of the wire."""
    return "\n\n".join(t for t in (request_text(call), response_text(call)) if t)


def request_text(call: Call) -> str:
    """What was asked: tools offered, instructions, messages. A tool's result stands under the call it answers."""
    results = _results(call.input_messages)
    blocks = []
    if call.tool_definitions:
        names = ", ".join(str(t.get("name") or t.get("type") or "?") for t in call.tool_definitions)
        blocks.append(f"── tools offered ──\n{names}")
    if call.system_instructions:
        blocks.append(_block("system", call.system_instructions, {}))
    joined: set[int] = set()
    for message in call.input_messages:
        blocks.append(_block(_title(message), message.get("parts", []), results, joined))
    return "\n\n".join(b for b in blocks if b)


def response_text(call: Call) -> str:
    """What came back: the answer of each choice, the error, warnings, usage."""
    blocks = []
    for number, message in enumerate(call.output_messages):
        title = _title(message) if len(call.output_messages) == 1 else f"{_title(message)}, choice {number + 1}"
        reason = message.get("finish_reason")
        shown = f"{title} ({reason})" if reason and reason != "stop" else title
        blocks.append(_block(f"→ {shown}", message.get("parts", []), {}))
    if call.error_type or call.error_message:
        blocks.append(f"── error ──\n{': '.join(t for t in (call.error_type, call.error_message) if t)}")
    if call.incomplete:
        blocks.append("… incomplete")
    blocks += [f"⚠ {warning}" for warning in call.warnings]
    if usage := _usage(call.usage):
        blocks.append(f"── usage ──\n{usage}")
    return "\n\n".join(b for b in blocks if b)


def _title(message: Message) -> str:
    role, name = message.get("role", "?"), message.get("name")
    return f"{role} {name}" if name else str(role)


def _results(messages: list[Message]) -> dict[str, Part]:
    """The tool results of a history by the id of the call they answer."""
    return {
        part["id"]: part
        for message in messages
        for part in message.get("parts", [])
        if part.get("type") == "tool_call_response" and isinstance(part.get("id"), str)
    }


def _block(title: str, parts: list[Part], results: dict[str, Part], joined: set[int] | None = None) -> str:
    lines = []
    for part in parts:
        if joined is not None and id(part) in joined:
            continue
        lines.append(part_text(part))
        if part.get("type") == "tool_call" and joined is not None:
            result = results.get(part.get("id", ""))
            if result is not None:
                joined.add(id(result))
                lines.append(part_text(result))
    # A message that held nothing but results shown above needs no block of its own.
    return f"── {title} ──\n" + "\n".join(lines) if lines or not parts else ""


def part_text(part: Part) -> str:
    """One part of a message. A part of unknown type is shown as its JSON."""
    match part.get("type"):
        case "text":
            return str(part.get("content", ""))
        case "reasoning":
            return _indent("(reasoning) ", str(part.get("content", "")))
        case "tool_call":
            return f"⚙ {part.get('name', '?')}({_arguments(part.get('arguments'))})"
        case "tool_call_response":
            return _indent("  ↳ ", _plain(part.get("response")))
        case "blob":
            return f"[{part.get('modality', '?')} {part.get('mime_type', '')}, {part.get('size', '?')} bytes]"
        case "uri":
            return f"[{part.get('modality', '?')} {part.get('uri', '')}]"
        case "file":
            return f"[{part.get('modality', '?')} file {part.get('file_id', '')}]"
        case _:
            return _plain(part)


def _arguments(arguments: Any) -> str:
    if isinstance(arguments, dict):
        return ", ".join(f"{name}={_json(value)}" for name, value in arguments.items())
    return "" if arguments is None else _plain(arguments)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _indent(first: str, text: str) -> str:
    return first + text.replace("\n", "\n" + " " * len(first))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _glimpse(message: Message | None) -> str:
    """The first words of a message's last text, or what stands there instead of one."""
    parts = message.get("parts", []) if message else []
    texts = [p for p in parts if p.get("type") == "text" and p.get("content")]
    shown = texts[-1] if texts else parts[-1] if parts else None
    if shown is None:
        return ""
    text = _one_line(part_text(shown))
    text = text if len(text) <= _GLIMPSE else text[: _GLIMPSE - 1].rstrip() + "…"
    return f"“{text}”" if texts else text


def _tokens(usage: dict[str, int]) -> str:
    if "input_tokens" not in usage and "output_tokens" not in usage:
        return ""
    cached = usage.get("cache_read.input_tokens")
    into = f"{usage.get('input_tokens', '?')}" + (f" ({cached} cached)" if cached else "")
    return f"{into} → {usage['output_tokens']} tokens" if "output_tokens" in usage else f"{into} tokens"


def _usage(usage: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ').replace('.', ' ')}: {count}" for name, count in usage.items())
