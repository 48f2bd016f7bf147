"""Runs entrypoint.sh, or one function of it, in a clean environment."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT, clean_env

ENTRYPOINT = ROOT / "entrypoint.sh"

Run = subprocess.CompletedProcess[str]


def entrypoint(*command: str, **env: str) -> Run:
    """Run a command through entrypoint.sh."""
    return subprocess.run([ENTRYPOINT, *command], env=clean_env(**env), capture_output=True, text=True)


def call(function: str, *args: object, prefix: Sequence[str] = (), **env: str) -> Run:
    """Call one function of entrypoint.sh, which is sourced for it."""
    script = f'source "{ENTRYPOINT}"; {function} "$@"'
    command = [*prefix, "bash", "-c", script, "test", *map(str, args)]
    return subprocess.run(command, env=clean_env(**env), capture_output=True, text=True)


def call_as_nobody(folder: Path, function: str, *args: object, **env: str) -> Run:
    """The same, as a user who has no rights of its own in the test's folder: root could read and write anything."""
    if os.getuid() != 0:
        return call(function, *args, **env)
    for above in (folder, *folder.parents[:2]):
        above.chmod(above.stat().st_mode | stat.S_IXOTH)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    return call(function, *args, prefix=nobody, **env)
