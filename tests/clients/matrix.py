"""Runs a row of the matrix, and sees how it was captured.

Each row runs twice at most: with the environment of drop-in/client.yml but its two hooks, then with the hooks too.
Only the proxy's word counts.
"""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.clients.rows import ENVIRONMENT, KEYS, SHIM, Row
from tests.conftest import ROOT, Sidecar, clean_env
from tests.stack.stack import Stack

DROP_IN = ROOT / "drop-in" / "client.yml"
HOOKS = ("PYTHONPATH", "NODE_OPTIONS")
SECONDS = 60

Execute = Callable[[str, Mapping[str, str]], str]
"""Runs a row's code with these variables, and returns what it printed on standard error."""


def drop_in_environment(proxy: str, public: str) -> dict[str, str]:
    """What drop-in/client.yml sets, for a proxy at this URL that publishes to this folder."""
    declared = yaml.safe_load(DROP_IN.read_text())["services"]["client"]["environment"]
    assert declared["LLM_SIDECAR_PROXY"] == "http://proxy:9020"
    return {
        name: value.replace("http://proxy:9020", proxy)
        .replace("/run/llm-sidecar", public)
        .replace("${LLM_SIDECAR_NO_PROXY:-localhost}", "localhost")
        for name, value in declared.items()
    }


def python_code(row: Row) -> str:
    return "M = [{'role': 'user', 'content': 'hi'}]\n" + textwrap.dedent(row.code).strip()


def as_process(*command: str, folder: Path | None = None) -> Execute:
    """Rows as processes on this machine: `command` and then the code."""

    def execute(code: str, env: Mapping[str, str]) -> str:
        try:
            run = subprocess.run(
                [*command, code], env=clean_env(**env), cwd=folder, capture_output=True, text=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return f"no end within {SECONDS} s"
        return run.stderr

    return execute


@dataclass
class Result:
    row: Row
    by: str
    """ENVIRONMENT, SHIM or empty: how it was captured."""
    said: str = ""
    """The end of what the client printed where it was not captured."""


def run(row: Row, sidecar: Sidecar | Stack, environment: Mapping[str, str], execute: Execute, code: str) -> Result:
    """One row: captured by which layer? The proxy's flows decide."""
    everything = {**environment, **KEYS}
    said = ""
    for by in (ENVIRONMENT, SHIM):
        env = {n: v for n, v in everything.items() if by == SHIM or n not in HOOKS}
        before = {flow["id"] for flow in sidecar.flows()}
        said = execute(code, env)
        if any(flow["id"] not in before and captured(flow, row.host) for flow in sidecar.flows()):
            return Result(row, by)
    return Result(row, "", said.strip()[-300:])


def captured(flow: dict, host: str) -> bool:
    return flow["type"] == "http" and flow["request"]["pretty_host"] == host


def versions(python: Path) -> dict[str, str]:
    """The packages of an environment and their versions."""
    code = "import importlib.metadata as m\nfor d in m.distributions(): print(d.metadata['Name'].lower(), d.version)"
    out = subprocess.run([python, "-c", code], env=clean_env(), capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in out.splitlines())
