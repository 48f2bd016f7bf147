"""The boundary between a flow and the wire: flows hold short forms of secrets, the wire gets the real values.

mitmproxy builds an `HttpStream` for each request. Ours looks at the commands that it issues: on the way to a hook,
and so before anyone sees the flow, secrets are hidden in it; on the way to a connection they are put back. Both
happen between two steps of the event loop, so that no request to mitmweb's API can come in between.
"""

from __future__ import annotations

import logging

from mitmproxy import flow as mitmproxy_flow
from mitmproxy import http
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as http_layer
from mitmproxy.proxy.layers import websocket as websocket_layer
from mitmproxy.proxy.layers.http import (
    HttpErrorHook,
    HttpRequestHeadersHook,
    HttpRequestHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
    RequestData,
    RequestHeaders,
    ResponseData,
    ResponseHeaders,
    SendHttp,
)
from mitmproxy.proxy.layers.websocket import WebsocketLayer, WebsocketMessageHook
from mitmproxy.websocket import WebSocketMessage

from llm_sidecar.capture import redact
from llm_sidecar.capture.side import Side
from llm_sidecar.capture.vault import Secrets, Vault
from llm_sidecar.direct import DirectStream

FORGOTTEN = (
    "Not sent: the real value of a secret in this request is no longer in memory, since the proxy was restarted or "
    "has seen many calls since. Put it in where the request shows “…”, or have the app make the call again."
)

VAULT = Vault()
logger = logging.getLogger(__name__)


class GuardedStream(DirectStream):
    """A stream whose flow never holds a secret when anyone else can look."""

    def __init__(self, context: Context, stream_id: int) -> None:
        super().__init__(context, stream_id)
        self._request = Side(Secrets())
        self._response = Side(Secrets())

    def handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        for command in super().handle_event(event):
            match command:
                case HttpRequestHeadersHook():
                    self._hide_request(body=False)
                case HttpRequestHook():
                    self._hide_request(body=True)
                case HttpResponseHeadersHook() if self.flow.response:
                    self._response.hide_head(self.flow.response)
                case HttpResponseHook() if self.flow.response and not self.flow.response.stream:
                    self._response.hide_content(self.flow.response)
                case HttpErrorHook() if self.flow.error:
                    forgotten = self._request.forgotten
                    self.flow.error.msg = FORGOTTEN if forgotten else redact.text(self.flow.error.msg)
                case SendHttp():
                    self._send(command)
            yield command

    def let_go(self) -> None:
        super().let_go()
        self._request = self._response = Side(Secrets())

    def _hide_request(self, body: bool) -> None:
        flow, resent = self.flow, self.flow.is_replay == "request"
        if not body:
            self._secrets = (resent and VAULT.of(flow)) or Secrets()
            self._request = Side(self._secrets)
            self._request.hide_head(flow.request, resent)
        else:
            self._request.hide_content(flow.request, resent)
        if self._secrets:
            VAULT.put(flow, self._secrets)
        if self._request.forgotten:
            logger.warning(f"{flow.request.method} {flow.request.pretty_url}: {FORGOTTEN}")
            # As `flow.kill()` has it, which would also end what follows.
            flow.error = mitmproxy_flow.Error(mitmproxy_flow.Error.KILLED_MESSAGE)

    def _send(self, command: SendHttp) -> None:
        request, response, to_client = self.flow.request, self.flow.response, command.connection is self.context.client
        match command.event:
            case RequestHeaders(request=sent) as event if sent is request:
                command.event = RequestHeaders(event.stream_id, self._request.real(request), event.end_stream)
            case RequestData(data=data) as event if data is request.data.content:
                command.event = RequestData(event.stream_id, self._request.content(request))
            case ResponseHeaders(response=sent) as event if sent is response:
                command.event = ResponseHeaders(event.stream_id, self._response.real(response), event.end_stream)
            case ResponseData(data=data) as event if to_client and response and data is response.data.content:
                command.event = ResponseData(event.stream_id, self._response.content(response))


class GuardedWebsocket(WebsocketLayer):
    """A `WebsocketLayer` that shows a message without its secrets, and passes it on with them."""

    def __init__(self, context: Context, flow: http.HTTPFlow) -> None:
        super().__init__(context, flow)
        self._secrets = Secrets()
        self._held: tuple[WebSocketMessage, bytes, bytes] | None = None
        """The message that a hook looks at: its real content, and what is shown of it."""

    def handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.CommandCompleted):
            self._show(real=True)
        for command in super().handle_event(event):
            if isinstance(command, WebsocketMessageHook) and command.flow.websocket:
                self._let_go()
                self._hide(command.flow.websocket.messages[-1])
            yield command
        if isinstance(event, events.CommandCompleted) and not self._paused:
            self._let_go()

    def _hide(self, message: WebSocketMessage) -> None:
        try:
            shown = redact.body(message.content, "application/json", self._secrets.hide)
        except Exception:
            logger.exception("A message could not be searched for secrets and is not shown. It passes unchanged.")
            shown = b""
        if shown is not message.content:
            self._held = message, message.content, shown
            message.content = shown

    def _show(self, real: bool) -> None:
        if self._held:
            message, content, shown = self._held
            if message.content is (shown if real else content):
                message.content = content if real else shown

    def _let_go(self) -> None:
        self._show(real=False)
        self._held = None


def hide_flow(flow: http.HTTPFlow) -> bool:
    """Hide the secrets in a flow that came by another way than the wire: from a file, or edited. True if any."""
    secrets = VAULT.of(flow) or Secrets()
    before = secrets.size
    for message in filter(None, (flow.request, flow.response)):
        side = Side(secrets)
        side.hide_head(message, resent=True)
        side.hide_content(message, resent=True)
    if secrets.size == before:
        return False
    VAULT.put(flow, secrets)
    return True


def install() -> None:
    """Have mitmproxy make its HTTP and WebSocket layers of these classes."""
    http_layer.HttpStream = GuardedStream  # type: ignore[misc]
    websocket_layer.WebsocketLayer = GuardedWebsocket  # type: ignore[misc]


def uninstall() -> None:
    """Undo `install`."""
    http_layer.HttpStream = DirectStream  # type: ignore[misc]
    websocket_layer.WebsocketLayer = WebsocketLayer  # type: ignore[misc]
