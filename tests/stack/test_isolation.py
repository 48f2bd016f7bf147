"""What each container may do, and where the CA's private key is: in the proxy's own volume and nowhere else."""

from __future__ import annotations

import pytest

from tests.stack.stack import BASE_IMAGE, SERVICES, Stack, docker

# All but what the kernel makes up.
SEARCHED = ("/etc", "/home", "/mnt", "/opt", "/root", "/run", "/srv", "/tmp", "/usr", "/var")

KEY = "/var/lib/llm-sidecar/mitmproxy-ca.pem"


@pytest.mark.parametrize("service", SERVICES)
def test_hardening(stack: Stack, service: str) -> None:
    """A fixed user that is not root, a read-only root file system, no capabilities, no new privileges, an init."""
    container = stack.inspect(service)
    host = container["HostConfig"]
    assert container["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Init"]
    status = stack.exec(service, "cat", "/proc/self/status").stdout
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("proxy", {"/var/lib/llm-sidecar", "/run/llm-sidecar", "/tmp"}),
        ("app", {"/opt/certifi", "/tmp"}),
        ("offline-llm", {"/tmp"}),
    ],
)
def test_what_can_be_written(stack: Stack, service: str, expected: set[str]) -> None:
    """The proxy's two volumes, certifi's file in the app, a tmpfs for temporary files; nothing else."""
    find = "find / \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -type d -writable -print 2>/dev/null"
    found = stack.exec(service, "sh", "-c", find, check=False).stdout.split()
    outside = [folder for folder in found if not folder.startswith(tuple(expected))]
    assert not outside
    assert expected <= set(found)


def test_certifi_alone_is_merged(stack: Stack) -> None:
    """In the app, certifi's file is the original with the CA after it; the original lies beside it."""
    file = stack.exec("app", "python", "-m", "certifi").stdout.strip()
    merged, original = (stack.exec("app", "cat", path).stdout for path in (file, f"{file}.original"))
    assert merged.startswith(original)
    assert stack.ca.strip() in merged.removeprefix(original)
    assert merged.count("BEGIN CERTIFICATE") == original.count("BEGIN CERTIFICATE") + 1
    assert stack.exec("app", "ls", "-A", "/opt/certifi").stdout == "cacert.pem\n"


def test_the_private_key_is_in_the_proxys_volume_alone(stack: Stack) -> None:
    """No other container or volume has it, under whatever name."""
    # The last line of the key is as good as all of it, and short enough for `grep`.
    pem = stack.exec("proxy", "cat", KEY).stdout
    line = pem.partition("-----END")[0].strip().splitlines()[-2]
    assert "PRIVATE KEY" in pem.partition("-----END")[0]

    def holders(*command: str) -> list[str]:
        # A line of base64 may start with a dash at most in PEM headers, so it needs no quoting.
        return docker(*command, "grep", "-rlsF", line, *SEARCHED, check=False).stdout.splitlines()

    containers = docker("ps", "--quiet", "--filter", f"label=com.docker.compose.project={stack.project}").stdout.split()
    assert len(containers) == len(SERVICES)
    for service in SERVICES:
        container = stack.inspect(service)["Id"]
        found = holders("exec", "--privileged", "--user", "0", container)
        assert found == ([KEY] if service == "proxy" else []), service

    volumes = docker("volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={stack.project}")
    assert sorted(volumes.stdout.split()) == [f"{stack.project}_ca", f"{stack.project}_proxy-state"]
    mount = f"{stack.project}_ca:/mnt:ro"
    assert holders("run", "--rm", "--network", "none", "--volume", mount, BASE_IMAGE) == []


def test_the_key_is_readable_by_its_owner_only(stack: Stack) -> None:
    """The state folder and what is secret in it."""
    modes = stack.exec("proxy", "stat", "-c", "%a %u", "/var/lib/llm-sidecar", KEY).stdout.split("\n")
    assert modes[:2] == ["700 10001", "600 10001"]
