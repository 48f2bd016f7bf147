"""What counts as a CA file, and what the bundle made of them looks like."""

from __future__ import annotations

import datetime as dt
import re
import ssl
import stat
from pathlib import Path

import certifi
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from llm_sidecar.trust import bundle
from tests.authorities import Authority, key_pem, pem_of

CA = Authority("One")
OTHER = Authority("Two")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b" \n", "is empty", id="empty"),
        pytest.param(b"\x00\xff binary", "is not PEM", id="not PEM"),
        pytest.param("-----BEGIN CERTIFICATE-----".encode("utf-16"), "is not PEM", id="UTF-16"),
        pytest.param(CA.certificate.public_bytes(Encoding.DER), "is DER.*openssl x509", id="DER"),
        pytest.param(CA.pem[:300], "ends in the middle", id="half-written"),
        pytest.param(CA.pem + OTHER.pem[:300], "ends in the middle", id="second half-written"),
        pytest.param(CA.pem.replace(b"M", b"?", 1), "cannot be read", id="garbled"),
        pytest.param(CA.pem + key_pem(CA.key), "private key. Take the key out", id="key inside"),
        pytest.param(Authority("Old", days=-1).pem, r"expired on \d{4}-\d\d-\d\d \(CN=Old\)", id="expired"),
        pytest.param(pem_of(CA.leaf("host.example")[0]), r"not a CA \(CN=host.example\)", id="not a CA"),
        pytest.param(CA.pem + pem_of(CA.leaf("a.example")[0]), "not a CA", id="one of two is not"),
    ],
)
def test_refused_with_the_reason(data: bytes, reason: str) -> None:
    """Anything that is not wholly CA certificates is refused, and the message says what it is."""
    with pytest.raises(bundle.Refused, match=reason):
        bundle.read_cas(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf" + CA.pem + OTHER.pem, id="byte order mark"),
        pytest.param((CA.pem + OTHER.pem).replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(CA.pem.rstrip() + OTHER.pem.rstrip(), id="no newline between"),
        pytest.param(b"# comment\n" + CA.pem + b"trailing text\n" + OTHER.pem + CA.pem, id="comments, a duplicate"),
    ],
)
def test_oddities_are_cleaned(data: bytes) -> None:
    """What breaks some client in a bundle is harmless in a file that is put into `certs/`."""
    assert bundle.to_pem(bundle.read_cas(data)) == CA.pem + OTHER.pem


def test_not_valid_yet_is_left_to_openssl() -> None:
    """A CA from a machine whose clock is ahead is accepted: it counts once its time has come."""
    ahead = Authority("Ahead", starts=dt.datetime.now(dt.UTC) + dt.timedelta(hours=2))
    assert bundle.read_cas(ahead.pem)


def test_public_roots_join_cleanly(tmp_path: Path) -> None:
    """However the public roots end, the next certificate starts on its own line, and OpenSSL reads them all."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"\xef\xbb\xbf" + Path(certifi.where()).read_bytes().rstrip())
    joined = bundle.public_roots(roots) + CA.pem
    assert not re.search(rb"-----[^\n]+-----BEGIN", joined)
    assert not joined.startswith(b"\xef\xbb\xbf")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=joined.decode())
    assert {"commonName": "One"} in [dict(rdn[0] for rdn in c["subject"]) for c in context.get_ca_certs()]


def test_write_is_atomic_and_readable_by_all(tmp_path: Path) -> None:
    """A reader holding the old file keeps it whole; the new one has mode 0644; nothing else is left behind."""
    file = tmp_path / "ca.pem"
    assert bundle.write_atomically(file, b"old")
    with file.open("rb") as reader:
        assert bundle.write_atomically(file, b"new")
        assert reader.read() == b"old"
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert not bundle.write_atomically(file, b"new")
    assert [f.name for f in tmp_path.iterdir()] == ["ca.pem"]
