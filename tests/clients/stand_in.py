"""An addon for the tests' proxy: stands in for every provider that cannot be reached from here.

What offline-llm answers is left to it. The rest gets one answer that is enough for a client to have been heard.
"""

from __future__ import annotations

import json

from mitmproxy import http, tls

from llm_sidecar.capture.offline import is_provider

ANSWER = {"object": "list", "data": [], "items": [], "kind": "PodList", "apiVersion": "v1", "metadata": {}}


class StandIn:
    def http_connect(self, flow: http.HTTPFlow) -> None:
        if not is_provider(flow.request.host):
            flow.response = http.Response.make(200)
            flow.response.headers.clear()

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        data.establish_server_tls_first = False

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.live and flow.request.scheme == "https" and not is_provider(flow.request.pretty_host):
            if flow.request.headers.get("content-type", "").startswith("application/grpc"):
                flow.response = http.Response.make(200, b"", {"content-type": "application/grpc", "grpc-status": "12"})
            else:
                flow.response = http.Response.make(200, json.dumps(ANSWER), {"content-type": "application/json"})


addons = [StandIn()]
