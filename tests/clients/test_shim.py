"""The Python shim: it loads nothing, breaks nothing, goes with what is there, and stays away from production."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.conftest import ROOT, clean_env, free_port

CLIENT = ROOT / "proxy-addons/llm_sidecar/trust/client"


def interpreters() -> list[str]:
    """This Python, and each older one that is on the PATH and starts."""
    found = [sys.executable]
    for minor in range(6, 13):
        name = f"python3.{minor}"
        if shutil.which(name) and subprocess.run([name, "-c", ""], capture_output=True).returncode == 0:
            found.append(name)
    return found


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """The ca volume, with a bundle."""
    folder = tmp_path / "ca"
    shutil.copytree(CLIENT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(certifi.where(), folder / "ca-bundle.pem")
    return folder


def python(
    public: Path, code: str, *before: Path, interpreter: str = sys.executable, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run code with the shim on PYTHONPATH, and a proxy that does not run."""
    path = ":".join(map(str, [public / "python", *before]))
    variables = {"LLM_SIDECAR_PROXY": "http://proxy.invalid:9020", "PYTHONPATH": path} | env
    return subprocess.run(
        [interpreter, "-c", code], env=clean_env(**variables), capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize("interpreter", interpreters())
def test_a_start_loads_nothing(public: Path, interpreter: str) -> None:
    """But for itself, an interpreter with the shim has the modules of one without, in every Python there is."""
    code = "import sys; print(*sorted(sys.modules))"
    with_shim = python(public, code, interpreter=interpreter).stdout.split()
    without = python(public, code, interpreter=interpreter, PYTHONPATH="").stdout.split()
    machinery = {"importlib", "importlib._bootstrap", "importlib._bootstrap_external", "importlib.machinery"}
    assert set(with_shim) - set(without) <= {"sitecustomize", "warnings"} | machinery
    assert "sitecustomize" in with_shim


@pytest.mark.parametrize("env", [{"LLM_SIDECAR": "off"}, {"LLM_SIDECAR": "OFF"}, {"LLM_SIDECAR_PROXY": ""}])
def test_off(public: Path, env: dict[str, str]) -> None:
    """Switched off, or where there is no sidecar, it registers nothing."""
    run = python(public, "import sys; print([type(f).__name__ for f in sys.meta_path])", **env)
    assert "AfterImport" not in run.stdout
    assert run.stderr == ""


def test_without_a_bundle_it_does_nothing(public: Path) -> None:
    """A volume that is not filled yet must not break what runs without the sidecar."""
    (public / "ca-bundle.pem").unlink()
    assert "AfterImport" not in python(public, "import sys; print(sys.meta_path)").stdout


def test_it_chains(public: Path, tmp_path: Path) -> None:
    """The image's own sitecustomize runs too, and is what `import sitecustomize` gives."""
    (tmp_path / "sitecustomize.py").write_text("THEIRS = True\nprint('theirs ran')\n")
    run = python(public, "import sitecustomize; print(sitecustomize.THEIRS)", tmp_path)
    assert run.stdout.split("\n")[:2] == ["theirs ran", "True"]


def test_a_patch_that_fails_changes_nothing(public: Path, tmp_path: Path) -> None:
    """A library that is not what the patch expects stays as it was, and the app does not notice."""
    (tmp_path / "aiohttp.py").write_text("class ClientSession:\n    __init__ = None\n")
    (tmp_path / "urllib3.py").write_text("PoolManager = 'none'\n")
    run = python(public, "import aiohttp, urllib3; print(urllib3.PoolManager)", tmp_path)
    assert (run.stdout, run.stderr) == ("none\n", "")


def test_a_module_that_fails_to_import_fails_as_without(public: Path, tmp_path: Path) -> None:
    """An optional dependency that is broken raises its own error."""
    (tmp_path / "stripe.py").write_text("import no_such_module\n")
    run = python(public, "import stripe", tmp_path)
    assert "ModuleNotFoundError: No module named 'no_such_module'" in run.stderr


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"APP_ENV": "production"}, "APP_ENV"),
        ({"ENVIRONMENT": "Production"}, "ENVIRONMENT"),
        ({"FLASK_ENV": "production"}, "FLASK_ENV"),
        ({"NODE_ENV": "production"}, "NODE_ENV"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "KUBERNETES_SERVICE_HOST"),
    ],
)
def test_production_is_refused(public: Path, env: dict[str, str], named: str) -> None:
    """The app does not start: exit status 64, one line that names the variable."""
    run = python(public, "print('started')", **env)
    assert (run.returncode, run.stdout) == (64, "")
    assert named in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_development_cluster_may_be_allowed(public: Path) -> None:
    """LLM_SIDECAR_KUBERNETES=allow is the explicit opt-in."""
    env = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "LLM_SIDECAR_KUBERNETES": "allow"}
    assert python(public, "print('started')", **env).stdout == "started\n"


@pytest.mark.parametrize(
    "call",
    [
        "import urllib.request as u; u.urlopen('https://api.openai.com')",
        "import httpx; httpx.get('https://api.openai.com')",
        "import requests; requests.get('https://api.openai.com')",
        "import openai; openai.OpenAI(api_key='x', max_retries=0).models.list()",
    ],
)
def test_a_proxy_that_is_down_is_named(public: Path, call: str) -> None:
    """At once, and by name: not a timeout, not a riddle."""
    proxy = "http://proxy.invalid:9020"
    started = time.monotonic()
    run = python(public, call, HTTPS_PROXY=proxy)
    assert time.monotonic() - started < 10
    assert f"the LLM sidecar {proxy} does not run" in run.stderr


@pytest.fixture
def local_server() -> Iterator[int]:
    """A plain server on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def test_plain_http_goes_direct(public: Path, local_server: int) -> None:
    """Services of a stack call each other without the proxy, patched clients too."""
    code = f"""
import http.client, urllib3
c = http.client.HTTPConnection("127.0.0.1", {local_server}); c.request("HEAD", "/"); print(c.getresponse().status)
print(urllib3.PoolManager().request("HEAD", "http://127.0.0.1:{local_server}/").status)
"""
    assert python(public, code, HTTPS_PROXY="http://proxy.invalid:9020").stdout == "200\n200\n"


def test_no_proxy_holds_for_patched_clients(public: Path, local_server: int) -> None:
    """A host that NO_PROXY excepts is called directly: here it answers, though no TLS; the proxy would not."""
    code = f"import http.client; http.client.HTTPSConnection('localhost', {local_server}).connect()"
    proxy = f"http://127.0.0.1:{free_port()}"
    assert "ssl.SSLError" in python(public, code, HTTPS_PROXY=proxy, NO_PROXY="localhost").stderr
    assert "ConnectionRefusedError" in python(public, code, HTTPS_PROXY=proxy).stderr
