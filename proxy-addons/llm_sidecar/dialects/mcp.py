"""MCP over HTTP: one JSON-RPC message in each POST, answered with JSON or with an event stream.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports; attributes as in OpenTelemetry's conventions
for MCP. A tool's call is in the input, as the model made it, and its result in the output.
"""

from __future__ import annotations

import re
from typing import Any

from llm_sidecar.call import Call, Json, Part
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.folding import Fold
from llm_sidecar.dialects.jsons import arr, obj, objs, string, without
from llm_sidecar.exchange import Exchange
from llm_sidecar.wire import Event

_METHOD = re.compile(
    r"(initialize|ping|(tools|resources|prompts|completion|logging|sampling|roots|elicitation|notifications|tasks)/.+)$"
)
_NOT_A_WORD = re.compile(r"[^a-z]+")
_INSIDE = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Mcp(Dialect):
    api = "mcp"
    operation = "mcp"
    provider = "mcp"
    path = re.compile(r"/mcp/?$")
    marks = (b'"jsonrpc"', b'"method"')

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return _first(body).get("jsonrpc") == "2.0"

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        # Other protocols are JSON-RPC too, and have tasks: the headers tell.
        method = string(body.get("method"))
        known = body.get("jsonrpc") == "2.0" and _METHOD.match(method) is not None
        return known and (not method.startswith("tasks/") or "mcp-protocol-version" in exchange.request_headers)

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        message = _first(body)
        method, params = string(message.get("method")), obj(message.get("params"))
        call.operation = "execute_tool" if method == "tools/call" else _operation(method)
        about = {
            "mcp.method.name": method or None,
            "jsonrpc.request.id": None if message.get("id") is None else str(message["id"]),
            "mcp.session.id": exchange.request_headers.get("mcp-session-id"),
            "mcp.protocol.version": exchange.request_headers.get("mcp-protocol-version"),
            "mcp.resource.uri": string(params.get("uri")) or None,
        }
        call.attributes |= without(about)
        other = params
        if method == "tools/call":
            call.attributes["gen_ai.tool.name"] = string(params.get("name"))
            asked = parts.tool_call(params.get("name"), None, params.get("arguments"))
            call.input_messages = [parts.message("assistant", [asked])]
            other = without(params, "name", "arguments")
        elif not method:
            # The client's answer to something that the server has asked for.
            other = without(message, "jsonrpc", "id")
        if isinstance(body, list) and len(body) > 1:
            other = other | {"batch": body[1:]}
        if other:
            call.attributes["llm_sidecar.request.other"] = other

    def fold(self, exchange: Exchange) -> Fold:
        return McpFold()

    def response(self, call: Call, body: Json) -> None:
        message = _first(body)
        result = obj(message.get("result"))
        rest = without(result)
        if call.operation == "execute_tool" and "result" in message:
            found = _tool_result(result, call.attributes.get("gen_ai.tool.name"))
            call.output_messages = [parts.message("tool", [found]) | {"finish_reason": "stop"}]
            rest = without(result, "content", "structuredContent", "isError")
            if result.get("isError") is True:
                call.error_type = "tool_error"
        elif "tools" in result:
            call.tool_definitions = [_tool(tool) for tool in arr(result["tools"])]
            rest = without(result, "tools")
        if notified := arr(message.get("notifications")):
            rest |= {"notifications": notified}
        if rest:
            call.attributes["llm_sidecar.response.other"] = rest


class McpFold:
    """The answer, and before it what the server tells or asks meanwhile."""

    def __init__(self) -> None:
        self._answer: dict[str, Any] = {}
        self._others: list[dict[str, Any]] = []

    @property
    def ended(self) -> bool:
        return bool(self._answer)

    def add(self, event: Event, data: Json) -> None:
        for message in objs(data) if isinstance(data, list) else [obj(data)]:
            if not self._answer and ("result" in message or message.get("error")):
                self._answer = message
            elif message:
                self._others.append(message)

    def body(self) -> Json:
        if not self._answer and not self._others:
            return None
        return self._answer | ({"notifications": self._others} if self._others else {})


def _first(body: Json) -> dict[str, Any]:
    """The message, or the first of a batch."""
    return obj(next(iter(body), None) if isinstance(body, list) else body)


def _operation(method: str) -> str:
    """A method as a word of the conventions' style: `logging/setLevel` is `logging_set_level`."""
    return _NOT_A_WORD.sub("_", _INSIDE.sub("_", method).lower()).strip("_") or "response"


def _tool_result(result: dict[str, Any], name: Json) -> Part:
    response = [_content(item) for item in arr(result.get("content"))]
    more = {"structuredContent": result.get("structuredContent"), "isError": result.get("isError")}
    return parts.tool_call_response(None, response, name=string(name) or None, **more)


def _content(item: Json) -> Part:
    content = obj(item)
    kind = string(content.get("type"))
    if kind == "text" and isinstance(content.get("text"), str):
        return parts.also(parts.text(content["text"]), without(content, "type", "text"))
    mime_type = string(content.get("mimeType"))
    if kind in ("image", "audio") and isinstance(content.get("data"), str):
        more = without(content, "type", "data", "mimeType")
        return parts.also(parts.blob(mime_type, content["data"], kind), more)
    if kind == "resource_link" and isinstance(content.get("uri"), str):
        more = without(content, "type", "uri", "mimeType")
        return parts.also(parts.link(content["uri"], parts.modality(mime_type), mime_type), more)
    inner = obj(content.get("resource"))
    if kind == "resource" and isinstance(inner.get("blob"), str):
        more = without(inner, "blob", "mimeType")
        return parts.also(parts.blob(string(inner.get("mimeType")), inner["blob"]), more)
    if kind == "resource" and isinstance(inner.get("text"), str):
        return parts.also(parts.text(inner["text"]), without(inner, "text"))
    return parts.raw(item)


def _tool(value: Json) -> dict[str, Any]:
    tool = obj(value)
    found = {"type": "function", "name": string(tool.get("name"))} | without(tool, "type", "name", "inputSchema")
    return found | without({"parameters": tool.get("inputSchema")})
