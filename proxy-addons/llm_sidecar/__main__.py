"""`python -m llm_sidecar`: the proxy process, in its container and in the local mode alike.

Checks that it may run here, makes its folders, then becomes mitmweb with `sidecar.py` loaded. No secret is
ever an argument: the process list shows only the module's name.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import socket
import sys
from pathlib import Path

from mitmproxy.tools.main import mitmweb

from llm_sidecar import ca, guard, settings
from llm_sidecar.trust import lanes

SCRIPT = Path(__file__).parent.parent / "sidecar.py"
WEB_COLUMNS = ("icon", "comment", "path", "method", "status", "size", "time")
DAY = 24 * 60 * 60
_PR_SET_DUMPABLE = 4


def options() -> dict[str, str | int | bool]:
    """mitmproxy's options as the sidecar sets them."""
    host = settings.listen_host()
    return {
        "confdir": str(settings.state_dir()),
        "listen_host": host,
        "listen_port": settings.proxy_port(),
        "web_host": host,
        "web_port": settings.web_port(),
        "web_open_browser": "false",
        # Its page, mitm.it, hands the CA to anyone; apps have it from the shared volume.
        "onboarding": "false",
        # A model may think for longer than the ten minutes after which mitmproxy cuts a silent connection.
        "tcp_timeout": DAY,
        # One line for each connection drowns what matters; warnings and errors stay.
        "termlog_verbosity": "warn",
    }


def main() -> int:
    """Run until stopped. Returns 64 where production is near, 1 for a setting or a port that cannot be used."""
    if reason := guard.refusal(os.environ):
        print(f"llm-sidecar: {reason}", file=sys.stderr)
        return guard.EXIT_STATUS
    keep_memory_private()
    try:
        args = ["-s", str(SCRIPT)]
        for name, value in options().items():
            args += ["--set", f"{name}={value}"]
        for mode in lanes.modes():
            args += ["--set", f"mode={mode}"]
        for host in settings.ca_hosts():
            args += ["--set", rf"allow_hosts=^(.+\.)?{re.escape(host)}:\d+$"]
        _prepare(settings.state_dir(), private=True)
        _prepare(settings.public_dir(), private=False)
        for port in (settings.proxy_port(), settings.web_port()):
            _require_free(port)
        settings.password()
        settings.most_calls()
        settings.most_bytes()
        _make_ca()
    except settings.SettingError as e:
        print(f"llm-sidecar: {e}", file=sys.stderr)
        return 1
    for column in WEB_COLUMNS:
        args += ["--set", f"web_columns={column}"]
    return mitmweb(args) or 0


def keep_memory_private() -> None:
    """No core file, and no look into memory by other processes of the same user: real keys are in there."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # A core_pattern that is a pipe does not heed the limit.
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _prepare(folder: Path, private: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
        if private:
            folder.chmod(0o700)
    except OSError as e:
        if (folder / ca.CERTIFICATE_FILE).exists() and e.errno in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
            # All that the traffic needs is there from before. What cannot be kept is told later.
            return
        raise settings.SettingError(
            f"the folder {folder} cannot be written: {e.strerror}. It must belong to user {os.getuid()}; "
            "a volume with other owners is made anew after `docker compose --profile dev down -v`."
        ) from None


def _make_ca() -> None:
    try:
        made = ca.ensure(settings.state_dir(), settings.project(), settings.ca_hosts())
    except OSError as e:
        raise settings.SettingError(
            f"the CA cannot be written to {settings.state_dir()}: {e.strerror}. Make room on the disk."
        ) from None
    if made:
        print("llm-sidecar: a new CA was made. Apps that run already have to be restarted.", flush=True)


def _require_free(port: int) -> None:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((settings.listen_host(), port))
        except OSError as e:
            raise settings.SettingError(
                f"port {port} cannot be used: {e.strerror}. "
                f"Stop what listens there (`ss -ltnp sport = :{port}`), then start again."
            ) from None


if __name__ == "__main__":
    sys.exit(main())
