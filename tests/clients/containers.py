"""The Python rows in an unmodified container that has only the drop-in's four lines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.clients.conftest import STAND_IN, add_stand_in
from tests.clients.matrix import HOOKS, SECONDS, Execute
from tests.conftest import ROOT
from tests.stack.adopted import Adopted

IDLE = ["python3", "-c", "import signal; signal.pause()"]
HOSTILE = {"user": "65534:65534", "read_only": True, "tmpfs": ["/tmp"], "environment": {"HOME": "/tmp"}}
"""As strict as images get: nobody, and nothing that can be written."""


def packages(environment: Path) -> Path:
    """The folder that a virtual environment's packages lie in."""
    return next((environment / "lib").glob("python3*/site-packages"))


@contextlib.contextmanager
def project(folder: Path) -> Iterator[Adopted]:
    """Runs it, with the stand-in in its proxy."""
    mounts = [f"{packages(ROOT / name)}:/{name}:ro" for name in (".venv-clients", ".venv-clients-httpx")]
    adopted = Adopted(
        folder=folder, services={"client": {"command": IDLE, "volumes": mounts} | HOSTILE}, extended=("client",)
    )
    with adopted.run():
        write = f"open('/tmp/stand_in.py', 'w').write({STAND_IN.read_text()!r})"
        adopted.exec("proxy", "python", "-c", write)
        add_stand_in(adopted, "/tmp/stand_in.py")
        yield adopted


def in_container(adopted: Adopted, environment: str) -> Execute:
    """Rows as processes of the container, which has its environment from the drop-in."""

    def execute(code: str, env: Mapping[str, str]) -> str:
        variables = {name: value for name, value in env.items() if name not in HOOKS} | {
            name: "" for name in HOOKS if name not in env
        }
        flags = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        code = f"import site; site.addsitedir('/{environment}')\n{code}"
        run = adopted.compose(
            "exec", "-T", *flags, "client", "timeout", str(SECONDS), "python3", "-c", code, check=False
        )
        return run.stderr

    return execute
