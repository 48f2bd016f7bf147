"""Who may use the proxy, and where it does not lead: it is no open proxy, and no way to its own web port."""

from __future__ import annotations

import asyncio
import logging
import socket

from mitmproxy import connection
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from llm_sidecar import networks, settings

logger = logging.getLogger(__name__)


class Borders:
    """Refuses clients from elsewhere, and connections to the proxy's own ports under any name."""

    def client_connected(self, client: connection.Client) -> None:
        peer = networks.address(client.peername[0])
        if peer is None or not networks.is_near(peer):
            client.error = "Not a client of this machine or of the proxy's own networks."
            logger.warning(f"llm-sidecar: a client from {client.peername[0]} is refused: {client.error}")

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        if not data.server.address or data.server.error:
            return
        host, port = data.server.address[:2]
        if port not in (settings.web_port(), settings.proxy_port()):
            return
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            return
        addresses = [networks.address(str(info[4][0])) for info in found]
        if any(ip is not None and networks.is_own(ip) for ip in addresses):
            data.server.error = f"The LLM sidecar does not lead to its own port {port}. Go there directly."
