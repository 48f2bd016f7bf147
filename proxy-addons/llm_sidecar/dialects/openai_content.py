"""Messages, content parts and tools of OpenAI's chat format, which many APIs share."""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Call, Json, Message, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.jsons import arr, obj, objs, string, without

FINISH_REASONS = {"tool_calls": "tool_call", "function_call": "tool_call"}
"""OpenAI's words in the conventions'; all others stay as they are."""


def content_parts(content: Json) -> list[Part]:
    """A message's `content`: a string, or a list of parts."""
    if content is None:
        return []
    if isinstance(content, str):
        return [parts.text(content)]
    if isinstance(content, dict):
        return [content_part(content)]
    if isinstance(content, list):
        return [content_part(item) for item in content]
    return [parts.raw(content)]


def content_part(item: Json) -> Part:
    """One part of a content list, of Chat Completions or of Responses."""
    if isinstance(item, str):
        return parts.text(item)
    kind = string(obj(item).get("type"))
    if kind in ("text", "input_text", "output_text") and isinstance(item.get("text"), str):
        more = without(item, "type", "text", "content", "logprobs")
        return parts.also(parts.text(item["text"]), {key: value for key, value in more.items() if value != []})
    read = _CONTENT.get(kind)
    part = read(item) if read else None
    return part or parts.raw(item)


def _image(item: dict[str, Any]) -> Part | None:
    image = item.get("image_url")
    url = image if isinstance(image, str) else obj(image).get("url")
    detail = item.get("detail") or obj(image).get("detail")
    if isinstance(url, str) and url:
        return parts.link(url, "image", detail=detail)
    if isinstance(item.get("file_id"), str):
        return parts.file(item["file_id"], "image", detail=detail)
    return None


def _audio(item: dict[str, Any]) -> Part | None:
    audio = item.get("input_audio")
    if isinstance(audio, str):
        return parts.link(audio, "audio") if ":" in audio[:8] else parts.blob("", audio, "audio")
    data, form = obj(audio).get("data"), string(obj(audio).get("format"))
    return parts.blob(f"audio/{form}" if form else "", data, "audio") if isinstance(data, str) else None


def _video(item: dict[str, Any]) -> Part | None:
    video = item.get("video_url")
    url = video if isinstance(video, str) else obj(video).get("url")
    return parts.link(url, "video") if isinstance(url, str) and url else None


def _file(item: dict[str, Any]) -> Part | None:
    inner = obj(item.get("file")) or item
    name = inner.get("filename")
    if isinstance(data := inner.get("file_data"), str):
        if data[:5].lower() == "data:":
            return parts.link(data, "document", filename=name)
        return parts.blob("", data, "document", filename=name)
    if isinstance(inner.get("file_id"), str):
        return parts.file(inner["file_id"], filename=name)
    url = item.get("file_url") or item.get("document_url")
    return parts.link(url, "document", filename=name) if isinstance(url, str) else None


def _thinking(item: dict[str, Any]) -> Part | None:
    """Mistral: the thinking is itself a list of text parts."""
    inner = item.get("thinking")
    words = inner if isinstance(inner, str) else "".join(string(piece.get("text")) for piece in objs(inner))
    return parts.also(parts.reasoning(words), without(item, "thinking"))


_CONTENT = {
    "image_url": _image,
    "input_image": _image,
    "input_audio": _audio,
    "audio_url": lambda item: parts.link(obj(item.get("audio_url")).get("url"), "audio"),
    "video_url": _video,
    "input_video": _video,
    "file": _file,
    "input_file": _file,
    "document_url": _file,
    "thinking": _thinking,
}


def message(value: Json) -> Message:
    """A message of Chat Completions, of a request or of a choice."""
    if not isinstance(value, dict):
        return parts.message("unknown", [parts.raw(value)])
    role = value.get("role")
    if role in ("tool", "function"):
        content = value.get("content")
        response = content_parts(content) if isinstance(content, list) else content
        answer = parts.tool_call_response(value.get("tool_call_id"), response)
        return parts.message(role, [answer], name=value.get("name"))
    found = [*_reasoning_of(value), *_content_of(value), *_audio_of(value), *_calls_of(value)]
    return parts.message(role, found, name=value.get("name"))


def _reasoning_of(value: dict[str, Any]) -> list[Part]:
    """DeepSeek and others: `reasoning_content`; OpenRouter, Groq, vLLM: `reasoning`; Copilot: `reasoning_text`."""
    words = next((value[key] for key in _REASONING if isinstance(value.get(key), str) and value[key]), None)
    # The details repeat the text; what only they have is what must be sent back (signatures, encrypted parts).
    details = [without(item, "text", "summary") for item in objs(value.get("reasoning_details"))]
    details = [item for item in details if item.get("signature") or item.get("data")]
    if words is None and not details:
        return []
    return [parts.reasoning(words or "", reasoning_details=details or None)]


_REASONING = ("reasoning_content", "reasoning", "reasoning_text")


def _content_of(value: dict[str, Any]) -> list[Part]:
    content = value.get("content")
    found = [] if content == "" else content_parts(content)
    if isinstance(value.get("refusal"), str) and value["refusal"]:
        found.append({"type": "refusal", "refusal": value["refusal"]})
    # Only text is cited, so that is where citations go.
    for key in ("annotations", "citations", "search_results"):
        cited = arr(value.get(key))
        target = next((part for part in found if part["type"] == "text"), None)
        if cited and target is not None:
            target[key] = cited
    found += [content_part(image) for image in objs(value.get("images"))]
    return found


def _audio_of(value: dict[str, Any]) -> list[Part]:
    audio = obj(value.get("audio"))
    if not audio:
        return []
    spoken = string(audio.get("transcript"))
    found = [parts.text(spoken)] if spoken else []
    if isinstance(audio.get("data"), str) and audio["data"]:
        return [*found, parts.blob("", audio["data"], "audio", id=audio.get("id"), expires_at=audio.get("expires_at"))]
    return [*found, parts.file(audio.get("id"), "audio")] if audio.get("id") else found


def _calls_of(value: dict[str, Any]) -> list[Part]:
    found = [_call(item) for item in arr(value.get("tool_calls"))]
    legacy = obj(value.get("function_call"))
    if legacy.get("name") or legacy.get("arguments"):
        found.append(parts.tool_call(legacy.get("name"), None, legacy.get("arguments")))
    return found


def _call(item: Json) -> Part:
    if not isinstance(item, dict):
        return parts.raw(item)
    function, custom = obj(item.get("function")), obj(item.get("custom"))
    more = without(item, "type", "id", "function", "custom", "index", "name", "arguments")
    if custom and not function:
        return parts.also(parts.tool_call(custom.get("name"), item.get("id"), custom.get("input")), more)
    return parts.also(parts.tool_call(function.get("name"), item.get("id"), function.get("arguments")), more)


def tool_definition(tool: Json) -> dict[str, Any]:
    """A tool in the conventions' shape: Chat's nesting undone, everything else as it was."""
    if not isinstance(tool, dict):
        return {"type": "unknown", "name": "unknown", "value": tool}
    kind = string(tool.get("type")) or "function"
    inner = obj(tool.get(kind))
    flat = without(tool, kind) | without(inner) if inner.get("name") else without(tool)
    name = string(flat.get("name")) or string(flat.get("server_label")) or kind
    return {"type": kind, "name": name} | {key: value for key, value in flat.items() if key not in ("type", "name")}


def output_type(call: Call, response_format: Json) -> None:
    """`response_format` of Chat, or `text.format` of Responses: the output's type, and its schema in full."""
    form = obj(response_format)
    kind = string(form.get("type"))
    if kind in ("json_schema", "json_object", "json"):
        call.attributes["gen_ai.output.type"] = "json"
        schema = form.get("json_schema") or form.get("schema")
        if kind == "json_schema" and schema is not None:
            call.attributes["llm_sidecar.output_schema"] = without(form, "type").get("json_schema") or without(
                form, "type"
            )
    elif kind == "text":
        call.attributes["gen_ai.output.type"] = "text"
