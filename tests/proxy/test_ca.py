"""The CA in use: accepted by the strictest clients, limited to hosts where that is asked for, replaced on demand."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import trustme

from tests.conftest import Sidecar, Upstream


def answer(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def peer_issuer(it: Sidecar, host: str, port: int, context: ssl.SSLContext) -> str:
    """The common name of who signed the certificate that a client sees for this host."""
    with socket.create_connection(("127.0.0.1", it.proxy_port), timeout=10) as raw:
        raw.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b" 200 " in raw.recv(4096)
        with context.wrap_socket(raw, server_hostname=host) as tls:
            certificate = tls.getpeercert()
    assert certificate
    return next((value for part in certificate["issuer"] for name, value in part if name == "commonName"), "")


def test_strict_clients_accept_it(sidecar: Sidecar, upstream: Callable[..., Upstream]) -> None:
    """Python 3.13 checks certificates to the letter (VERIFY_X509_STRICT)."""
    context = ssl.create_default_context(cafile=str(sidecar.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    port = int(upstream(answer).url.rpartition(":")[2])
    assert peer_issuer(sidecar, "localhost", port, context).startswith("LLM sidecar of ")


def test_limited_to_hosts(tmp_path: Path, upstream: Callable[..., Upstream], upstream_ca: trustme.CA) -> None:
    """What is not listed passes with the provider's own certificate; what is, is read and shown."""
    it = Sidecar(tmp_path, env={"LLM_SIDECAR_CA_HOSTS": "localhost", "COMPOSE_PROJECT_NAME": "shop"})
    it.certs.mkdir()
    upstream_ca.cert_pem.write_to_path(str(it.certs / "upstream.pem"))
    port = int(upstream(answer).url.rpartition(":")[2])
    with it.run(), it.client() as client:
        context = ssl.create_default_context(cafile=str(it.bundle))
        assert peer_issuer(it, "localhost", port, context) == "LLM sidecar of shop"
        assert "sidecar" not in peer_issuer(it, "127.0.0.1", port, context)
        assert client.get(f"https://127.0.0.1:{port}/unread").text == "ok"
        assert client.get(f"https://localhost:{port}/read").text == "ok"
        assert [flow["request"]["path"] for flow in it.flows()] == ["/read"]


def test_reset(tmp_path: Path, upstream: Callable[..., Upstream], upstream_ca: trustme.CA) -> None:
    """`make ca-reset` runs this; after a restart there is another CA, and the old one is worth nothing."""
    it = Sidecar(tmp_path)
    it.certs.mkdir()
    upstream_ca.cert_pem.write_to_path(str(it.certs / "upstream.pem"))
    with it.run():
        old = it.ca.read_bytes()
    subprocess.run([sys.executable, "-m", "llm_sidecar.ca"], env=it.environ(), check=True, capture_output=True)
    with it.run(), it.client() as client:
        assert it.ca.read_bytes() != old
        url = upstream(answer).url
        assert client.get(url).text == "ok"
        (tmp_path / "old.pem").write_bytes(old)
        trust = ssl.create_default_context(cafile=str(tmp_path / "old.pem"))
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(url, proxy=it.proxy, verify=trust, trust_env=False)
