"""The key `offline`: requests that carry it to OpenAI or Anthropic go to the offline model instead.

A request's key is known only after its headers, while mitmproxy connects upstream at CONNECT. For the
providers' hosts alone that is put off: without internet the connection would fail before any header is seen.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from mitmproxy import http
from mitmproxy.tls import ClientHelloData

from llm_sidecar import settings

KEY = "offline"
MARK = "llm_sidecar.offline"
"""In `flow.metadata`: this request goes to the offline model; [scheme, host, port] of the provider it is for."""

_PROVIDER = re.compile(r"(.+\.)?api\.openai\.com|api\.anthropic\.com")


def is_provider(host: str) -> bool:
    """A host that the offline model stands in for: OpenAI's (regional ones too) or Anthropic's."""
    return _PROVIDER.fullmatch(host.lower().rstrip(".")) is not None


def carries_key(headers: http.Headers) -> bool:
    """The request authenticates with the key `offline`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return (scheme.lower() == "bearer" and token.strip() == KEY) or headers.get("x-api-key", "").strip() == KEY


class Offline:
    """Routes by header, leaving the request itself as it is: its Host stays the provider's."""

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if is_provider(flow.request.host):
            # Answering CONNECT here makes mitmproxy skip the connection upstream.
            flow.response = http.Response.make(200)
            flow.response.headers.clear()

    def tls_clienthello(self, data: ClientHelloData) -> None:
        if data.client_hello.sni and is_provider(data.client_hello.sni):
            data.establish_server_tls_first = False
            # With HTTP/2 here and HTTP/1.1 upstream, mitmproxy stalls the sixth parallel stream.
            data.context.server.alpn = b"http/1.1"

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if not flow.live or not is_provider(flow.request.pretty_host) or not carries_key(flow.request.headers):
            return
        request = flow.request
        flow.metadata[MARK] = [request.scheme, request.pretty_host, request.port]
        target = urlsplit(settings.offline_url())
        _address(request, target.scheme, target.hostname or "127.0.0.1", target.port or 80)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.live and MARK in flow.metadata and flow.response:
            flow.response.headers["x-llm-sidecar"] = KEY
            self._restore(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._restore(flow)

    @staticmethod
    def _restore(flow: http.HTTPFlow) -> None:
        """Once it is sent, the request is shown, and sent again, as the app made it."""
        if flow.live and (address := flow.metadata.get(MARK)):
            _address(flow.request, *address)


def _address(request: http.Request, scheme: str, host: str, port: int) -> None:
    # The data attributes: the setters would rewrite the Host header.
    request.data.scheme, request.data.host, request.data.port = scheme.encode(), host, port
