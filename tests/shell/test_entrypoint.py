"""entrypoint.sh: armed it guards, waits for the CA, sets the environment and runs the command; else it only runs it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import trustme

from tests.conftest import Sidecar, clean_env, free_port
from tests.shell.entrypoint import ENTRYPOINT, Run, call, call_as_nobody, entrypoint


def armed(sidecar: Sidecar, *command: str, **env: str) -> Run:
    """Run a command through the armed entrypoint.sh, beside a running proxy."""
    defaults = {
        "LLM_SIDECAR": "on",
        "LLM_SIDECAR_PROXY": sidecar.proxy,
        "LLM_SIDECAR_PUBLIC": str(sidecar.public),
        "LLM_SIDECAR_WAIT": "0",
    }
    return entrypoint(*command, **defaults | env)


def environment(run: Run) -> dict[str, str]:
    """What `env` printed."""
    assert run.returncode == 0, run.stderr
    return dict(line.split("=", 1) for line in run.stdout.splitlines())


@pytest.fixture
def no_certifi(tmp_path: Path) -> str:
    """A PATH on which python3 has no certifi, so that no test merges into the one the tests use."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(shutil.which("python3", path="/usr/bin:/usr/local/bin") or "/usr/bin/python3")
    return f"{folder}:/usr/bin:/bin"


# --- not armed ------------------------------------------------------------------


def test_not_armed_it_runs_the_command_as_it_is() -> None:
    """Without LLM_SIDECAR=on neither the environment nor the arguments change, and nothing is said."""
    bare = subprocess.run(["bash", "-c", "exec env"], env=clean_env(), capture_output=True, text=True)
    assert environment(entrypoint("env")) | {"_": ""} == environment(bare) | {"_": ""}
    run = entrypoint("printf", "%s\n", "two words", "$HOME", "")
    assert (run.stdout, run.stderr) == ("two words\n$HOME\n\n", "")


@pytest.mark.parametrize("value", ["", "off", "ON", "1"])
def test_only_on_arms(value: str) -> None:
    """Any other value of LLM_SIDECAR leaves it off, in production too."""
    run = entrypoint("env", LLM_SIDECAR=value, APP_ENV="production")
    assert "HTTPS_PROXY" not in environment(run)


def test_the_exit_status_is_the_commands() -> None:
    """The command takes the place of the shell."""
    assert entrypoint("sh", "-c", "exit 7").returncode == 7


# --- guard ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["APP_ENV", "ENVIRONMENT", "FLASK_ENV", "NODE_ENV"])
@pytest.mark.parametrize("value", ["production", "Production", "PRODUCTION"])
def test_armed_in_production_it_refuses(name: str, value: str) -> None:
    """Status 64, one line that names the variable, and the command does not run."""
    run = entrypoint("echo", "ran", LLM_SIDECAR="on", **{name: value})
    assert (run.returncode, run.stdout) == (64, "")
    assert run.stderr.startswith(f"llm-sidecar: {name} is production")
    assert run.stderr.count("\n") == 1


def test_on_kubernetes_it_refuses_unless_allowed() -> None:
    """A pod counts as production until LLM_SIDECAR_KUBERNETES=allow."""
    run = entrypoint("true", LLM_SIDECAR="on", KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert run.returncode == 64
    assert "KUBERNETES_SERVICE_HOST" in run.stderr
    assert call("refuse_production", KUBERNETES_SERVICE_HOST="10.0.0.1", LLM_SIDECAR_KUBERNETES="allow").returncode == 0


@pytest.mark.parametrize("value", ["development", "prod", "preproduction", ""])
def test_other_environments_pass_the_guard(value: str) -> None:
    """Only the word itself counts."""
    assert call("refuse_production", APP_ENV=value).returncode == 0


# --- waiting for the CA ---------------------------------------------------------


def ca_problem(public: Path, proxy: str = "http://127.0.0.1:1") -> str:
    return call("ca_problem", LLM_SIDECAR_PUBLIC=str(public), LLM_SIDECAR_PROXY=proxy).stdout


def test_no_volume(tmp_path: Path) -> None:
    """A volume that is not mounted is told from one that is empty."""
    assert "Mount the volume 'ca'" in ca_problem(tmp_path / "absent")


def test_empty_volume(tmp_path: Path) -> None:
    """Nothing published yet: look at the proxy's log."""
    assert "mitmproxy-ca-cert.pem is not there yet" in ca_problem(tmp_path)
    assert "logs proxy" in ca_problem(tmp_path)


def test_unusable_files(sidecar: Sidecar, tmp_path: Path) -> None:
    """An empty file, or half of a certificate, is named, and so is the remedy."""
    for name in ("mitmproxy-ca-cert.pem", "ca-bundle.pem"):
        shutil.copytree(sidecar.public, tmp_path, dirs_exist_ok=True)
        for content in ("", "-----BEGIN CERTIFICATE-----\nMIID"):
            (tmp_path / name).write_text(content)
            problem = ca_problem(tmp_path, sidecar.proxy)
            assert f"{name} holds no certificate" in problem
            assert "restart proxy" in problem


def test_unreadable_file(sidecar: Sidecar, tmp_path: Path) -> None:
    """Permissions of a volume that another user made are named as such."""
    shutil.copytree(sidecar.public, tmp_path / "ca")
    (tmp_path / "ca" / "ca-bundle.pem").chmod(0)
    problem = call_as_nobody(tmp_path, "ca_problem", LLM_SIDECAR_PUBLIC=str(tmp_path / "ca")).stdout
    assert "ca-bundle.pem cannot be read by user" in problem
    assert "down -v" in problem


def test_stale_ca(sidecar: Sidecar, tmp_path: Path) -> None:
    """The CA of a proxy that is gone looks like any other; a handshake with the running one tells."""
    for name in ("mitmproxy-ca-cert.pem", "ca-bundle.pem"):
        trustme.CA().cert_pem.write_to_path(str(tmp_path / name))
    problem = ca_problem(tmp_path, sidecar.proxy)
    assert "it is stale" in problem
    assert "restart proxy" in problem


def test_proxy_that_does_not_answer(sidecar: Sidecar) -> None:
    """A CA without its proxy is of no use: the proxy is named."""
    proxy = f"http://127.0.0.1:{free_port()}"
    assert f"no answer from the proxy at {proxy}" in ca_problem(sidecar.public, proxy)


def test_usable_ca(sidecar: Sidecar) -> None:
    """With a running proxy's CA nothing is wrong, and looking leaves no flow behind."""
    before = len(sidecar.flows())
    assert ca_problem(sidecar.public, sidecar.proxy).strip() == ""
    assert len(sidecar.flows()) == before


def test_a_proxy_that_passes_the_host_through(tmp_path: Path) -> None:
    """Where the CA is limited to other hosts, the handshake tells nothing, and nothing is wrong."""
    with Sidecar(tmp_path, env={"LLM_SIDECAR_CA_HOSTS": "api.anthropic.com"}).run() as sidecar:
        assert ca_problem(sidecar.public, sidecar.proxy).strip() == ""


def test_deadline(sidecar: Sidecar, tmp_path: Path) -> None:
    """After LLM_SIDECAR_WAIT seconds it gives up with status 1 and the reason; the command does not run."""
    run = armed(sidecar, "echo", "ran", LLM_SIDECAR_PUBLIC=str(tmp_path), LLM_SIDECAR_WAIT="1")
    assert (run.returncode, run.stdout) == (1, "")
    waiting, reason = run.stderr.splitlines()
    assert waiting == "llm-sidecar: waiting up to 1 s for the proxy's CA"
    assert "not ready after 1 s" in reason
    assert "is not there yet" in reason


def test_it_waits_for_the_ca(sidecar: Sidecar, tmp_path: Path, no_certifi: str) -> None:
    """The command starts as soon as the CA is there."""
    public = tmp_path / "ca"
    public.mkdir()
    command = [ENTRYPOINT, "echo", "ran"]
    env = clean_env(LLM_SIDECAR="on", LLM_SIDECAR_PUBLIC=str(public), LLM_SIDECAR_PROXY=sidecar.proxy, PATH=no_certifi)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert "waiting" in process.stderr.readline()
        shutil.copytree(sidecar.public, public, dirs_exist_ok=True)
        assert process.communicate(timeout=20)[0] == "ran\n"


# --- environment ----------------------------------------------------------------


def test_armed_environment(sidecar: Sidecar, no_certifi: str) -> None:
    """Trust points at the combined bundle, the proxy variables at the proxy, in both cases; plain http stays direct."""
    env = environment(armed(sidecar, "env", PATH=no_certifi))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "NODE_EXTRA_CA_CERTS"):
        assert env[name] == str(sidecar.bundle)
    for name in ("HTTPS_PROXY", "https_proxy", "WSS_PROXY", "wss_proxy"):
        assert env[name] == sidecar.proxy
    assert env["NODE_USE_ENV_PROXY"] == "1"
    assert env["NO_PROXY"] == env["no_proxy"] == "localhost,127.0.0.1,::1"
    assert not {"HTTP_PROXY", "http_proxy", "ALL_PROXY"} & env.keys()


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1,proxy"),
        ({"NO_PROXY": "db, .internal"}, "db,.internal,localhost,127.0.0.1,::1,proxy"),
        ({"NO_PROXY": "db", "no_proxy": "cache,db"}, "db,cache,localhost,127.0.0.1,::1,proxy"),
        ({"no_proxy": "localhost,127.0.0.1,::1,proxy,app"}, "localhost,127.0.0.1,::1,proxy,app"),
        ({"NO_PROXY": "*"}, "*,localhost,127.0.0.1,::1,proxy"),
    ],
)
def test_no_proxy_keeps_what_there_was(env: dict[str, str], expected: str) -> None:
    """The user's entries, in either case, come first; nothing is listed twice."""
    assert call("no_proxy_list", **env).stdout == expected
