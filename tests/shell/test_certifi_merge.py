"""entrypoint.sh merges the CA into certifi's file: the roots stay, the original is kept, no merge adds to another."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.shell.entrypoint import Run, call, call_as_nobody

ROOTS = "# Label: a public root\n-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"
CA = "-----BEGIN CERTIFICATE-----\nproxy\n-----END CERTIFICATE-----\n"
MARK = "# Added by entrypoint.sh of the LLM sidecar\n"


@pytest.fixture
def certifi(tmp_path: Path) -> Path:
    """A file such as certifi's, in its own folder."""
    file = tmp_path / "certifi" / "cacert.pem"
    file.parent.mkdir()
    file.write_text(ROOTS)
    return file


@pytest.fixture
def merge(certifi: Path, tmp_path: Path) -> Callable[[str], Run]:
    """`merge(ca)` merges a CA into that file."""

    def run(ca: str) -> Run:
        (tmp_path / "ca.pem").write_text(ca)
        return call("merge_certifi", certifi, tmp_path / "ca.pem")

    return run


def test_merge_appends_and_keeps_the_original(certifi: Path, merge: Callable[[str], Run]) -> None:
    """The public roots stay first, the CA follows, and the original lies beside it."""
    merge(CA)
    assert certifi.read_text() == ROOTS + MARK + CA
    assert certifi.with_name("cacert.pem.original").read_text() == ROOTS
    assert stat.S_IMODE(certifi.stat().st_mode) == 0o644
    assert len(list(certifi.parent.iterdir())) == 2


def test_merge_is_idempotent(certifi: Path, merge: Callable[[str], Run]) -> None:
    """A restart changes nothing."""
    merge(CA)
    merge(CA)
    assert certifi.read_text() == ROOTS + MARK + CA
    assert certifi.with_name("cacert.pem.original").read_text() == ROOTS


def test_merge_of_a_new_ca_replaces_the_old(certifi: Path, merge: Callable[[str], Run]) -> None:
    """After `down -v` the proxy has a new CA; the old one is no longer trusted."""
    merge(CA)
    merge(CA.replace("proxy", "other"))
    assert certifi.read_text() == ROOTS + MARK + CA.replace("proxy", "other")


def test_merge_of_pems_without_a_final_newline(certifi: Path, merge: Callable[[str], Run]) -> None:
    """No two certificates ever share a line, and the original stays as it was, byte for byte."""
    certifi.write_text(ROOTS.rstrip("\n"))
    merge(CA.rstrip("\n"))
    assert certifi.read_text() == ROOTS + MARK + CA
    assert certifi.with_name("cacert.pem.original").read_text() == ROOTS.rstrip("\n")


def test_merge_after_an_upgrade_of_certifi(certifi: Path, merge: Callable[[str], Run]) -> None:
    """New public roots become the original: no merge brings the old ones back."""
    merge(CA)
    certifi.write_text("new " + ROOTS)
    merge(CA)
    assert certifi.read_text() == "new " + ROOTS + MARK + CA
    assert certifi.with_name("cacert.pem.original").read_text() == "new " + ROOTS


def test_merge_through_a_link(certifi: Path, merge: Callable[[str], Run], tmp_path: Path) -> None:
    """As in the app's image: the file is a link into a tmpfs, empty at each start, and only that folder is written."""
    certifi.rename(certifi.with_name("cacert.pem.original"))
    (tmp_path / "tmpfs").mkdir()
    certifi.symlink_to(tmp_path / "tmpfs" / "cacert.pem")
    for _ in range(2):
        merge(CA)
        assert certifi.is_symlink()
        assert certifi.read_text() == ROOTS + MARK + CA
        assert certifi.with_name("cacert.pem.original").read_text() == ROOTS
        assert [file.name for file in (tmp_path / "tmpfs").iterdir()] == ["cacert.pem"]


def test_merge_replaces_the_file_in_one_step(certifi: Path, merge: Callable[[str], Run]) -> None:
    """Who has the file open goes on reading the old one: it is replaced, never rewritten in place."""
    with certifi.open() as reader:
        merge(CA)
        assert reader.read() == ROOTS


def test_merge_without_an_original_never_loses_the_roots(certifi: Path, merge: Callable[[str], Run]) -> None:
    """A merged file whose original was deleted stays as it is, with a message."""
    merge(CA)
    certifi.with_name("cacert.pem.original").unlink()
    run = merge(CA.replace("proxy", "other"))
    assert certifi.read_text() == ROOTS + MARK + CA
    assert "cacert.pem" in run.stderr


def test_merge_where_nothing_can_be_written(certifi: Path, tmp_path: Path) -> None:
    """It says what will not work and what to do, and goes on: most clients trust the bundle all the same."""
    (tmp_path / "ca.pem").write_text(CA)
    certifi.parent.chmod(0o555)
    run = call_as_nobody(tmp_path, "merge_certifi", certifi, tmp_path / "ca.pem")
    certifi.parent.chmod(0o755)
    assert run.returncode == 0
    assert f"cannot be merged into {certifi}" in run.stderr
    assert "tmpfs" in run.stderr
    assert certifi.read_text() == ROOTS


def test_certifi_is_found_past_a_shim(tmp_path: Path) -> None:
    """A certifi on PYTHONPATH, as a shim may put there, is not the one that is merged into."""
    (tmp_path / "certifi.py").write_text("print('shim')")
    python = ROOT / ".venv" / "bin"
    run = call("certifi_file", PYTHONPATH=str(tmp_path), PATH=f"{python}:/usr/bin:/bin")
    assert run.stdout.endswith("site-packages/certifi/cacert.pem\n")
