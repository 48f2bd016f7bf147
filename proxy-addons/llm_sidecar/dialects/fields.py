"""Top-level fields of requests and responses: the conventions' names for those that have one, the rest as it came."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.jsons import count, string


def _number(value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def _text(value: Json) -> Json:
    return value if isinstance(value, str) and value else None


def _flag(value: Json) -> Json:
    return value if isinstance(value, bool) else None


def _texts(value: Json) -> Json:
    values = [value] if isinstance(value, str) else value
    return values if isinstance(values, list) and values and all(isinstance(v, str) for v in values) else None


def _choices(value: Json) -> Json:
    """Set only when it is not 1."""
    return value if count(value) and value != 1 else None


_READ = {
    "model": _text,
    "stream": _flag,
    "max_tokens": count,
    "temperature": _number,
    "top_p": _number,
    "top_k": _number,
    "frequency_penalty": _number,
    "presence_penalty": _number,
    "seed": count,
    "stop_sequences": _texts,
    "choice.count": _choices,
    "encoding_formats": _texts,
    "previous_response.id": _text,
    "reasoning.level": _text,
}
"""The attributes of `gen_ai.request.`, and how each is read: None for a value of the wrong kind."""


def request_fields(call: Call, body: Mapping[str, Any], names: Mapping[str, str], *own: str) -> None:
    """Sets `gen_ai.request.*` by `names` (the API's field: the convention's), the first that is there winning.

    All other fields but `own`, which the dialect reads itself, are kept in `llm_sidecar.request.other`.
    """
    other = {}
    for key, value in body.items():
        if value is None or key in own:
            continue
        name = names.get(key)
        found = _READ[name](value) if name else None
        if name is not None and found is not None:
            call.request.setdefault(name, found)
        elif not (name == "choice.count" and value == 1):
            other[key] = value
    if other:
        call.attributes["llm_sidecar.request.other"] = other


def put_request(call: Call, name: str, value: Json) -> None:
    """Set one attribute of `gen_ai.request.` if the value is of its kind."""
    found = _READ[name](value)
    if found is not None:
        call.request[name] = found


def response_fields(call: Call, body: Mapping[str, Any], *own: str, model: str = "model", ident: str = "id") -> None:
    """Sets `gen_ai.response.model` and `.id`; all other fields but `own` are kept in `llm_sidecar.response.other`."""
    if string(body.get(model)):
        call.response["model"] = body[model]
    if string(body.get(ident)):
        call.response["id"] = body[ident]
    known = {model, ident, *own}
    other = {key: value for key, value in body.items() if key not in known and value not in (None, [], {})}
    if other:
        call.attributes["llm_sidecar.response.other"] = other
