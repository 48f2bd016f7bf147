"""One password guards mitmweb: the user's own or a generated one, kept over restarts and shown nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.conftest import Sidecar


def get(url: str, **kwargs: object) -> httpx.Response:
    return httpx.get(url, trust_env=False, **kwargs)


@pytest.mark.parametrize("path", ["/flows", "/options", "/state", "/flows/dump", "/commands"])
def test_nothing_without_the_password(sidecar: Sidecar, path: str) -> None:
    """No password and a wrong one are refused everywhere."""
    assert get(sidecar.web + path).status_code == 403
    assert get(sidecar.web + path, headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert get(sidecar.web + path, headers={"Authorization": "Bearer pässword".encode()}).status_code == 403
    assert get(sidecar.web + path, headers={"Authorization": f"Bearer {sidecar.password}"}).status_code == 200


def test_the_log_shows_a_login_url_that_works(sidecar: Sidecar) -> None:
    """The printed URL logs in as it stands, and sets a cookie that works without it."""
    url = re.search(r"http://localhost\S+", sidecar.log).group()
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        assert browser.get(url).status_code == 200
        assert browser.get(f"http://localhost:{sidecar.web_port}/flows").status_code == 200


def test_the_generated_password_is_random_and_private(sidecar: Sidecar) -> None:
    """128 bits, in a file that only the proxy's user reads; not in mitmproxy's options."""
    file = sidecar.state / "web-password"
    assert re.fullmatch(r"[0-9a-f]{32}", file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600
    assert sidecar.state.stat().st_mode & 0o777 == 0o700
    with sidecar.api() as api:
        assert sidecar.password not in api.get("/options").text


def test_a_restart_logs_nobody_out_and_keeps_the_ca(tmp_path: Path) -> None:
    """The password, the cookie and the CA are the same after a restart."""
    it = Sidecar(tmp_path)
    with httpx.Client(trust_env=False) as browser:
        with it.run():
            assert browser.get(f"{it.web}/flows?token={it.password}").status_code == 200
            ca = it.ca.read_bytes()
        with it.run():
            assert browser.get(f"{it.web}/flows").status_code == 200
            assert it.ca.read_bytes() == ca


@pytest.mark.parametrize("password", ["two words", "quo\"te's", "$argon2id$not-a-hash", "пароль 密码", "a&b=c#d%20"])
def test_any_password_works(tmp_path: Path, password: str) -> None:
    """A password of the user's choice may hold anything; it is never printed and never an argument."""
    it = Sidecar(tmp_path, env={"MITM_PASSWORD": password})
    with it.run():
        login = get(f"{it.web}/flows", params={"token": password})
        assert login.status_code == 200
        assert get(f"{it.web}/flows", headers={"Authorization": f"Bearer {password}".encode()}).status_code in (
            200,
            403,
        )
        assert get(f"{it.web}/flows", params={"token": password + "x"}).status_code == 403
        assert it.process is not None
        assert password.encode() not in Path(f"/proc/{it.process.pid}/cmdline").read_bytes()
    assert password not in it.log


def test_a_new_password_logs_everybody_out(tmp_path: Path) -> None:
    """A cookie from before the password was changed is worth nothing."""
    with httpx.Client(trust_env=False) as browser:
        it = Sidecar(tmp_path, env={"MITM_PASSWORD": "old"})
        with it.run():
            assert browser.get(f"{it.web}/flows?token=old").status_code == 200
        it.env["MITM_PASSWORD"] = "new"
        with it.run():
            assert browser.get(f"{it.web}/flows").status_code == 403


def test_the_password_can_come_from_a_file(tmp_path: Path) -> None:
    """`MITM_PASSWORD_FILE` names a secret file; its final newline does not count."""
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    it = Sidecar(tmp_path, env={"MITM_PASSWORD": "", "MITM_PASSWORD_FILE": str(secret)})
    with it.run():
        assert get(f"{it.web}/flows?token=from a file").status_code == 200
