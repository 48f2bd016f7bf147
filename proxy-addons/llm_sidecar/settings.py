"""Where the proxy process finds things: every environment variable it reads, in one place.

An empty variable counts as unset, so that a `.env` with `NAME=` in it means the default.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

PROXY_PORT = 9020
WEB_PORT = 9021


class SettingError(ValueError):
    """A setting that cannot be used. The message names the variable and the remedy."""


def _env(name: str, default: str) -> str:
    return os.environ.get(name) or default


def _port(name: str, default: int) -> int:
    value = _env(name, str(default))
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise SettingError(f"{name} is {value!r}; it must be a port, 1 to 65535.")
    return int(value)


def listen_host() -> str:
    """Address that the proxy and mitmweb listen on. Loopback, but in a container, where Docker publishes it."""
    return _env("LLM_SIDECAR_HOST", "127.0.0.1")


def proxy_port() -> int:
    return _port("LLM_SIDECAR_PROXY_PORT", PROXY_PORT)


def web_port() -> int:
    return _port("LLM_SIDECAR_WEB_PORT", WEB_PORT)


def web_url() -> str:
    """mitmweb as the user's browser reaches it, without a trailing slash: the published port, in a container."""
    return _env("LLM_SIDECAR_WEB_URL", f"http://localhost:{web_port()}").rstrip("/")


def proxy_url() -> str:
    """The proxy as a client on the user's machine reaches it."""
    return _env("LLM_SIDECAR_PROXY_URL", f"http://localhost:{proxy_port()}").rstrip("/")


def app_url() -> str:
    """The demo app as the user's browser reaches it."""
    return _env("LLM_SIDECAR_APP_URL", "http://localhost:9022").rstrip("/")


def offline_url() -> str:
    """Where requests with the key `offline` go."""
    return _env("OFFLINE_LLM_URL", "http://127.0.0.1:9024")


def state_dir() -> Path:
    """The proxy's own folder: CA key, generated secrets, kept flows. mitmproxy's confdir."""
    return Path(_env("LLM_SIDECAR_STATE", ".local/state")).absolute()


def public_dir() -> Path:
    """What apps may read: the CA certificate, the combined bundle, the drop-in's client files."""
    return Path(_env("LLM_SIDECAR_PUBLIC", ".local/ca")).absolute()


def certs_dir() -> Path:
    """Extra CA certificates that the user drops in."""
    return Path(_env("LLM_SIDECAR_CERTS", "certs")).absolute()


def password() -> str | None:
    """The web password of the user's choice, from MITM_PASSWORD or the file that MITM_PASSWORD_FILE names.

    Raises SettingError when the file cannot be read or is empty.
    """
    if value := os.environ.get("MITM_PASSWORD"):
        return value
    if file := os.environ.get("MITM_PASSWORD_FILE"):
        try:
            value = Path(file).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as e:
            raise SettingError(f"MITM_PASSWORD_FILE names {file}, which cannot be read: {e}") from None
        if not value:
            raise SettingError(f"MITM_PASSWORD_FILE names {file}, which is empty. Put the password into it.")
        return value
    return None


def project() -> str:
    """Whose sidecar this is: Compose's project, or the folder that it was started in."""
    return _env("COMPOSE_PROJECT_NAME", Path.cwd().name)


def ca_hosts() -> list[str]:
    """Hosts that the CA is good for, with their subdomains; connections to others pass unread. Empty: all hosts.

    Raises SettingError for what is not a host name.
    """
    hosts = [host.strip().lower().lstrip(".") for host in _env("LLM_SIDECAR_CA_HOSTS", "").split(",") if host.strip()]
    for host in hosts:
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", host):
            raise SettingError(f"LLM_SIDECAR_CA_HOSTS names {host!r}; it must be host names with commas between them.")
    return hosts


def redact() -> bool:
    """Secrets are hidden in what is shown and kept. LLM_SIDECAR_REDACT=off shows them."""
    return _env("LLM_SIDECAR_REDACT", "on").strip().lower() != "off"


def most_calls() -> int:
    """Flows that are kept, in memory and on disk; beyond it the oldest go."""
    return _amount("LLM_SIDECAR_MAX_CALLS", "2000")


def most_bytes() -> int:
    """Bytes that the kept flows may take, in memory and on disk; `512m` is 512 MiB."""
    return _amount("LLM_SIDECAR_MAX_BYTES", "512m")


def _amount(name: str, default: str) -> int:
    value = _env(name, default)
    digits, unit = (value[:-1], value[-1].lower()) if value[-1:].isalpha() else (value, "")
    if not (digits.isascii() and digits.isdigit() and int(digits) and unit in ("", "k", "m", "g")):
        raise SettingError(f"{name} is {value!r}; it must be a number above 0, with k, m or g after it if you like.")
    return int(digits) * {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}[unit]
