"""Clients whose TLS handshake with the proxy failed: who, for which host, why, and what to do."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from mitmproxy import http, tls
from mitmproxy.tools.web.app import RequestHandler
from mitmproxy.utils import asyncio_utils

from llm_sidecar import mitmweb
from llm_sidecar.trust import probe
from llm_sidecar.trust.publish import Trust

_KEPT = 200

_UNTRUSTED = ("unknown ca", "bad certificate", "certificate unknown", "certificate verify failed")
_REMEDY = (
    "Point the variable that this client reads (SSL_CERT_FILE, REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS, "
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH) at ca-bundle.pem; `doctor.py` on the ca volume, run in that container, says "
    "which. If it pins its CA, use the base-URL lane, or leave the host out with NO_PROXY."
)


@dataclass
class Failure:
    """A client's failed handshakes for one host."""

    client: str
    """The container's name where Docker knows it, else the address."""
    host: str
    cause: str
    remedy: str
    user_agent: str = ""
    """From CONNECT; most clients send none there."""
    count: int = 1
    first_time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    last_time: str = ""


def explain(error: str) -> tuple[str, str]:
    """Likely cause and remedy for mitmproxy's account of a failed handshake."""
    low = error.lower()
    if "tls version" in low or "unsupported protocol" in low:
        return "it speaks only a TLS version older than 1.2", "Update the client."
    if "no shared cipher" in low:
        return "it offers no cipher that the proxy has", "Update the client."
    if any(word in low for word in _UNTRUSTED):
        return "it does not trust the proxy's certificate", _REMEDY
    return "it hung up during the handshake, which most clients do when they do not trust the certificate", _REMEDY


class TrustHandler(RequestHandler):
    """What stands between clients and capture: `{"tls_failures": [...], "ca_files": {...}, "refused": {...}}`."""

    def get(self) -> None:
        addons = mitmweb.master().addons
        failed: TlsFailures = addons.get("tlsfailures")
        trust: Trust = addons.get("trust")
        self.write(
            {
                "tls_failures": [asdict(f) for f in failed.failures.values()],
                "ca_files": trust.names,
                "refused": trust.problems,
            }
        )


class TlsFailures:
    """Says so once per client and host, and keeps the list for the page: `/llm/api/trust`."""

    RULES: ClassVar[list[tuple[str, type[RequestHandler]]]] = [(r"/llm/api/trust", TrustHandler)]

    def __init__(self) -> None:
        self.failures: dict[tuple[str, str], Failure] = {}
        """(client address, host) -> what happened."""
        self._agents: dict[str, str] = {}

    def load(self, loader: object) -> None:
        # mitmproxy's own line, for every single attempt, says less.
        logging.getLogger("mitmproxy.proxy.server").addFilter(_is_other)
        mitmweb.add_handlers(self.RULES)

    def done(self) -> None:
        mitmweb.remove_handlers(self.RULES)
        logging.getLogger("mitmproxy.proxy.server").removeFilter(_is_other)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if agent := flow.request.headers.get("user-agent"):
            self._agents[flow.client_conn.id] = agent[:200]

    def client_disconnected(self, client: object) -> None:
        self._agents.pop(getattr(client, "id", ""), None)

    def tls_failed_client(self, data: tls.TlsData) -> None:
        client, server = data.context.client, data.context.server
        host = client.sni or (server.address[0] if server.address else "an unknown host")
        if probe.is_probe(host):
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        address = client.peername[0]
        if known := self.failures.get((address, host)):
            known.count += 1
            known.last_time = now
            return
        cause, remedy = explain(data.conn.error or "")
        failure = Failure(address, host, cause, remedy, self._agents.get(client.id, ""), 1, now, now)
        self.failures[address, host] = failure
        while len(self.failures) > _KEPT:
            del self.failures[next(iter(self.failures))]
        # Docker's resolver knows the containers by name; asking it must not hold up the proxy.
        asyncio_utils.create_task(_report(failure), name="name a client", keep_ref=True)


def _is_other(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Client TLS handshake failed")


async def _report(failure: Failure) -> None:
    try:
        loop = asyncio.get_running_loop()
        name, _ = await asyncio.wait_for(loop.getnameinfo((failure.client, 0), socket.NI_NAMEREQD), 2)
    except (OSError, TimeoutError):
        pass
    else:
        failure.client = f"{name} ({failure.client})"
    agent = f", {failure.user_agent}" if failure.user_agent else ""
    logging.warning(
        f"llm-sidecar: not captured: {failure.client}{agent}, calling {failure.host}: {failure.cause}. {failure.remedy}"
    )
