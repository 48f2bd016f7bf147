"""The Node hook: one patch of tls.connect, and the same rules as the Python shim's."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

import pytest

from tests.clients.matrix import drop_in_environment
from tests.conftest import ROOT, Sidecar, clean_env, free_port

HOOK = ROOT / "proxy-addons/llm_sidecar/trust/client/node.cjs"
DOWN = "http://proxy.invalid:9020"
GET = "require('https').get('https://api.openai.com/', (r) => r.resume()).on('error', (e) => console.log(e.message))"

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="there is no node on the PATH")


def node(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run code with the hook, and a proxy that does not run."""
    variables = {"LLM_SIDECAR_PROXY": DOWN, "HTTPS_PROXY": DOWN, "NODE_OPTIONS": f"--require={HOOK}"} | env
    return subprocess.run(["node", "-e", code], env=clean_env(**variables), capture_output=True, text=True, timeout=30)


PATCHED = "console.log(require('tls').connect.toString().includes('proxyFor'))"


@pytest.mark.parametrize("env", [{"LLM_SIDECAR": "off"}, {"LLM_SIDECAR_PROXY": ""}])
def test_off(env: dict[str, str]) -> None:
    """Switched off, or where there is no sidecar, nothing is patched."""
    assert node(PATCHED, **env).stdout == "false\n"
    assert node(PATCHED).stdout == "true\n"


@pytest.mark.parametrize("name", ["APP_ENV", "ENVIRONMENT", "FLASK_ENV", "NODE_ENV", "KUBERNETES_SERVICE_HOST"])
def test_production_is_refused(name: str) -> None:
    """The app does not start: exit status 64, one line that names the variable."""
    run = node("console.log('started')", **{name: "production"})
    assert (run.returncode, run.stdout) == (64, "")
    assert name in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("code", [GET, "fetch('https://api.openai.com/').catch((e) => console.log(e.cause.message))"])
def test_a_proxy_that_is_down_is_named(code: str) -> None:
    """At once, and by name, for clients that Node's own support handles too."""
    started = time.monotonic()
    run = node(code, NODE_USE_ENV_PROXY="1")
    assert f"the LLM sidecar {DOWN} does not run" in run.stdout, run.stderr
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("localhost", True),
        ("*", True),
        (" LOCALHOST , x", True),
        ("other.example", False),
        (".localhost", True),
        ("host", False),
        ("", False),
    ],
)
def test_no_proxy(no_proxy: str, direct: bool) -> None:
    """An excepted host is called directly: here, refused by its own port, not by the proxy."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        closed = s.getsockname()[1]
    code = f"require('tls').connect({closed}, 'localhost').on('error', (e) => console.log(e.code, e.message))"
    run = node(code, NO_PROXY=no_proxy, HTTPS_PROXY=f"http://127.0.0.1:{free_port()}")
    assert ("sidecar" not in run.stdout) == direct, run.stdout
    assert "ECONNREFUSED" in run.stdout


def test_every_form_of_arguments(provided: Sidecar) -> None:
    """tls.connect takes its arguments in five forms; each goes through the proxy, and calls back."""
    code = """
const tls = require('tls');
const host = 'forms.example.com';
const forms = [
  (done) => tls.connect({ host, port: 443 }, done),
  (done) => tls.connect(443, host, done),
  (done) => tls.connect(443, host, {}, done),
  (done) => tls.connect(443, { host }, done),
  (done) => tls.connect({ host, port: 443, servername: host, ALPNProtocols: ['http/1.1'] }, done),
];
(async () => {
  for (const form of forms) {
    await new Promise((resolve, reject) => {
      const s = form(() => { console.log(s.authorized); s.end(); resolve(); });
      s.on('error', reject);
    });
  }
})();
"""
    env = drop_in_environment(provided.proxy, str(provided.public))
    run = node(code, **env)
    assert run.stdout == "true\n" * 5, run.stderr


def test_a_kept_connection_does_not_hold_the_process(provided: Sidecar) -> None:
    """As without the hook, an idle connection of a keep-alive agent lets the process end."""
    code = """
const https = require('https');
const agent = new https.Agent({ keepAlive: true, keepAliveMsecs: 60000 });
https.get('https://idle.example.com/', { agent }, (r) => r.resume().on('end', () => console.log('done')));
"""
    started = time.monotonic()
    run = node(code, **drop_in_environment(provided.proxy, str(provided.public)))
    assert run.stdout == "done\n", run.stderr
    assert time.monotonic() - started < 5


def test_large_bodies_arrive_whole(provided: Sidecar) -> None:
    """Many chunks with back-pressure in both directions, over the tunnel's stream."""
    code = """
const https = require('https');
const body = Buffer.alloc(8 << 20, 'x');
const options = { agent: new https.Agent(), method: 'POST', headers: { 'content-length': body.length } };
const done = (r) => r.resume().on('end', () => console.log(r.statusCode));
https.request('https://large.example.com/', options, done).end(body);
"""
    run = node(code, **drop_in_environment(provided.proxy, str(provided.public)))
    assert run.stdout == "200\n", run.stderr
    flow = provided.wait_flow(lambda f: f["request"]["pretty_host"] == "large.example.com")
    assert flow["request"]["contentLength"] == 8 << 20
