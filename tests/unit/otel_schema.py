"""What every call is held against: the schemas of the GenAI conventions' messages, parts, instructions and tools.

Written from `gen-ai-input-messages.json`, `gen-ai-output-messages.json`, `gen-ai-system-instructions.json` and
`gen-ai-tool-definitions.json` of semantic-conventions-genai (status Development, autumn 2026), with one departure: a
`blob` has its `size` and, except on request, no `content`. Stricter than those in that a part with a type that they
name must have what that type needs: there, it would pass as a generic part.
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

_TEXT = {"type": "string"}
_ID = {"type": "string", "minLength": 1}
_MODALITY = {"enum": ["image", "video", "audio", "document"]}
_TYPED = {"type": "object", "required": ["type"], "properties": {"type": _ID}}

_PARTS: dict[str, dict[str, Any]] = {
    "text": {"required": ["content"], "properties": {"content": _TEXT}},
    "reasoning": {"required": ["content"], "properties": {"content": _TEXT}},
    "tool_call": {"required": ["name"], "properties": {"name": _TEXT, "id": _ID}},
    "tool_call_response": {"required": ["response"], "properties": {"id": _ID}},
    "server_tool_call": {
        "required": ["name", "server_tool_call"],
        "properties": {"name": _TEXT, "id": _ID, "server_tool_call": _TYPED},
    },
    "server_tool_call_response": {
        "required": ["server_tool_call_response"],
        "properties": {"id": _ID, "server_tool_call_response": _TYPED},
    },
    "blob": {
        "required": ["modality", "size"],
        "properties": {"modality": _MODALITY, "mime_type": _ID, "size": {"type": "integer", "minimum": 0}},
        "not": {"required": ["content"]},
    },
    "file": {
        "required": ["modality", "file_id"],
        "properties": {"modality": _MODALITY, "file_id": _TEXT, "mime_type": _ID},
    },
    "uri": {
        "required": ["modality", "uri"],
        "properties": {
            "modality": _MODALITY,
            "mime_type": _ID,
            "uri": {"type": "string", "not": {"pattern": "^[dD][aA][tT][aA]:"}},
        },
    },
}

_PART = _TYPED | {
    "allOf": [
        {"if": {"properties": {"type": {"const": name}}}, "then": schema | {"type": "object"}}
        for name, schema in _PARTS.items()
    ]
}
_MESSAGE = {
    "type": "object",
    "required": ["role", "parts"],
    "properties": {"role": _ID, "parts": {"type": "array", "items": _PART}, "name": _TEXT},
}
_OUTPUT_MESSAGE = _MESSAGE | {
    "required": ["role", "parts", "finish_reason"],
    "properties": _MESSAGE["properties"] | {"finish_reason": _ID},  # type: ignore[operator]
}
_TOOL = _TYPED | {"required": ["type", "name"], "properties": {"type": _ID, "name": _TEXT}}
_COUNT = {"type": "integer", "minimum": 0}
_NUMBER = {"type": "number"}
_WORDS = {"type": "array", "items": {"type": "string"}}

_ATTRIBUTES: dict[str, Any] = {
    "id": _ID,
    "start_time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
    "duration": {"type": "number", "minimum": 0},
    "http.response.status_code": {"type": "integer"},
    "server.address": _TEXT,
    "server.port": {"type": "integer"},
    "url.full": _ID,
    "error.type": _ID,
    "gen_ai.provider.name": {"type": "string", "pattern": r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"},
    "gen_ai.operation.name": {"type": "string", "pattern": "^[a-z_]+$"},
    "gen_ai.conversation.id": _ID,
    "gen_ai.output.type": {"enum": ["text", "json", "image", "speech"]},
    "gen_ai.embeddings.dimension.count": _COUNT,
    "gen_ai.request.model": _ID,
    "gen_ai.request.stream": {"type": "boolean"},
    "gen_ai.request.max_tokens": _COUNT,
    "gen_ai.request.temperature": _NUMBER,
    "gen_ai.request.top_p": _NUMBER,
    "gen_ai.request.top_k": _NUMBER,
    "gen_ai.request.frequency_penalty": _NUMBER,
    "gen_ai.request.presence_penalty": _NUMBER,
    "gen_ai.request.seed": {"type": "integer"},
    "gen_ai.request.stop_sequences": _WORDS,
    "gen_ai.request.choice.count": {"type": "integer", "minimum": 2},
    "gen_ai.request.encoding_formats": _WORDS,
    "gen_ai.request.previous_response.id": _ID,
    "gen_ai.request.reasoning.level": _ID,
    "gen_ai.response.id": _ID,
    "gen_ai.response.model": _ID,
    "gen_ai.response.finish_reasons": _WORDS | {"minItems": 1},
    "gen_ai.response.time_to_first_chunk": {"type": "number", "minimum": 0},
    "gen_ai.system_instructions": {"type": "array", "items": _PART, "minItems": 1},
    "gen_ai.input.messages": {"type": "array", "items": _MESSAGE},
    "gen_ai.output.messages": {"type": "array", "items": _OUTPUT_MESSAGE},
    "gen_ai.tool.definitions": {"type": "array", "items": _TOOL, "minItems": 1},
    "llm_sidecar.api": {"type": "string", "pattern": r"^[a-z0-9_]+(\.[a-z0-9_]+)?$"},
    "llm_sidecar.cost_usd": {"type": "number", "minimum": 0},
    "llm_sidecar.incomplete": {"type": "boolean"},
    "llm_sidecar.offline": {"type": "boolean"},
    "llm_sidecar.warnings": _WORDS,
}

CALL = {
    "type": "object",
    "required": [
        "id",
        "start_time",
        "server.address",
        "url.full",
        "gen_ai.provider.name",
        "gen_ai.operation.name",
        "llm_sidecar.api",
        "llm_sidecar.incomplete",
        "llm_sidecar.offline",
        "llm_sidecar.warnings",
    ],
    "properties": _ATTRIBUTES,
    "patternProperties": {
        r"^gen_ai\.usage\.((cache_read|cache_write|text|image|audio|video)\.)?input_tokens$": _COUNT,
        r"^gen_ai\.usage\.((reasoning|text|image|audio|video)\.)?output_tokens$": _COUNT,
        r"^(llm_sidecar|openai|gen_ai\.tool|mcp|jsonrpc|aws)\.": {},
    },
    "additionalProperties": False,
}

_VALIDATOR = Draft202012Validator(CALL)


def problems(call: dict[str, Any]) -> list[str]:
    """What is wrong with a call's JSON, each naming the place; empty for a good one."""
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in _VALIDATOR.iter_errors(call)
    ]
