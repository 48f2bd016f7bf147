"""The request header `x-llm-sidecar-run`: a run's name by the app's own choice. It never leaves the proxy."""

from __future__ import annotations

from mitmproxy import http

HEADER = "x-llm-sidecar-run"
RUN = "llm_sidecar.run"
"""In `flow.metadata`: the name."""

_LONGEST = 200


class RunName:
    """Takes the header out of the request and keeps it with the flow."""

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.live and HEADER in flow.request.headers:
            name = flow.request.headers.pop(HEADER).strip()[:_LONGEST]
            if name:
                flow.metadata[RUN] = name
