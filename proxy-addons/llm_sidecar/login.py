"""The web password and the login: mitmweb's own, with a secret that is kept and never shown.

mitmweb's `web_password` option is left alone on purpose: `GET /options` shows it, a value that starts with
`$` is taken for a hash, one that is not ASCII makes the check fail, and a hash costs the event loop 300 ms.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import secrets
from pathlib import Path
from urllib.parse import quote, urlsplit

from llm_sidecar import mitmweb, settings
from llm_sidecar.gate import Gate


def kept_secret(file: Path) -> str:
    """The secret in `file`, made at random (mode 0600) when there is none yet."""
    try:
        if value := file.read_text().strip():
            return value
    except FileNotFoundError:
        pass
    value = secrets.token_hex(16)
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(value)
    draft.replace(file)
    return value


def _as_sent(given: str) -> list[bytes]:
    """The bytes that the browser or client may have meant: Tornado reads UTF-8 in a header as Latin-1."""
    forms = [given.encode(errors="surrogateescape")]
    with contextlib.suppress(UnicodeEncodeError):
        forms.append(given.encode("latin-1"))
    return forms


class Login:
    """Sets mitmweb's password check and cookie, and prints the login URL."""

    def load(self, loader: object) -> None:
        state = settings.state_dir()
        chosen = settings.password()
        password = chosen or kept_secret(state / "web-password")
        web = settings.web_url()

        # Kept, so that a restart logs nobody out; bound to the password, so that a new one logs everybody out.
        cookie_secret = hmac.digest(
            kept_secret(state / "cookie-secret").encode(), password.encode(errors="surrogateescape"), "sha256"
        )
        expected = hashlib.sha256(password.encode(errors="surrogateescape")).digest()

        def matches(given: str) -> bool:
            return any(hmac.compare_digest(hashlib.sha256(g).digest(), expected) for g in _as_sent(given))

        # Cookies are shared by all ports of a host: two sidecars must not log each other out.
        cookie = f"mitmproxy-auth-{urlsplit(web).port or settings.web_port()}"
        app = mitmweb.master().app
        self._gate = Gate(app, matches)
        app.settings.update(
            is_valid_password=self._gate.is_valid_password, cookie_secret=cookie_secret, auth_cookie_name=lambda: cookie
        )
        # It would print a URL with mitmweb's own token, which is not the password here.
        logging.getLogger("mitmproxy.tools.web.master").setLevel(logging.WARNING)
        self._greeting = (
            f"mitmweb: {web}/ (password: MITM_PASSWORD)"
            if chosen
            else f"mitmweb: {web}/?token={quote(password, safe='')}"
        )

    def done(self) -> None:
        self._gate.remove()

    def running(self) -> None:
        # Not a log record: mitmweb keeps those and shows them on its page.
        print(self._greeting, flush=True)
