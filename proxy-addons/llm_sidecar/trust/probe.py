"""Answers the doctor's test calls, and tells it what became of each.

The doctor calls `https://TOKEN.doctor.llm-sidecar.invalid/` with each client. Only the proxy knows that name, so
what it saw of the token is the truth: nothing, a tunnel whose TLS then failed, or the request.
`GET http://doctor.llm-sidecar.invalid/TOKEN` through the proxy returns it.
"""

from __future__ import annotations

import json

from mitmproxy import http, tls

DOMAIN = "doctor.llm-sidecar.invalid"
_KEPT = 1000

CONNECTED, REQUESTED, NOTHING = "connected", "requested", "nothing"


def is_probe(host: str | None) -> bool:
    return host is not None and (host == DOMAIN or host.endswith(f".{DOMAIN}"))


class Probe:
    """Terminates calls to the doctor's domain here; nothing is sent on."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if is_probe(flow.request.host):
            self._note(flow.request.host, CONNECTED)
            # Answering CONNECT here makes mitmproxy skip the connection upstream.
            flow.response = http.Response.make(200)
            flow.response.headers.clear()

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        if is_probe(data.client_hello.sni):
            self._note(data.client_hello.sni or "", CONNECTED)
            data.establish_server_tls_first = False

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        host = flow.request.pretty_host
        if not flow.live or not is_probe(host):
            return
        if host == DOMAIN:
            token = flow.request.path.strip("/")
            flow.response = _json({"seen": self._seen.get(token, NOTHING)})
            return
        self._note(host, REQUESTED)
        if flow.request.headers.get("content-type", "").startswith("application/grpc"):
            headers = {"Content-Type": "application/grpc", "grpc-status": "12"}
            flow.response = http.Response.make(200, b"", headers)
        else:
            flow.response = _json({"data": [], "llm_sidecar": "this is the doctor's test call"})

    def _note(self, host: str, what: str) -> None:
        token = host.removesuffix(f".{DOMAIN}")
        if self._seen.get(token) != REQUESTED:
            self._seen[token] = what
        while len(self._seen) > _KEPT:
            del self._seen[next(iter(self._seen))]


def _json(value: dict[str, object]) -> http.Response:
    return http.Response.make(200, json.dumps(value), {"Content-Type": "application/json"})
