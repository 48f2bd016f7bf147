"""Items of OpenAI's Responses API: its input, its output and its conversations are lists of them.

https://platform.openai.com/docs/api-reference/responses/object
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from llm_sidecar.call import Json, Message, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.jsons import arguments, obj, objs, string, without
from llm_sidecar.dialects.openai_content import content_part, content_parts

_KEPT_OUT = ("status", "created_by", "internal_chat_message_metadata_passthrough")


def item_parts(item: Json) -> list[Part]:
    """The parts that one item stands for; a type that is not known comes as it is."""
    if not isinstance(item, dict):
        return [parts.raw(item)]
    kind = string(item.get("type"))
    if kind == "message" or (not kind and "role" in item):
        return content_parts(item.get("content"))
    if kind.startswith("tool_search_"):
        return [_tool_search(item, kind)]
    if kind in _CLIENT_CALLS:
        return [_client_call(item, *_CLIENT_CALLS[kind])]
    if kind.endswith("_call_output") or kind == "function_call_output":
        return [_output(item)]
    if kind in _SERVER_CALLS:
        return _server_call(item, *_SERVER_CALLS[kind])
    if kind == "reasoning":
        return [_reasoning(item)]
    return [parts.raw(item)]


def messages(items: Iterable[Json]) -> list[Message]:
    """Items as messages. What a model said in one turn (reasoning, calls, text) is one message, as in the output."""
    found: list[Message] = []
    last = ""
    for item in items:
        role = role_of(item)
        new = item_parts(item)
        if role == "assistant" and last == "assistant":
            found[-1]["parts"] += new
        else:
            found.append(parts.message(role, new))
        last = role
    return found


def role_of(item: Json) -> str:
    """Who an item is from."""
    fields = obj(item)
    kind = string(fields.get("type"))
    if string(fields.get("role")):
        return string(fields.get("role"))
    if isinstance(item, str) or kind.startswith("input_"):
        return "user"
    if kind.endswith("_output"):
        return "tool"
    return "user" if kind in ("mcp_approval_response", "item_reference", "") else "assistant"


def _reasoning(item: dict[str, Any]) -> Part:
    """One part for an item: the model's own words where it gives them, else the summary of them."""
    summary = "\n\n".join(string(piece.get("text")) for piece in objs(item.get("summary")))
    words = "".join(string(piece.get("text")) for piece in objs(item.get("content")))
    both = summary if words and summary else None
    encrypted = item.get("encrypted_content") or None
    return parts.reasoning(words or summary, id=item.get("id"), summary=both, encrypted_content=encrypted)


def _client_call(item: dict[str, Any], name: str, *fields: str) -> Part:
    """A call that the client answers with an item of its own, joined by `call_id`."""
    args = next((item[field] for field in fields if item.get(field) is not None), None)
    more = without(item, "type", "id", "call_id", "name", *fields, *_KEPT_OUT)
    own_kind = None if name == "" else item["type"]
    ident = item.get("call_id") or item.get("id")
    return parts.also(parts.tool_call(item.get("name") or name, ident, args, kind=own_kind), more)


_CLIENT_CALLS: dict[str, tuple[str, ...]] = {
    "function_call": ("", "arguments"),
    "custom_tool_call": ("", "input"),
    "computer_call": ("computer", "actions", "action"),
    "local_shell_call": ("local_shell", "action"),
    "shell_call": ("shell", "action"),
    "apply_patch_call": ("apply_patch", "operation"),
}


def _tool_search(item: dict[str, Any], kind: str) -> Part:
    """A search for further tools, which either side may run; its output is the tools found."""
    ident = item.get("call_id") or item.get("id")
    by_client = item.get("execution") == "client"
    details = without(item, "id", "call_id", *_KEPT_OUT)
    if kind == "tool_search_call":
        if by_client:
            return parts.tool_call("tool_search", ident, item.get("arguments"))
        return parts.server_tool_call("tool_search", ident, details)
    if by_client:
        return parts.tool_call_response(ident, item.get("tools"))
    return parts.server_tool_call_response(ident, details)


def _output(item: dict[str, Any]) -> Part:
    output = item.get("output")
    if isinstance(output, list):
        response: Json = [content_part(piece) if "type" in obj(piece) else piece for piece in output]
    elif obj(output).get("type") == "computer_screenshot":
        shot = obj(output)
        response = [parts.link(shot["image_url"], "image")] if shot.get("image_url") else shot
    else:
        response = output
    more = without(item, "type", "id", "call_id", "output", *_KEPT_OUT)
    return parts.also(parts.tool_call_response(item.get("call_id"), response), more)


def _server_call(item: dict[str, Any], name: str, *results: str) -> list[Part]:
    """A call that the provider answers itself: the call, and its result where the item has one."""
    ident = item.get("id") or item.get("call_id")
    asked = without(item, "id", *results)
    if "arguments" in asked:
        asked["arguments"] = arguments(asked["arguments"])
    found = [parts.server_tool_call(item.get("name") or name, ident, asked)]
    answer = {key: _RESULTS.get(key, _as_is)(item[key], item) for key in results if item.get(key) not in (None, [])}
    if answer:
        found.append(parts.server_tool_call_response(ident, {"type": item["type"]} | answer))
    return found


_SERVER_CALLS: dict[str, tuple[str, ...]] = {
    "web_search_call": ("web_search", "results"),
    "x_search_call": ("x_search", "results"),
    "file_search_call": ("file_search", "results"),
    "code_interpreter_call": ("code_interpreter", "outputs"),
    "image_generation_call": ("image_generation", "result"),
    "mcp_call": ("mcp", "output", "error"),
}


def _as_is(value: Json, item: dict[str, Any]) -> Json:
    return value


def _image_result(value: Json, item: dict[str, Any]) -> Json:
    return parts.blob(f"image/{string(item.get('output_format')) or 'png'}", value)


def _code_outputs(value: Json, item: dict[str, Any]) -> Json:
    """Images come as data: URLs."""
    return [
        parts.link(output["url"], "image") if output.get("type") == "image" and output.get("url") else output
        for output in objs(value)
    ]


_RESULTS: dict[str, Callable[[Json, dict[str, Any]], Json]] = {"result": _image_result, "outputs": _code_outputs}
