"""The lanes of the drop-in on a real network: clients that were told of no proxy are captured all the same."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.authorities import Authority
from tests.clients.containers import HOSTILE, IDLE
from tests.conftest import free_port, wait_for
from tests.stack import upstream
from tests.stack.adopted import Adopted
from tests.stack.test_adoption import CALL, OFFLINE

NO_PROXY_KNOWN = [flag for name in ("HTTPS_PROXY", "https_proxy", "PYTHONPATH") for flag in ("-e", f"{name}=")]
"""A client that was told of no proxy, and has no shim."""

GRPC = """
import sys; sys.path.append('/packages')
import grpc
channel = grpc.secure_channel('api.openai.com:443', grpc.ssl_channel_credentials())
try:
    channel.unary_unary('/some.Service/Call')(b'', timeout=20)
except grpc.RpcError as e:
    print(e.code())
"""
PRIVATE = "private.example.com"


@pytest.fixture(scope="module")
def aliased(
    images: None,
    client_packages: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Adopted]:
    """A project whose service has one more line: `links: ["proxy:api.openai.com"]`."""
    services = {"client": {"command": IDLE, "volumes": [f"{client_packages}:/packages:ro"]} | HOSTILE}
    override = {"client": {"links": ["proxy:api.openai.com"]}}
    project = Adopted(
        folder=tmp_path_factory.mktemp("aliased"), services=services, extended=("client",), override=override
    )
    with project.run() as it:
        yield it


def test_alias(aliased: Adopted) -> None:
    """The name resolves to the proxy, which takes the host from SNI; only trust is still needed."""
    marker = uuid.uuid4().hex
    run = aliased.compose("exec", "-T", *NO_PROXY_KNOWN, "client", "python3", "-c", CALL, marker)
    assert OFFLINE in run.stdout
    assert aliased.wait_flow(marker)["request"]["pretty_host"] == "api.openai.com"


def test_alias_takes_grpc(aliased: Adopted) -> None:
    """HTTP/2 without a proxy variable: the call arrives, as a gRPC call, at the provider's name."""
    aliased.compose("exec", "-T", *NO_PROXY_KNOWN, "client", "python3", "-c", GRPC)
    calls = [flow for flow in aliased.flows() if flow["request"]["path"] == "/some.Service/Call"]
    assert [(c["request"]["pretty_host"], c["request"]["http_version"]) for c in calls] == [
        ("api.openai.com", "HTTP/2.0")
    ]


def test_alias_is_for_the_client_alone(aliased: Adopted) -> None:
    """The proxy itself resolves the real name, or it would call itself for ever."""
    code = "import socket; print(socket.gethostbyname('{}'))"
    proxy = aliased.exec("client", "python3", "-c", code.format("proxy")).stdout
    assert aliased.exec("client", "python3", "-c", code.format("api.openai.com")).stdout == proxy
    inside = aliased.exec("proxy", "python", "-c", code.format("api.openai.com"), check=False)
    assert inside.stdout != proxy


@pytest.fixture(scope="module")
def strict(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adopted]:
    """A project whose service cannot bypass the proxy, and a server elsewhere that it calls."""
    folder = tmp_path_factory.mktemp("strict")
    authority = Authority("Elsewhere CA")
    services = {
        "client": {"command": IDLE} | HOSTILE,
        "elsewhere": upstream.service(folder / "server", authority, PRIVATE),
    }
    project = Adopted(
        folder=folder / "project", services=services, extended=("client",),
        include="strict.yml", template="strict-client.yml", env={"STRICT_APP_PORT": str(free_port())},
    )  # fmt: skip
    project.compose("build", "--quiet", "redirect")
    try:
        project.compose("up", "--detach", "--no-build")
        xsrf = {"Cookie": "_mitmproxy_xsrf=test", "X-XSRFToken": "test"}
        with project.api() as api:
            added = {"arguments": [authority.pem.decode()]}
            api.post("/commands/llm.ca.add", json=added, headers=xsrf).raise_for_status()
        yield project
    finally:
        project.down("--volumes")


def call_private(trusting: bool) -> str:
    cafile = "'/run/llm-sidecar/ca-bundle.pem'" if trusting else "None"
    return (
        f"import ssl, urllib.request as u; c = ssl.create_default_context(cafile={cafile});"
        f"print(u.build_opener(u.ProxyHandler({{}}), u.HTTPSHandler(context=c)).open('https://{PRIVATE}/').status)"
    )


def test_strict_captures_what_was_told_nothing(strict: Adopted) -> None:
    """A client that wants no proxy has its connection redirected; host and path are in mitmweb."""
    run = strict.compose("exec", "-T", *NO_PROXY_KNOWN, "client", "python3", "-c", call_private(trusting=True))
    assert run.stdout.strip() == "200"
    assert wait_for(lambda: [f for f in strict.flows() if f["request"]["pretty_host"] == PRIVATE])


def test_strict_shows_what_does_not_trust(strict: Adopted) -> None:
    """Nothing bypasses unseen: without the CA the call fails, and the list has it."""
    flags = [*NO_PROXY_KNOWN, "-e", "SSL_CERT_FILE=/none"]
    run = strict.compose("exec", "-T", *flags, "client", "python3", "-c", call_private(trusting=False), check=False)
    assert "CERTIFICATE_VERIFY_FAILED" in run.stderr
    with strict.api() as api:
        assert PRIVATE in [f["host"] for f in api.get("/llm/api/trust").json()["tls_failures"]]


def test_strict_leaves_no_privilege(strict: Adopted) -> None:
    """What set the rule has ended; proxy and app have no capabilities of it."""
    state = strict.inspect("redirect")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)
    for service in ("proxy", "client"):
        assert not strict.inspect(service)["HostConfig"]["CapAdd"]
