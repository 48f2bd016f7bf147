"""Ways into the proxy for clients that know no proxy: more listeners, each opt-in for the client that uses it.

`LLM_SIDECAR_LANES` names them with their ports, as `base-url@9023,alias@443,strict@9025`:

- `base-url`: plain http to the proxy, https to the provider that the first part of the path names. Needs no CA.
- `alias`: TLS straight to the proxy, for a client to which the provider's name resolves to the proxy.
- `strict`: connections that the kernel redirected here, with their original destination.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Mapping

from mitmproxy import http

from llm_sidecar import settings

PROVIDERS: Mapping[str, str] = {
    "openai": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "gemini": "generativelanguage.googleapis.com",
    "mistral": "api.mistral.ai",
    "cohere": "api.cohere.com",
    "groq": "api.groq.com",
    "openrouter": "openrouter.ai",
    "deepseek": "api.deepseek.com",
    "xai": "api.x.ai",
    "together": "api.together.xyz",
    "fireworks": "api.fireworks.ai",
    "perplexity": "api.perplexity.ai",
    "huggingface": "router.huggingface.co",
}
"""First part of the path on the base-URL lane -> host. Not Bedrock: its signature covers the host name."""

_MODES = {"base-url": "regular", "alias": "regular", "strict": "transparent"}


def ports() -> dict[str, int]:
    """The lanes that are on. Raises SettingError for a value that names no lane or no port."""
    found = {}
    for lane in filter(None, os.environ.get("LLM_SIDECAR_LANES", "").split(",")):
        name, _, port = lane.strip().partition("@")
        if name not in _MODES or not port.isdigit():
            raise settings.SettingError(
                f"LLM_SIDECAR_LANES has {lane!r}; a lane is written as one of {', '.join(_MODES)}, then @ and a port."
            )
        found[name] = int(port)
    return found


def modes() -> list[str]:
    """Values for mitmproxy's `mode` option. A lane whose port cannot be had is left out, with a warning."""
    chosen = ["regular"]
    for name, port in ports().items():
        if _can_listen(port):
            chosen.append(f"{_MODES[name]}@{port}")
        else:
            logging.warning(f"llm-sidecar: the lane {name} is off: port {port} cannot be listened on.")
    return chosen


def _can_listen(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((settings.listen_host(), port))
        except OSError:
            return False
    return True


class BaseUrl:
    """Gives requests that came in by the base-URL lane their real destination. mitmproxy does so for the others."""

    def load(self, loader: object) -> None:
        self._port = ports().get("base-url")

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        address = flow.client_conn.sockname
        if not flow.live or not address or address[1] != self._port or flow.request.method == "CONNECT":
            return
        _, prefix, *rest = flow.request.path.split("/", 2)
        host = PROVIDERS.get(prefix)
        if host is None:
            flow.response = _unknown(prefix)
            return
        flow.request.scheme, flow.request.host, flow.request.port = "https", host, 443
        flow.request.path = "/" + "".join(rest)


def _unknown(prefix: str) -> http.Response:
    message = f"no provider is called {prefix!r} here. Known: {', '.join(PROVIDERS)}."
    body = json.dumps({"error": {"type": "llm_sidecar", "message": f"LLM sidecar: {message}"}})
    return http.Response.make(404, body, {"Content-Type": "application/json"})
