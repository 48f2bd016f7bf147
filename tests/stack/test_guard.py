"""Nothing of the sidecar runs where production may be: status 64, and one line that names the variable."""

from __future__ import annotations

import pytest

from tests.stack.stack import Stack, docker, finished

pytestmark = pytest.mark.usefixtures("images")

NAMES = ("APP_ENV", "ENVIRONMENT", "FLASK_ENV", "NODE_ENV")


@pytest.mark.parametrize("service", ["proxy", "app"])
@pytest.mark.parametrize("name", [*NAMES, "KUBERNETES_SERVICE_HOST"])
def test_refuses(service: str, name: str) -> None:
    """The proxy and the armed app alike, even when only asked to run something harmless."""
    image = f"llm-sidecar-{service}"
    value = "10.0.0.1" if name == "KUBERNETES_SERVICE_HOST" else "production"
    command = ["echo", "ran"] if service == "app" else []
    options = ("--detach", "--network", "none", "--env", f"{name}={value}", "--env", "LLM_SIDECAR=on")
    run = finished(docker("run", *options, image, *command).stdout.strip())
    assert (run.returncode, run.stdout) == (64, "")
    assert name in run.stderr
    assert run.stderr.count("\n") == 1


def test_the_profile_does_not_start_on_a_production_host() -> None:
    """A host that says so, in its environment or its `.env`, is enough: the proxy ends with 64, no app starts."""
    stack = Stack(env={"APP_ENV": "production"})
    try:
        run = stack.compose("up", "--detach", "--wait", "--no-build", check=False)
        assert run.returncode != 0
        assert stack.inspect("proxy")["State"]["ExitCode"] == 64
        assert "APP_ENV is production" in stack.logs("proxy")
        assert not stack.inspect("app")["State"]["Running"]
    finally:
        stack.down("--volumes")
