"""Content blocks and tools of Bedrock's Converse API, which Amazon's Nova models share.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llm_sidecar.call import Json, Message, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.jsons import arguments, arr, obj, objs, string, without

_DOCUMENTS = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}


def message(value: Json, otherwise: str = "user") -> Message:
    if not isinstance(value, dict):
        return parts.message(otherwise, [parts.raw(value)])
    return parts.message(string(value.get("role")) or otherwise, content(value.get("content")))


def content(value: Json) -> list[Part]:
    """A list of blocks. A cache point is a mark on the block before it, not content of its own."""
    if isinstance(value, str):
        return [parts.text(value)]
    found: list[Part] = []
    for item in arr(value):
        point = obj(item).get("cachePoint")
        if point is not None and len(item) == 1 and found:
            found[-1] = found[-1] | {"cachePoint": point}
        else:
            found.append(block(item))
    return found


def block(item: Json) -> Part:
    """One block: a union, told apart by the field that it has."""
    if isinstance(item, str):
        return parts.text(item)
    for key, value in obj(item).items():
        if key in _READ and (part := _READ[key](value)):
            return parts.also(part, without(item, key))
    kind = next(iter(obj(item)), "unknown")
    return parts.raw(item, kind)


def _text(value: Json) -> Part | None:
    return parts.text(value) if isinstance(value, str) else None


def _media(kind: str) -> Callable[[Json], Part | None]:
    def read(value: Json) -> Part | None:
        media = obj(value)
        source, form = obj(media.get("source")), string(media.get("format"))
        mime_type = (_DOCUMENTS.get(form, "") if kind == "document" else f"{kind}/{form}") if form else ""
        more = without(media, "source", "format")
        location = obj(source.get("s3Location"))
        if isinstance(source.get("bytes"), str):
            return parts.also(parts.blob(mime_type, source["bytes"], kind), more)
        if isinstance(location.get("uri"), str):
            return parts.also(parts.link(location["uri"], kind, mime_type), more | without(location, "uri"))
        if isinstance(source.get("text"), str):
            return parts.also(parts.text(source["text"], kind=kind), more)
        if "content" in source:
            return {"type": kind, "content": content(source["content"])} | more
        return None

    return read


def _tool_use(value: Json) -> Part | None:
    call = obj(value)
    if not call:
        return None
    ident, more = string(call.get("toolUseId")), without(call, "toolUseId", "name")
    if string(call.get("type")).startswith("server_tool"):
        return parts.server_tool_call(call.get("name"), ident, more | {"input": arguments(more.get("input"))})
    # A stream of a call without arguments has an empty text where a whole answer has an empty object.
    args = {} if call.get("input") == "" else call.get("input")
    return parts.also(parts.tool_call(call.get("name"), ident, args), without(more, "input"))


def _tool_result(value: Json) -> Part | None:
    result = obj(value)
    if not result:
        return None
    ident, response = string(result.get("toolUseId")), _result(result.get("content"))
    # Results of tools that Bedrock runs say of which kind they are.
    if string(result.get("type")) not in ("", "tool_result"):
        details = without(result, "toolUseId", "content") | {"content": response}
        return parts.server_tool_call_response(ident, details)
    return parts.also(parts.tool_call_response(ident, response), without(result, "toolUseId", "content"))


def _result(value: Json) -> Json:
    """A result that is one text or one JSON value as that; anything else as parts."""
    items = arr(value)
    if len(items) == 1 and isinstance(items[0], dict) and len(items[0]) == 1:
        if isinstance(text := items[0].get("text"), str):
            return text
        if "json" in items[0]:
            return items[0]["json"]
    return content(value)


def _reasoning(value: Json) -> Part | None:
    words = obj(obj(value).get("reasoningText"))
    if not isinstance(words.get("text"), str):
        return None
    return parts.also(parts.reasoning(words["text"]), without(words, "text"))


def _cited(value: Json) -> Part | None:
    cited = obj(value)
    if not cited:
        return None
    text = "".join(string(piece.get("text")) for piece in objs(cited.get("content")))
    return parts.text(text, citations=cited.get("citations") or None)


def _guarded(value: Json) -> Part | None:
    inner = obj(value)
    if isinstance(text := obj(inner.get("text")).get("text"), str):
        return parts.text(text, guardContent=without(inner["text"], "text"))
    return _media("image")(inner["image"]) if "image" in inner else None


_READ: dict[str, Callable[[Json], Part | None]] = {
    "text": _text,
    "image": _media("image"),
    "document": _media("document"),
    "video": _media("video"),
    "audio": _media("audio"),
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "reasoningContent": _reasoning,
    "citationsContent": _cited,
    "guardContent": _guarded,
}


def tool_definition(tool: Json) -> dict[str, Any]:
    """A `toolSpec` as a function; anything else under the name of its field."""
    spec = obj(obj(tool).get("toolSpec"))
    if spec:
        schema = obj(spec.get("inputSchema")).get("json")
        found = {"type": "function", "name": string(spec.get("name"))} | without(spec, "type", "name", "inputSchema")
        return found | without({"parameters": schema})
    kind = next(iter(obj(tool)), "unknown")
    settings = obj(obj(tool).get(kind))
    name = string(settings.get("name")) or kind
    return without(settings, "type", "name") | {"type": kind, "name": name}
