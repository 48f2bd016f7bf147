"""Spares mitmweb the work of describing every change of every flow when no browser is there to hear it."""

from __future__ import annotations

from typing import Any

from mitmproxy.tools.web.app import ClientConnection

_broadcast_flow = ClientConnection.broadcast_flow


class Quiet:
    """mitmweb makes a flow's JSON, with SHA-256 of both bodies, about six times a flow: a third of its CPU time."""

    def load(self, loader: object) -> None:
        ClientConnection.broadcast_flow = staticmethod(_when_somebody_listens)  # type: ignore[method-assign,assignment]

    def done(self) -> None:
        ClientConnection.broadcast_flow = _broadcast_flow  # type: ignore[method-assign]


def _when_somebody_listens(*args: Any) -> None:
    if ClientConnection.connections:
        _broadcast_flow(*args)
