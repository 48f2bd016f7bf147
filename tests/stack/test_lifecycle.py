"""Starting, stopping and coming back: what must be kept is kept, what must be new is new, and all of it is quick."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.stack.stack import SERVICES, Stack, docker, finished


@pytest.fixture(scope="module")
def own(images: None) -> Iterator[Stack]:
    """A stack that the tests may stop and start; each leaves it running."""
    with Stack().run() as it:
        yield it


def answers(stack: Stack) -> bool:
    response = httpx.post(f"{stack.app}/ask", json={"prompt": "hello", "stream": False}, timeout=30, trust_env=False)
    assert response.status_code == 200, response.text
    return "offline model" in response.text


@contextlib.contextmanager
def stream_in_flight(stack: Stack) -> Iterator[None]:
    """A long answer on its way through the whole stack for the time of the block; it may be cut."""
    flowing = threading.Event()

    def read() -> None:
        with contextlib.suppress(httpx.HTTPError):
            request = {"prompt": "offline: words=2000"}
            with httpx.stream("POST", f"{stack.app}/ask", json=request, timeout=30, trust_env=False) as response:
                for line in response.iter_lines():
                    if '"text"' in line:
                        flowing.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert flowing.wait(20)
    yield
    thread.join(20)
    assert not thread.is_alive()


def test_up_is_quick(images: None) -> None:
    """With the images built, everything is healthy within 15 s of `up --wait`, from nothing."""
    stack = Stack()
    try:
        began = time.monotonic()
        stack.up()
        assert time.monotonic() - began <= 15
        for service in SERVICES:
            assert stack.inspect(service)["State"]["Health"]["Status"] == "healthy"
    finally:
        stack.down("--volumes")


def test_a_restart_of_the_proxy_keeps_password_login_and_ca(own: Stack) -> None:
    """Nobody is logged out, and apps that run on need no new CA."""
    with httpx.Client(base_url=own.web, trust_env=False) as browser:
        browser.get("/", params={"token": own.password}).raise_for_status()
        password, ca = own.password, own.ca
        own.compose("restart", "proxy")
        own.up()
        assert browser.get("/flows").status_code == 200
    assert own.password == password
    assert own.ca == ca
    assert answers(own)


@pytest.mark.parametrize("service", ["app", "offline-llm"])
def test_a_restart_of_another_service(own: Stack, service: str) -> None:
    """The stack works on; certifi holds the CA once, not once more for each start."""
    own.compose("restart", service)
    own.up()
    assert answers(own)
    count = "import certifi; print(certifi.contents().count('Added by entrypoint.sh'))"
    assert own.exec("app", "python", "-c", count).stdout == "1\n"


@pytest.mark.parametrize("service", SERVICES)
def test_sigterm_ends_a_container_with_a_stream_in_flight(own: Stack, service: str) -> None:
    """In under 5 s, and by itself: it is not killed."""
    with stream_in_flight(own):
        began = time.monotonic()
        own.compose("stop", "--timeout", "30", service)
        assert time.monotonic() - began < 5
    assert own.inspect(service)["State"]["ExitCode"] != 137
    own.up()
    assert answers(own)


def test_up_after_down_keeps_the_ca(own: Stack) -> None:
    """`down` removes the containers only."""
    password, ca = own.password, own.ca
    own.down()
    own.up()
    assert (own.password, own.ca) == (password, ca)
    assert answers(own)


def test_up_after_down_with_volumes_makes_a_new_ca(own: Stack) -> None:
    """`down -v` is a fresh start: a new CA and password, and the app trusts the new CA."""
    password, ca = own.password, own.ca
    own.down("--volumes")
    own.up()
    assert own.ca != ca
    assert own.password != password
    assert answers(own)


def test_a_new_ca_under_a_running_app(own: Stack) -> None:
    """When the proxy's state is lost, a restart of the app adapts it to the new CA."""
    ca = own.ca
    own.exec("proxy", "sh", "-c", "rm /var/lib/llm-sidecar/mitmproxy-ca*")
    own.compose("restart", "proxy")
    own.up()
    assert own.ca != ca
    own.compose("restart", "app")
    own.up()
    assert answers(own)
    file = "import certifi; print(certifi.contents())"
    assert own.ca.strip() in own.exec("app", "python", "-c", file).stdout
    assert ca.strip() not in own.exec("app", "python", "-c", file).stdout


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("rm /run/llm-sidecar/*.pem", "is not there yet"),
        ("chmod 0 /run/llm-sidecar/ca-bundle.pem", "cannot be read"),
    ],
)
def test_a_damaged_volume(own: Stack, damage: str, message: str) -> None:
    """An app that cannot have the CA says what is wrong and what to do; what it says to do helps."""
    volume = f"{own.project}_ca:/run/llm-sidecar"
    options = ("--rm", "--network", "none", "--user", "10001", "--entrypoint", "sh", "--volume", volume)
    own.compose("stop", "--timeout", "1", "proxy", "app")
    docker("run", *options, "llm-sidecar-proxy", "-c", damage)
    options = ("--detach", "--no-deps", "--env", "LLM_SIDECAR_WAIT=0")
    run = finished(own.compose("run", *options, "app", "true").stdout.strip())
    assert run.returncode == 1
    assert message in run.stderr
    assert "docker compose --profile dev" in run.stderr
    own.up()
    assert answers(own)


def test_a_port_that_is_taken(images: None) -> None:
    """Docker names the port; another one is a variable away."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stack = Stack(web_port=taken.getsockname()[1])
        try:
            run = stack.compose("up", "--detach", "--no-build", "proxy", check=False)
            assert run.returncode != 0
            assert f"127.0.0.1:{stack.web_port}" in run.stderr
        finally:
            stack.down("--volumes")
