"""`python -m llm_sidecar.health`: exit status 0 when the proxy listens, mitmweb answers and the CA is published."""

from __future__ import annotations

import socket
import sys
import urllib.request

from llm_sidecar import settings


def problem() -> str | None:
    """What is not ready yet, in one line; None when all is."""
    # A bare connect: an HTTP request here would show up as a flow.
    try:
        socket.create_connection(("127.0.0.1", settings.proxy_port()), timeout=2).close()
    except OSError as e:
        return f"the proxy does not listen: {e}"
    # Static files need no login. No proxy variable of the surroundings may divert this.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{settings.web_port()}/static/favicon.ico", timeout=2):
            pass
    except OSError as e:
        return f"mitmweb does not answer: {e}"
    for name in ("mitmproxy-ca-cert.pem", "ca-bundle.pem"):
        try:
            if b"BEGIN CERTIFICATE" not in (settings.public_dir() / name).read_bytes():
                return f"{name} holds no certificate"
        except OSError as e:
            return f"{name} is not published: {e}"
    return None


if __name__ == "__main__":
    if found := problem():
        sys.exit(found)
