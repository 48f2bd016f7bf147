"""Who may look: mitmweb's password, however it is set, on the published port."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.stack.stack import Stack

PASSWORD = """it's a "pass word" of $HOME and $$ #1, bücher"""


def get(stack: Stack, path: str = "/flows", **kwargs: object) -> int:
    return httpx.get(f"{stack.web}{path}", trust_env=False, **kwargs).status_code  # type: ignore[arg-type]


def test_the_printed_url_works_as_printed(stack: Stack) -> None:
    """The log has a login URL on the published port."""
    assert stack.login_url.startswith(f"{stack.web}/?token=")
    assert httpx.get(stack.login_url, trust_env=False, follow_redirects=True).status_code == 200


@pytest.mark.parametrize("path", ["/", "/flows", "/options"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_without_the_password_nothing_is_shown(stack: Stack, path: str, headers: dict[str, str]) -> None:
    """No password and a wrong one are refused."""
    assert get(stack, path, headers=headers) == 403


def test_any_password_survives_compose(images: None, tmp_path: Path) -> None:
    """Spaces, quotes, `$` and letters beyond ASCII, quoted in `.env` as `.env.example` says; and it is not printed."""
    env_file = tmp_path / ".env"
    env_file.write_text("MITM_PASSWORD='" + PASSWORD.replace("'", "\\'") + "'\n")
    stack = Stack(env_file=env_file)
    try:
        stack.up("proxy")
        assert get(stack, params={"token": PASSWORD}) == 200
        assert get(stack, params={"token": PASSWORD.replace("$$", "$")}) == 403
        assert "pass word" not in stack.logs("proxy")

        # The same from the user's shell, where nothing needs quoting for Compose.
        stack.env, stack.env_file = {"MITM_PASSWORD": PASSWORD + "2"}, Path("/dev/null")
        stack.up("proxy")
        assert get(stack, params={"token": PASSWORD + "2"}) == 200
        assert get(stack, params={"token": PASSWORD}) == 403

        secret = tmp_path / "password"
        secret.write_text("from a file\n")
        stack.env = {"MITM_PASSWORD_FILE": str(secret)}
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(folder.stat().st_mode | 0o001)
        stack.up("proxy")
        assert get(stack, params={"token": "from a file"}) == 200
    finally:
        stack.down("--volumes")


def test_the_password_is_in_no_arguments(stack: Stack) -> None:
    """Who can list processes does not learn it."""
    for service in ("proxy", "app", "offline-llm"):
        arguments = stack.exec(service, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout
        assert arguments
        assert stack.password not in arguments
        assert stack.password not in str(stack.inspect(service)["Config"])
