"""Contents, parts and tools of Gemini's API.

https://ai.google.dev/api/caching#Content. Field names come in camelCase or snake_case: protobuf's JSON takes both.
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Json, Message, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.jsons import arr, obj, string, without

_UNDERSCORE = re.compile(r"_([a-z0-9])")
_ROLES = {"model": "assistant", "function": "tool"}


def camel(value: Json) -> dict[str, Any]:
    """An object's own fields under their camelCase names; empty for what is no object."""
    return {_UNDERSCORE.sub(lambda m: m[1].upper(), key): child for key, child in obj(value).items()}


def contents(value: Json) -> list[Message]:
    """`contents`: a list of contents, one alone, or (some SDKs) a text."""
    if isinstance(value, str):
        return [parts.message("user", [parts.text(value)])]
    return [message(item) for item in ([value] if isinstance(value, dict) else arr(value))]


def message(value: Json, otherwise: str = "user") -> Message:
    if not isinstance(value, dict):
        return parts.message(otherwise, [parts.raw(value)])
    role = string(value.get("role")) or otherwise
    return parts.message(_ROLES.get(role, role), content_parts(value))


def content_parts(value: Json) -> list[Part]:
    """The parts of one content: of a message, or of the system instruction."""
    if isinstance(value, str):
        return [parts.text(value)]
    found = obj(value).get("parts")
    return [part(item) for item in ([found] if isinstance(found, dict | str) else arr(found))]


def part(item: Json) -> Part:
    """One part: what it holds is told by which field it has."""
    if isinstance(item, str):
        return parts.text(item)
    fields = without(camel(item), "thought")
    thought = obj(item).get("thought") is True
    # A thought may hold anything (Gemini's own drafts of an image too); only its text is reasoning.
    for key, read in _READ.items():
        if key in fields:
            more = without(fields, key) | ({"thought": True} if thought and key != "text" else {})
            found = read(fields[key], thought)
            return parts.also(found, more) if found else parts.raw(item)
    return parts.raw(item)


def _text(value: Json, thought: bool) -> Part | None:
    if not isinstance(value, str):
        return None
    return parts.reasoning(value) if thought else parts.text(value)


def _inline_data(value: Json, _: bool) -> Part | None:
    data = camel(value)
    content = data.get("data")
    if not isinstance(content, str):
        return None
    if parts.KEEP_CONTENT.get():
        # Both base64 alphabets are allowed, and padding is optional.
        content = content.replace("-", "+").replace("_", "/")
        content += "=" * (-len(content) % 4)
    more = without(data, "data", "mimeType")
    return parts.also(parts.blob(string(data.get("mimeType")), content), more)


def _file_data(value: Json, _: bool) -> Part | None:
    data = camel(value)
    uri, mime_type = data.get("fileUri"), string(data.get("mimeType"))
    if not isinstance(uri, str):
        return None
    kind = parts.modality(mime_type) if mime_type else "document"
    return parts.also(parts.link(uri, kind, mime_type), without(data, "fileUri", "mimeType"))


def _function_call(value: Json, _: bool) -> Part | None:
    call = camel(value)
    more = without(call, "name", "id", "args")
    return parts.also(parts.tool_call(call.get("name"), call.get("id"), call.get("args")), more) if call else None


def _function_response(value: Json, _: bool) -> Part | None:
    answer = camel(value)
    if not answer:
        return None
    more = without(answer, "id", "response", "parts")
    if attached := arr(answer.get("parts")):
        more["parts"] = [part(item) for item in attached]
    return parts.also(parts.tool_call_response(answer.get("id"), answer.get("response")), more)


def _executable_code(value: Json, _: bool) -> Part:
    details = without(obj(value), "id") | {"type": "code_execution"}
    return parts.server_tool_call("code_execution", string(obj(value).get("id")), details)


def _code_result(value: Json, _: bool) -> Part:
    details = without(obj(value), "id") | {"type": "code_execution"}
    return parts.server_tool_call_response(string(obj(value).get("id")), details)


def _tool_call(value: Json, _: bool) -> Part:
    call = camel(value)
    kind = string(call.get("toolType")) or "tool"
    return parts.server_tool_call(kind, string(call.get("id")), without(call, "id", "toolType") | {"type": kind})


def _tool_response(value: Json, _: bool) -> Part:
    answer = camel(value)
    kind = string(answer.get("toolType")) or "tool"
    return parts.server_tool_call_response(string(answer.get("id")), without(answer, "id", "toolType") | {"type": kind})


_READ = {
    "functionCall": _function_call,
    "functionResponse": _function_response,
    "executableCode": _executable_code,
    "codeExecutionResult": _code_result,
    "toolCall": _tool_call,
    "toolResponse": _tool_response,
    "inlineData": _inline_data,
    "fileData": _file_data,
    "text": _text,
}


def tool_definitions(value: Json) -> list[dict[str, Any]]:
    """Each declared function, and each built-in tool under the name of its field."""
    found: list[dict[str, Any]] = []
    for tool in [value] if isinstance(value, dict) else arr(value):
        if not isinstance(tool, dict):
            found.append({"type": "unknown", "name": "unknown", "value": tool})
            continue
        for kind, settings in without(camel(tool)).items():
            if kind == "functionDeclarations":
                found += [_function(item) for item in arr(settings)]
            else:
                found.append(without(obj(settings)) | {"type": kind, "name": kind})
    return found


def _function(value: Json) -> dict[str, Any]:
    declared = camel(value)
    schema = declared.get("parameters") or declared.get("parametersJsonSchema")
    more = without(declared, "name", "parameters", "parametersJsonSchema", "type")
    return {"type": "function", "name": string(declared.get("name"))} | more | without({"parameters": schema})
