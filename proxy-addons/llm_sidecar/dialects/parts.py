"""Message parts of the GenAI conventions (`gen-ai-input-messages.json` and its siblings, autumn 2026)."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

from llm_sidecar.call import Json, Message, Part
from llm_sidecar.dialects.jsons import arguments, string

KEEP_CONTENT: ContextVar[bool] = ContextVar("KEEP_CONTENT", default=False)
"""Whether blobs keep their base64 `content`. Off, so that no call holds megabytes."""

_MODALITIES = ("image", "video", "audio")


def text(content: str, **more: Json) -> Part:
    return {"type": "text", "content": content} | _given(more)


def reasoning(content: str, **more: Json) -> Part:
    return {"type": "reasoning", "content": content} | _given(more)


def tool_call(name: Json, call_id: Json, args: Json, **more: Json) -> Part:
    """A call of a tool that the client runs; `arguments` is an object where they parse as one."""
    part: Part = {"type": "tool_call", "name": string(name)}
    return part | _given({"id": _ident(call_id), "arguments": arguments(args)}) | _given(more)


def tool_call_response(call_id: Json, response: Json, **more: Json) -> Part:
    return {"type": "tool_call_response"} | _given({"id": _ident(call_id)}) | {"response": response} | _given(more)


def server_tool_call(name: Json, call_id: Json, details: dict[str, Any], **more: Json) -> Part:
    """A call of a tool that the provider runs; `details` has the provider's `type` and fields."""
    part: Part = {"type": "server_tool_call", "name": string(name)}
    return part | _given({"id": _ident(call_id)}) | {"server_tool_call": details} | _given(more)


def server_tool_call_response(call_id: Json, details: dict[str, Any], **more: Json) -> Part:
    part: Part = {"type": "server_tool_call_response"}
    return part | _given({"id": _ident(call_id)}) | {"server_tool_call_response": details} | _given(more)


def modality(mime_type: str) -> str:
    """image, video, audio, or document for every other media type."""
    kind = mime_type.partition("/")[0].lower()
    return kind if kind in _MODALITIES else "document"


def blob(mime_type: str, data: Json, kind: str = "", **more: Json) -> Part:
    """Inline data. `size` is its length in bytes; the base64 itself is dropped unless `KEEP_CONTENT` says otherwise."""
    content = string(data)
    part: Part = {"type": "blob", "modality": kind or modality(mime_type)}
    part |= _given({"mime_type": mime_type or None})
    padding = len(content[-2:]) - len(content[-2:].rstrip("="))
    part["size"] = max(len(content) * 3 // 4 - padding, 0)
    if KEEP_CONTENT.get():
        part["content"] = content
    return part | _given(more)


def link(url: Json, kind: str, mime_type: str = "", **more: Json) -> Part:
    """What a URL refers to: a blob for a data: URL, else a `uri`."""
    target = string(url)
    if target[:5].lower() == "data:":
        comma = target.find(",", 5, 500)
        if comma > 0:
            own_type = target[5:comma].partition(";")[0] or mime_type
            return blob(own_type, target[comma + 1 :], kind if kind != "document" else "", **more)
    return {"type": "uri", "modality": kind} | _given({"mime_type": mime_type or None}) | {"uri": target} | _given(more)


def file(file_id: Json, kind: str = "document", **more: Json) -> Part:
    return {"type": "file", "modality": kind, "file_id": string(file_id)} | _given(more)


def also(part: Part, more: dict[str, Any]) -> Part:
    """The part with the provider's further fields, where their names are free; a convention's must be strings."""
    free = {key: value for key, value in more.items() if value is not None and key not in part}
    return part | {key: value for key, value in free.items() if key not in _STRINGS or (value and string(value))}


def raw(value: Json, kind: str = "unknown") -> Part:
    """What no convention and no dialect names, as it came."""
    if isinstance(value, dict) and string(value.get("type")):
        # A provider's type that happens to be a convention's name would promise that one's fields.
        return value if value["type"] not in _TAKEN else value | {"type": f"{kind}.{value['type']}"}
    if isinstance(value, dict):
        return value | {"type": kind if kind not in _TAKEN else f"unknown.{kind}"}
    return {"type": kind, "value": value}


def message(role: Json, parts: list[Part], *, name: Json = None) -> Message:
    return {"role": string(role) or "unknown", "parts": parts} | _given({"name": _ident(name)})


def _ident(value: Json) -> str | None:
    """An id as a string, whatever it came as."""
    if isinstance(value, str | None):
        return value or None
    return json.dumps(value)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


_STRINGS = ("id", "mime_type")

_TAKEN = frozenset(
    {
        "text",
        "reasoning",
        "tool_call",
        "tool_call_response",
        "server_tool_call",
        "server_tool_call_response",
        "blob",
        "file",
        "uri",
    }
)
