"""The stack without Docker: `make local` and its parts, on free ports and in folders of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, clean_env, free_port, wait_for

PORTS = ("LLM_SIDECAR_PROXY_PORT", "LLM_SIDECAR_WEB_PORT", "LLM_SIDECAR_APP_PORT", "LLM_SIDECAR_OFFLINE_PORT")


@dataclass
class Local:
    """A `make` target that runs in a session of its own, as in a terminal."""

    process: subprocess.Popen
    env: dict[str, str]
    log_file: Path

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.env[f'LLM_SIDECAR_{name}_PORT']}"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def press_ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def open_ports(self) -> list[str]:
        return [name for name in PORTS if socket.socket().connect_ex(("127.0.0.1", int(self.env[name]))) == 0]

    def pid(self, name: str) -> int:
        return int(re.search(rf"{name}\.1 started \(pid=(\d+)\)", self.log)[1])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another command beside it, with the same ports and folders."""
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120)


def environment(folder: Path) -> dict[str, str]:
    ports = {name: str(free_port()) for name in PORTS}
    return clean_env(LLM_SIDECAR_STATE=f"{folder}/state", LLM_SIDECAR_PUBLIC=f"{folder}/ca", **ports)


@contextlib.contextmanager
def make(target: str, folder: Path, env: dict[str, str] | None = None) -> Iterator[Local]:
    log = folder / f"{target}.log"
    env = env or environment(folder)
    with log.open("w") as out:
        command = ["make", target, f"PYTHON={sys.executable}"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    local = Local(process, env, log)
    try:
        yield local
    finally:
        if process.poll() is None:
            local.press_ctrl_c()
            process.wait(15)


def is_up(local: Local) -> bool:
    assert local.process.poll() is None, local.log
    return httpx.get(f"{local.url('APP')}/healthz", trust_env=False).is_success


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """`make local`, up."""
    with make("local", tmp_path_factory.mktemp("local")) as local:
        wait_for(lambda: is_up(local), 60, "make local is up")
        yield local


def ask(local: Local, prompt: str) -> list[dict]:
    response = httpx.post(f"{local.url('APP')}/ask", json={"prompt": prompt}, trust_env=False, timeout=20)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def login_url(local: Local) -> str:
    return wait_for(lambda: re.search(r"http://localhost:\d+/\?token=\S+", local.log), 10, "a login URL")[0]


def flows(local: Local) -> list[dict]:
    token = login_url(local).partition("token=")[2]
    return httpx.get(f"{local.url('WEB')}/flows", params={"token": token}, trust_env=False).json()


def paths(local: Local) -> set[str]:
    """What the proxy has seen."""
    return {f"{flow['request']['pretty_host']}{flow['request']['path']}" for flow in flows(local)}


def test_a_prompt_is_answered_and_seen(local: Local) -> None:
    """The demo app asks api.openai.com; the call is in mitmweb, and the offline model answers it."""
    found = ask(local, "Hello there")
    assert "offline model" in "".join(event.get("text", "") for event in found)
    wait_for(lambda: "api.openai.com/v1/chat/completions" in paths(local), 10, "the call in mitmweb")
    page = httpx.get(local.url("APP"), trust_env=False).text
    assert f"http://localhost:{local.env['LLM_SIDECAR_WEB_PORT']}" in page, "the link to the call"


def test_the_urls_are_printed_and_work(local: Local) -> None:
    """mitmweb's login URL and the demo app's are in the terminal, as they are to be opened."""
    assert httpx.get(login_url(local), trust_env=False).status_code == 200
    assert f"Listening at: {local.url('APP')}" in local.log


def test_certifi_of_the_environment_is_left_alone(local: Local) -> None:
    """Trust comes from variables; no file of the virtual environment has the proxy's CA."""
    ca = Path(local.env["LLM_SIDECAR_PUBLIC"], "mitmproxy-ca-cert.pem").read_text()
    where = local.run(sys.executable, "-c", "import certifi; print(certifi.where())").stdout.strip()
    assert ca.splitlines()[1] not in Path(where).read_text()


@pytest.mark.timeout(600)
def test_the_examples_run_through_it(local: Local) -> None:
    """`make main`: every script ends well, and its calls are in mitmweb."""
    ready = subprocess.run(["make", ".venv-examples/.ready"], cwd=ROOT, capture_output=True, text=True)
    assert ready.returncode == 0, ready.stderr
    before = len(flows(local))
    main = local.run("make", "main")
    assert main.returncode == 0, main.stdout + main.stderr
    scripts = re.findall(r"^--- (\S+)$", main.stdout, re.MULTILINE)
    assert scripts
    assert all((ROOT / script).is_file() for script in scripts)
    assert "62" in main.stdout.rpartition("Ai Message")[2]
    wait_for(lambda: len(flows(local)) == before + 8, 10, "one call a script, two of Responses and of the agent")
    assert "api.openai.com/v1/responses" in paths(local)


def test_a_shell_can_take_the_environment(local: Local) -> None:
    """`eval "$(make -s env)"`: what the shell runs from then on goes through the sidecar."""
    before = len(flows(local))
    script = f'eval "$(make -s env)" && OPENAI_API_KEY=offline {sys.executable} examples/openai_chat.py'
    shell = local.run("bash", "-euc", script)
    assert "offline model" in shell.stdout, shell.stderr
    wait_for(lambda: len(flows(local)) == before + 1, 10, "the call in mitmweb")


def test_ports_that_are_taken_are_named(local: Local, tmp_path: Path) -> None:
    """Nothing is started; each taken port is named, with the variable that sets another."""
    with make("local", tmp_path, local.env) as second:
        assert second.process.wait(20) != 0
    for name in PORTS:
        assert f"port {local.env[name]} (" in second.log
        assert f"set {name} to a free port" in second.log
    assert "started" not in second.log


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C, or SIGTERM to make alone: proxy, app and offline model end, with an answer in flight."""
    with make("local", tmp_path) as local:
        wait_for(lambda: is_up(local), 60, "make local is up")
        with httpx.stream(
            "POST", f"{local.url('APP')}/ask", json={"prompt": "offline: words=5000"}, trust_env=False
        ) as response:
            answer = response.iter_raw()
            next(answer)
            local.press_ctrl_c() if how == signal.SIGINT else local.process.send_signal(how)
            local.process.wait(10)
        wait_for(lambda: not local.open_ports(), 5, "all ports closed")


def test_all_end_when_one_dies(tmp_path: Path) -> None:
    """A stack with a part missing is not left running; the terminal says which one ended."""
    with make("local", tmp_path) as local:
        wait_for(lambda: is_up(local), 60, "make local is up")
        os.kill(local.pid("offline-llm"), signal.SIGKILL)
        assert local.process.wait(15) != 0
        assert "offline-llm.1 stopped" in local.log
        wait_for(lambda: set(local.open_ports()) <= {"LLM_SIDECAR_OFFLINE_PORT"}, 5, "the others' ports closed")


def test_the_parts_alone(tmp_path: Path) -> None:
    """`make serve` alone says what is missing; beside `make mitm` it serves the app through it."""
    env = environment(tmp_path) | {"PATH": path_without_docker(tmp_path)}
    with make("serve", tmp_path, env) as serve:
        assert serve.process.wait(20) != 0
        assert f"no proxy on port {env['LLM_SIDECAR_PROXY_PORT']}" in serve.log
        assert "make local" in serve.log
    with make("mitm", tmp_path, env) as mitm:
        login_url(mitm)
        wait_for(lambda: "LLM_SIDECAR_PROXY_PORT" in mitm.open_ports(), 10, "the proxy listens")
        assert not {"LLM_SIDECAR_APP_PORT", "LLM_SIDECAR_OFFLINE_PORT"} & set(mitm.open_ports())
        with make("serve", tmp_path, env) as serve:
            wait_for(lambda: is_up(serve), 30, "make serve is up")


def path_without_docker(folder: Path) -> str:
    """A PATH with the same commands but docker's: a Compose stack that happens to run is not found."""
    bin_ = folder / "bin"
    bin_.mkdir()
    for directory in os.environ["PATH"].split(os.pathsep):
        for file in Path(directory).glob("*"):
            with contextlib.suppress(FileExistsError):
                if file.name != "docker":
                    (bin_ / file.name).symlink_to(file)
    return str(bin_)


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    """Python older than 3.12: one line with its version and the way out, and no environment is made."""
    old = next((p for n in range(8, 12) if (p := shutil.which(f"python3.{n}", path="/usr/bin:/usr/local/bin"))), None)
    if not old:
        pytest.skip("no Python older than 3.12 on this machine")
    command = ["make", "local", f"PYTHON={old}", f"VENV={tmp_path}/venv"]
    made = subprocess.run(command, cwd=ROOT, env=clean_env(), capture_output=True, text=True)
    assert made.returncode != 0
    assert "Python 3.12 or newer is needed (this is 3." in made.stderr
    assert not (tmp_path / "venv").exists()
