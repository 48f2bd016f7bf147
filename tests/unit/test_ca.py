"""The CA: whose it is, how long it lasts, when it is replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from mitmproxy.certs import CertStore

from llm_sidecar import ca

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def certificate(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / ca.CERTIFICATE_FILE).read_bytes())


def test_its_name_says_what_it_is_and_for_which_project(tmp_path: Path) -> None:
    """In a certificate's details one reads that it is for development, and whose; however long that name is."""
    ca.ensure(tmp_path, "my-shop", now=NOW)
    subject = certificate(tmp_path).subject.rfc4514_string()
    assert "CN=LLM sidecar of my-shop" in subject
    assert "for development only" in subject
    ca.ensure(tmp_path, "x" * 100, now=NOW)


def test_it_lasts_a_year_at_most(tmp_path: Path) -> None:
    """And is valid at once where a client's clock is behind by hours."""
    ca.ensure(tmp_path, "p", now=NOW)
    made = certificate(tmp_path)
    assert made.not_valid_after_utc - made.not_valid_before_utc <= timedelta(days=365)
    assert made.not_valid_before_utc <= NOW - timedelta(hours=12)


@pytest.mark.parametrize(
    ("days", "renewed"), [(0, False), (180, False), (190, True), (364, True), (500, True), (-2, True)]
)
def test_it_is_renewed_before_it_ends(tmp_path: Path, days: int, renewed: bool) -> None:
    """At a start in its second half; and when the clock says that it is not valid yet."""
    ca.ensure(tmp_path, "p", now=NOW)
    assert ca.ensure(tmp_path, "p", now=NOW + timedelta(days=days)) is renewed


def test_another_project_or_other_hosts_make_another(tmp_path: Path) -> None:
    """Nothing else does."""
    assert ca.ensure(tmp_path, "p", now=NOW)
    assert not ca.ensure(tmp_path, "p", now=NOW)
    assert ca.ensure(tmp_path, "q", now=NOW)
    assert ca.ensure(tmp_path, "q", ["openai.com", "anthropic.com"], now=NOW)
    assert not ca.ensure(tmp_path, "q", ["anthropic.com", "openai.com"], now=NOW)
    assert ca.ensure(tmp_path, "q", ["openai.com"], now=NOW)


@pytest.mark.parametrize("broken", [b"", b"nonsense", None])
def test_a_broken_or_missing_file_is_replaced(tmp_path: Path, broken: bytes | None) -> None:
    """Also when the certificate without its key is left."""
    ca.ensure(tmp_path, "p", now=NOW)
    if broken is None:
        (tmp_path / ca.KEY_FILE).unlink()
    else:
        (tmp_path / ca.KEY_FILE).write_bytes(broken)
    assert ca.ensure(tmp_path, "p", now=NOW)
    assert not ca.ensure(tmp_path, "p", now=NOW)


def test_mitmproxys_own_is_replaced_whole(tmp_path: Path) -> None:
    """One that mitmproxy made, valid for ten years, goes in all its forms."""
    CertStore.create_store(tmp_path, "mitmproxy", 2048)
    assert ca.ensure(tmp_path, "p", now=datetime.now(UTC))
    assert {f.name for f in tmp_path.glob("mitmproxy-ca*")} == {ca.KEY_FILE, ca.CERTIFICATE_FILE}


def test_its_key_is_private(tmp_path: Path) -> None:
    """Mode 0600, and only in the one file."""
    ca.ensure(tmp_path, "p", now=NOW)
    assert (tmp_path / ca.KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in (tmp_path / ca.CERTIFICATE_FILE).read_bytes()
