"""The demo app as it runs in production: gunicorn with the project's own settings, on a free port."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, clean_env, free_port, running, wait_for


@contextlib.contextmanager
def gunicorn(target: str, log: Path, **env: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """Runs `target` (`app:create_app()`); gives its URL and process."""
    url = f"http://127.0.0.1:{free_port()}"
    args = ["-m", "gunicorn", "-c", "app/gunicorn.conf.py", "-b", url.removeprefix("http://"), target]
    with running([sys.executable, *args], log, cwd=ROOT, env=clean_env(**env)) as process:

        def ready() -> bool:
            if process.poll() is not None:
                pytest.fail(f"{target} ended:\n{log.read_text()}")
            return httpx.get(f"{url}/healthz", trust_env=False).is_success

        wait_for(ready, 30, f"{target} is ready")
        yield url, process


@pytest.fixture(scope="session")
def demo(offline_llm: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the demo app, with the offline model as its provider."""
    env = {"OPENAI_BASE_URL": f"{offline_llm}/v1", "LLM_SIDECAR_WEB_URL": "http://localhost:5021"}
    with gunicorn("app:create_app()", tmp_path_factory.mktemp("demo") / "log", **env) as (url, _):
        yield url
