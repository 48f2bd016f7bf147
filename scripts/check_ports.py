#!/usr/bin/env python3
"""Says which of the local mode's ports are taken, and what to do. Exit status 1 if one is."""

from __future__ import annotations

import os
import socket
import sys

PORTS = {
    "LLM_SIDECAR_PROXY_PORT": ("proxy", 9020),
    "LLM_SIDECAR_WEB_PORT": ("mitmweb", 9021),
    "LLM_SIDECAR_APP_PORT": ("demo app", 9022),
    "LLM_SIDECAR_OFFLINE_PORT": ("offline model", 9024),
}


def is_taken(port: int) -> bool:
    """Whether 127.0.0.1 or all addresses are listened on at that port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def main() -> int:
    taken = 0
    for variable, (name, default) in PORTS.items():
        port = os.environ.get(variable) or str(default)
        if not port.isdecimal() or not 0 < int(port) < 65536:
            print(f"llm-sidecar: {variable} is {port!r}; it must be a port, 1 to 65535.", file=sys.stderr)
            taken += 1
        elif is_taken(int(port)):
            print(
                f"llm-sidecar: port {port} ({name}) is taken. Stop what listens there (another `make local`? "
                f"`lsof -i :{port}` tells), or set {variable} to a free port.",
                file=sys.stderr,
            )
            taken += 1
    return 1 if taken else 0


if __name__ == "__main__":
    sys.exit(main())
