"""Content blocks and tools of Anthropic's Messages API.

https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Json, Message, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.jsons import arguments, arr, obj, string, without


def content(value: Json) -> list[Part]:
    """A `content` (or `system`): a string, or a list of blocks."""
    if value is None:
        return []
    if isinstance(value, str):
        return [parts.text(value)]
    if isinstance(value, list):
        return [block(item) for item in value]
    return [block(value)]


def message(value: Json) -> Message:
    if not isinstance(value, dict):
        return parts.message("unknown", [parts.raw(value)])
    return parts.message(value.get("role"), content(value.get("content")))


def block(item: Json) -> Part:
    """One content block; a type that is not known comes as it is."""
    if isinstance(item, str):
        return parts.text(item)
    kind = string(obj(item).get("type"))
    if kind == "text" and isinstance(item.get("text"), str):
        return parts.text(
            item["text"], citations=item.get("citations") or None, cache_control=item.get("cache_control")
        )
    if kind == "thinking":
        return parts.reasoning(string(item.get("thinking")), signature=item.get("signature") or None)
    if kind == "tool_use":
        more = without(item, "type", "id", "name", "input")
        return parts.also(parts.tool_call(item.get("name"), item.get("id"), item.get("input")), more)
    if kind == "tool_result":
        return _tool_result(item)
    if kind in ("server_tool_use", "mcp_tool_use"):
        details = without(item, "id", "name", "cache_control")
        details["input"] = arguments(details.get("input"))
        return parts.server_tool_call(item.get("name"), item.get("id"), details)
    if kind.endswith("_tool_result") and "tool_use_id" in item:
        return parts.server_tool_call_response(item.get("tool_use_id"), without(item, "tool_use_id", "cache_control"))
    if kind in ("image", "document") and (part := _media(item, kind)):
        return part
    if kind == "container_upload" and isinstance(item.get("file_id"), str):
        return parts.file(item["file_id"])
    return parts.raw(item)


def _tool_result(item: dict[str, Any]) -> Part:
    found = item.get("content")
    response = content(found) if isinstance(found, list) else found
    more = without(item, "type", "tool_use_id", "content")
    return parts.also(parts.tool_call_response(item.get("tool_use_id"), response), more)


def _media(item: dict[str, Any], kind: str) -> Part | None:
    source = obj(item.get("source"))
    more = without(item, "type", "source", "content")
    given = string(source.get("type"))
    mime_type = string(source.get("media_type"))
    if given == "base64" and isinstance(source.get("data"), str):
        return parts.also(parts.blob(mime_type, source["data"], kind), more)
    if given == "url" and isinstance(source.get("url"), str):
        return parts.also(parts.link(source["url"], kind, mime_type), more)
    if given == "file" and isinstance(source.get("file_id"), str):
        return parts.also(parts.file(source["file_id"], kind), more)
    # A document may be plain text, or a list of blocks: text all the same.
    if given == "text" and isinstance(source.get("data"), str):
        return parts.also(parts.text(source["data"], kind=kind, mime_type=mime_type or None), more)
    if given == "content":
        return {"type": kind, "content": content(source.get("content"))} | more
    return None


def tool_definition(tool: Json) -> dict[str, Any]:
    """A tool of one's own as a function; a tool of Anthropic's keeps its type and fields."""
    if not isinstance(tool, dict):
        return {"type": "unknown", "name": "unknown", "value": tool}
    kind = string(tool.get("type"))
    if kind in ("", "custom"):
        flat: dict[str, Any] = {"type": "function", "name": string(tool.get("name"))}
        flat |= without(tool, "type", "name", "input_schema")
        return flat | without({"parameters": tool.get("input_schema")})
    name = string(tool.get("name")) or string(tool.get("mcp_server_name")) or kind
    return {"type": kind, "name": name} | without(tool, "type", "name")


def messages(value: Json) -> list[Message]:
    return [message(item) for item in arr(value)]
