"""A project that knows nothing of the sidecar adds four lines, and its calls are seen. Its images stay as they are."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.clients.containers import HOSTILE, IDLE
from tests.conftest import ROOT
from tests.stack.adopted import Adopted
from tests.stack.stack import BASE_IMAGE, docker

APP = Path(__file__).parent / "adoption"
NO_SHELL = "llm-sidecar-test-no-shell"

OFFLINE = "This is the offline model"
KEY = {"OPENAI_API_KEY": "offline"}
PACKAGES = {"PYTHONPATH": "/run/llm-sidecar/python:/packages"}
"""An app with a PYTHONPATH of its own puts the shim before it."""
UP = "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/openapi.json')"
ASK = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/ask?prompt={}').read().decode())"
CALL = """
import json, sys, urllib.request
body = json.dumps({"model": "m", "messages": [{"role": "user", "content": sys.argv[1]}]}).encode()
headers = {"Authorization": "Bearer offline", "Content-Type": "application/json"}
request = urllib.request.Request("https://api.openai.com/v1/chat/completions", body, headers)
print(urllib.request.urlopen(request).read())
"""


@pytest.fixture(scope="module")
def no_shell(images: None) -> str:
    """An image without a shell and without CAs, for a user without a name."""
    dockerfile = f"FROM {BASE_IMAGE}\nRUN rm -rf /etc/ssl /bin/sh /bin/dash /bin/bash /usr/bin/env\nUSER 65534:65534\n"
    docker("build", "--tag", NO_SHELL, "-", input=dockerfile)
    return NO_SHELL


@pytest.fixture(scope="module")
def adopted(
    images: None, client_packages: str, no_shell: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Adopted]:
    """The project, up, with its four lines."""
    python = [f"{client_packages}:/packages:ro", f"{APP}:/app:ro"]
    services = {
        "api": {
            "command": ["python3", "-m", "uvicorn", "--app-dir", "/app", "--host", "0.0.0.0", "main:app"],
            "volumes": python,
            "environment": KEY | PACKAGES,
            "healthcheck": {"test": ["CMD", "python3", "-c", UP], "interval": "1s", "start_period": "60s"},
        },
        "chain": {"command": IDLE, "volumes": python, "environment": KEY | PACKAGES},
        "hostile": {"command": IDLE, "image": no_shell} | HOSTILE,
        "outsider": {"command": IDLE},
    }
    inside = ("api", "chain", "hostile")
    override = {name: {"environment": PACKAGES} for name in ("api", "chain")}
    project = Adopted(folder=tmp_path_factory.mktemp("adopted"), services=services, extended=inside, override=override)
    with project.run() as it:
        yield it


def seen(adopted: Adopted, marker: str) -> bool:
    return adopted.wait_flow(marker)["request"]["pretty_host"] == "api.openai.com"


def test_fastapi_with_the_async_sdk(adopted: Adopted) -> None:
    """The app answers its user, and the call behind the answer is in mitmweb."""
    marker = uuid.uuid4().hex
    assert OFFLINE in adopted.exec("api", "python3", "-c", ASK.format(marker)).stdout
    assert seen(adopted, marker)


def test_a_langchain_script(adopted: Adopted) -> None:
    """As does a script on a framework that hides its HTTP client."""
    marker = uuid.uuid4().hex
    assert OFFLINE in adopted.exec("chain", "python3", "/app/chain.py", marker).stdout
    assert seen(adopted, marker)


def test_a_node_script(images: None, node_binary: str, tmp_path: Path) -> None:
    """Node 20, which knows no proxies: the hook does it, and the doctor says so."""
    mounts = [f"{node_binary}:/usr/local/bin/node:ro", f"{APP}:/app:ro"]
    service = {"command": IDLE, "volumes": mounts, "environment": KEY}
    with Adopted(folder=tmp_path, services={"node": service}, extended=("node",)).run() as project:
        marker = uuid.uuid4().hex
        assert OFFLINE in project.exec("node", "node", "/app/ask.mjs", marker).stdout
        assert seen(project, marker)
        lines = project.exec("node", "node", "/run/llm-sidecar/doctor.js").stdout.splitlines()
        assert [line.split() for line in lines] == [[n, "captured"] for n in ("fetch", "https", "https.Agent", "http2")]


def test_an_image_without_a_shell_that_cannot_write(adopted: Adopted) -> None:
    """Nobody's user, a read-only root, no shell: nothing of the drop-in needs more."""
    marker = uuid.uuid4().hex
    assert OFFLINE in adopted.exec("hostile", "python3", "-c", CALL, marker).stdout
    assert seen(adopted, marker)
    assert adopted.exec("hostile", "sh", "-c", "true", check=False).returncode != 0


def test_a_service_that_is_not_extended_is_as_before(adopted: Adopted) -> None:
    """No variable, no volume, nothing in the network's way."""
    code = "import os; print([n for n in os.environ if 'PROXY' in n.upper() or 'CERT' in n or 'SIDECAR' in n])"
    assert adopted.exec("outsider", "python3", "-c", code).stdout.strip() == "[]"
    assert not adopted.inspect("outsider")["Mounts"]


def test_the_volume_is_public_and_read_only(adopted: Adopted) -> None:
    """Everything a client needs, no key, and no way to write to it."""
    code = (
        "import os, pathlib; fs = [p for p in pathlib.Path('/run/llm-sidecar').rglob('*') if p.is_file()]\n"
        "assert not any(b'PRIVATE KEY' in p.read_bytes() for p in fs); print(*sorted(p.name for p in fs))\n"
        "open('/run/llm-sidecar/x', 'w')"
    )
    run = adopted.exec("hostile", "python3", "-c", code, check=False)
    expected = {"_llm_sidecar_patches.py", "sitecustomize.py", "node.cjs", "doctor.js", "doctor.py"}
    assert set(run.stdout.split()) == expected | {"ca-bundle.pem", "mitmproxy-ca-cert.pem"}
    assert "Read-only file system" in run.stderr


def test_the_app_starts_after_the_bundle_is_there(adopted: Adopted) -> None:
    """Compose waits for a healthy proxy, which is one that has published: an SDK fails at once without its file."""
    published = adopted.exec("proxy", "stat", "-c", "%Y", "/run/llm-sidecar/ca-bundle.pem").stdout
    started = adopted.exec("hostile", "python3", "-c", "import os; print(int(os.stat('/proc/1').st_mtime))").stdout
    assert int(published) <= int(started)


def test_plain_http_between_services_does_not_pass_the_proxy(adopted: Adopted) -> None:
    """A call to a neighbour by its service name stays between the two."""
    code = "import urllib.request as u; print(u.urlopen('http://api:8000/docs').status)"
    assert adopted.exec("hostile", "python3", "-c", code).stdout.strip() == "200"
    assert not [flow for flow in adopted.flows() if flow["request"]["path"] == "/docs"]


def test_doctor(adopted: Adopted) -> None:
    """In the container: all captured, status 0, with nothing installed for it."""
    run = adopted.exec("hostile", "python3", "/run/llm-sidecar/doctor.py")
    assert run.stdout.split() == ["urllib.request", "captured", "http.client", "captured"]


def test_a_client_without_trust_is_named(adopted: Adopted) -> None:
    """The container's own name, the host it called, and what to set."""
    run = adopted.exec(
        "hostile", "python3", "-c", "import os; os.environ['SSL_CERT_FILE'] = '/none'\n" + CALL, "x", check=False
    )
    assert "CERTIFICATE_VERIFY_FAILED" in run.stderr
    with adopted.api() as api:
        [failure] = api.get("/llm/api/trust").json()["tls_failures"]
    assert failure["client"].startswith(f"{adopted.project}-hostile-1")
    assert failure["host"] == "api.openai.com"


def test_base_url_lane(adopted: Adopted) -> None:
    """From a service that has nothing of the sidecar: plain http to the proxy, the provider's API behind it."""
    marker = uuid.uuid4().hex
    code = CALL.replace("https://api.openai.com/v1", "http://proxy:9023/openai/v1")
    assert OFFLINE in adopted.exec("outsider", "python3", "-c", code, marker).stdout
    assert seen(adopted, marker)


def test_a_proxy_that_is_down_is_named_at_once(adopted: Adopted) -> None:
    """Stopped under a running app: the error says what is missing, within seconds."""
    adopted.compose("stop", "--timeout", "1", "proxy")
    try:
        started = time.monotonic()
        run = adopted.exec("hostile", "python3", "-c", CALL, "x", check=False)
        assert "the LLM sidecar http://proxy:9020 does not run" in run.stderr
        assert time.monotonic() - started < 20
    finally:
        adopted.up()


def test_without_the_four_lines_nothing_is_left(adopted: Adopted) -> None:
    """The project's own file, which is what goes to production, was never touched."""
    config = adopted.compose("--file", "compose.yml", "config", "--format", "json").stdout
    assert set(json.loads(config)["services"]) == set(adopted.services)
    assert "sidecar" not in config.replace(str(ROOT), "").replace(NO_SHELL, "").replace(PACKAGES["PYTHONPATH"], "")


def test_production_is_refused(images: None, tmp_path: Path) -> None:
    """Where APP_ENV says production the proxy refuses with 64, and so no app starts behind it."""
    project = Adopted(
        folder=tmp_path, services={"app": {"command": IDLE}}, extended=("app",), env={"APP_ENV": "production"}
    )
    try:
        run = project.compose("up", "--detach", "--no-build", check=False)
        assert run.returncode != 0
        assert project.inspect("proxy")["State"]["ExitCode"] == 64
        assert "APP_ENV is production" in project.logs("proxy")
        assert project.inspect("app")["State"]["Status"] == "created"
    finally:
        project.down("--volumes")


def test_hosts_that_go_direct_can_be_named(tmp_path: Path) -> None:
    """LLM_SIDECAR_NO_PROXY adds to what never goes through the proxy: loopback and the sidecar's own services."""
    own = {"services": {"app": {"command": IDLE}}, "extended": ("app",)}
    for value, expected in (("", "localhost"), ("vault,search", "vault,search")):
        project = Adopted(folder=tmp_path, env={"LLM_SIDECAR_NO_PROXY": value}, **own)
        app = json.loads(project.compose("config", "--format", "json").stdout)["services"]["app"]
        for name in ("NO_PROXY", "no_proxy"):
            assert app["environment"][name] == f"localhost,127.0.0.1,::1,proxy,offline-llm,{expected}"


def test_the_template_has_no_profile() -> None:
    """A profile in it would make the services that extend it vanish."""
    text = (ROOT / "drop-in/client.yml").read_text()
    assert "profiles" not in yaml.safe_load(text)["services"]["client"]
