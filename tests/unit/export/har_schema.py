"""HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/) as a JSON Schema: what is required, and its types."""

from __future__ import annotations

from typing import Any

STRING = {"type": "string"}
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        # Names of one's own begin with an underscore.
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_PAIR = _object({"name": STRING, "value": STRING}, comment=STRING)
_COOKIE = _object(
    {"name": STRING, "value": STRING}, path=STRING, domain=STRING, expires=STRING, httpOnly={"type": "boolean"},
    secure={"type": "boolean"}, sameSite=STRING, comment=STRING,
)  # fmt: skip
_POST = _object(
    {"mimeType": STRING, "text": STRING}, params=_list(_object({"name": STRING}, value=STRING)), comment=STRING
)
_REQUEST = _object(
    {
        "method": STRING, "url": STRING, "httpVersion": STRING, "cookies": _list(_COOKIE), "headers": _list(_PAIR),
        "queryString": _list(_PAIR), "headersSize": INTEGER, "bodySize": INTEGER,
    },
    postData=_POST, comment=STRING,
)  # fmt: skip
_CONTENT = _object({"size": INTEGER, "mimeType": STRING}, compression=INTEGER, text=STRING, encoding=STRING)
_RESPONSE = _object(
    {
        "status": INTEGER, "statusText": STRING, "httpVersion": STRING, "cookies": _list(_COOKIE),
        "headers": _list(_PAIR), "content": _CONTENT, "redirectURL": STRING, "headersSize": INTEGER,
        "bodySize": INTEGER,
    },
    comment=STRING,
)  # fmt: skip
_TIMINGS = _object(
    {"send": NUMBER, "wait": NUMBER, "receive": NUMBER}, blocked=NUMBER, dns=NUMBER, connect=NUMBER, ssl=NUMBER
)
_ENTRY = _object(
    {
        "startedDateTime": STRING, "time": NUMBER, "request": _REQUEST, "response": _RESPONSE,
        "cache": {"type": "object"}, "timings": _TIMINGS,
    },
    serverIPAddress=STRING, connection=STRING, pageref=STRING, comment=STRING,
)  # fmt: skip
_CREATOR = _object({"name": STRING, "version": STRING}, comment=STRING)
SCHEMA = _object(
    {
        "log": _object(
            {"version": {"const": "1.2"}, "creator": _CREATOR, "entries": _list(_ENTRY)},
            pages={"type": "array"}, browser=_CREATOR, comment=STRING,
        )
    }
)  # fmt: skip
