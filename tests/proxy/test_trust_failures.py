"""A client whose TLS handshake with the proxy fails is named once, with the cause and the remedy."""

from __future__ import annotations

import socket
import ssl

import pytest

from llm_sidecar.trust.failures import explain
from tests.conftest import Sidecar, wait_for


def handshake(sidecar: Sidecar, host: str, context: ssl.SSLContext, user_agent: str = "") -> None:
    """CONNECT to the host through the proxy and try TLS with this context."""
    agent = f"User-Agent: {user_agent}\r\n" if user_agent else ""
    with socket.create_connection(("127.0.0.1", sidecar.proxy_port)) as raw:
        raw.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{agent}\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")
        context.wrap_socket(raw, server_hostname=host).close()


def failures(sidecar: Sidecar, host: str) -> list[dict]:
    with sidecar.api() as api:
        return [f for f in api.get("/llm/api/trust").json()["tls_failures"] if f["host"] == host]


def test_named_once_with_cause_and_remedy(sidecar: Sidecar) -> None:
    """A client without the CA fails three times: one entry that counts, one line in the log, both with the remedy."""
    for _ in range(3):
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(sidecar, "api.openai.com", ssl.create_default_context(), "old-client/1")
    [failure] = wait_for(lambda: [f for f in failures(sidecar, "api.openai.com") if f["count"] == 3])
    assert "127.0.0.1" in failure["client"]
    assert failure["user_agent"] == "old-client/1"
    assert failure["cause"] == "it does not trust the proxy's certificate"
    assert "SSL_CERT_FILE" in failure["remedy"]

    def lines() -> list[str]:
        return [line for line in sidecar.log.splitlines() if "calling api.openai.com:" in line]

    wait_for(lines, what="a line in the log")
    [line] = lines()
    assert "not captured: localhost (127.0.0.1), old-client/1" in line


def test_each_host_is_named(sidecar: Sidecar) -> None:
    """The same client failing for another host is another entry: only some clients of an app may lack trust."""
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(sidecar, "api.anthropic.com", ssl.create_default_context())
    assert wait_for(lambda: failures(sidecar, "api.anthropic.com"))


def test_a_trusting_client_is_not_named(sidecar: Sidecar) -> None:
    """A handshake that works leaves no entry."""
    handshake(sidecar, "eu.api.openai.com", ssl.create_default_context(cafile=str(sidecar.bundle)))
    assert failures(sidecar, "eu.api.openai.com") == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("OpenSSL Error([('SSL routines', '', 'tlsv1 alert unknown ca')])", "does not trust"),
        ("OpenSSL Error([('SSL routines', '', 'ssl/tls alert certificate unknown')])", "does not trust"),
        ("OpenSSL Error([('SSL routines', '', 'ssl/tls alert bad certificate')])", "does not trust"),
        ("The client disconnected during the handshake.", "hung up"),
        ("Client and mitmproxy cannot agree on a TLS version to use.", "older than 1.2"),
        ("OpenSSL Error([('SSL routines', '', 'no shared cipher')])", "no cipher"),
    ],
)
def test_causes(error: str, cause: str) -> None:
    """What clients send when they give up, and what it means."""
    assert cause in explain(error)[0]
