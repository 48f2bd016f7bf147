"""What docker-compose.yml says: nothing without the profile, the contract's ports and volumes with it."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import ROOT
from tests.stack.stack import SERVICES, Stack, docker


def config(stack: Stack, profile: str = "dev") -> dict:
    return json.loads(stack.compose("config", "--format", "json", profile=profile).stdout)


def test_without_the_profile_there_is_nothing() -> None:
    """No service, no network and no volume."""
    without = config(Stack(), profile="")
    assert not any(without.get(kind) for kind in ("services", "networks", "volumes", "secrets"))


def test_without_the_profile_up_starts_nothing() -> None:
    """A plain `docker compose up` leaves no container, network or volume."""
    stack = Stack()
    run = stack.compose("up", "--detach", profile="", check=False)
    assert "no service selected" in run.stderr
    for kind in ("container", "network", "volume"):
        assert stack.project not in docker(kind, "ls").stdout


def test_with_the_profile_there_is_the_contract() -> None:
    """Three services and two volumes, each service in the profile."""
    with_profile = config(Stack())
    assert sorted(with_profile["services"]) == sorted(SERVICES)
    assert sorted(with_profile["volumes"]) == ["ca", "proxy-state"]
    assert all(service["profiles"] == ["dev"] for service in with_profile["services"].values())


def test_ports_are_on_loopback_and_settable() -> None:
    """Each published port is bound to 127.0.0.1 and has its own variable."""
    stack = Stack(proxy_port=6020, web_port=6021, app_port=6022)
    ports = {
        port["target"]: (port["host_ip"], port["published"])
        for service in config(stack)["services"].values()
        for port in service.get("ports", [])
    }
    assert ports == {9020: ("127.0.0.1", "6020"), 9021: ("127.0.0.1", "6021"), 9022: ("127.0.0.1", "6022")}


@pytest.mark.parametrize("value", [None, ""])
def test_defaults(value: str | None) -> None:
    """The contract's, with no variable set, and with a `.env` in which nothing is filled in."""
    names = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    env = {} if value is None else dict.fromkeys(names, value)
    command = ("compose", "--profile", "dev", "--env-file", "/dev/null", "config", "--format", "json")
    services = json.loads(docker(*command, env=env, cwd=ROOT).stdout)["services"]
    published = [port["published"] for service in services.values() for port in service.get("ports", [])]
    assert sorted(published) == ["5020", "5021", "5022"]
    assert services["proxy"]["environment"]["LLM_SIDECAR_WEB_URL"] == "http://localhost:5021"
    assert services["app"]["environment"]["OPENAI_API_KEY"] == "offline"
    assert services["app"]["environment"]["OPENAI_BASE_URL"] == "https://api.openai.com/v1"
    assert services["app"]["build"]["args"]["PYTHON_IMAGE"] == "python:3.13-slim-trixie"


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_proxy_mounts_its_state(service: str) -> None:
    """The CA's private key is in `proxy-state`; apps get `ca` alone, read-only."""
    mounts = {mount["source"]: mount for mount in config(Stack())["services"][service].get("volumes", [])}
    assert ("proxy-state" in mounts) == (service == "proxy")
    if service == "app":
        assert mounts["ca"]["read_only"]
        assert mounts["ca"]["target"] == "/run/llm-sidecar"


def test_the_app_waits_for_a_healthy_proxy() -> None:
    """So that the CA and the bundle exist before it starts."""
    assert config(Stack())["services"]["app"]["depends_on"]["proxy"]["condition"] == "service_healthy"


def test_extra_cas_come_from_the_checkout() -> None:
    """The proxy sees the folder `certs/`, and cannot write to it."""
    mounts = {mount["target"]: mount for mount in config(Stack())["services"]["proxy"]["volumes"]}
    certs = mounts["/etc/llm-sidecar/certs"]
    assert (certs["source"], certs["read_only"]) == (str(ROOT / "certs"), True)
