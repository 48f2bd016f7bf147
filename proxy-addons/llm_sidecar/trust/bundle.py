"""CA files: reading them with suspicion, and joining them into the bundle that clients trust.

Everything is re-encoded from the parsed certificates. A byte order mark, CRLF, comments or a missing newline
between two certificates, each of which breaks some client, therefore never reach the bundle.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_BLOCK = re.compile(_BEGIN + rb".+?-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class Refused(ValueError):
    """A file that cannot serve as a CA file. The message completes the sentence "the file ..."."""


def read_cas(data: bytes, now: datetime | None = None) -> list[x509.Certificate]:
    """The CA certificates in the content of a PEM file.

    Refused when any part of it is not what a CA file holds: the user meant something else, and half of a
    file is never what they meant. A certificate that is not valid yet passes: OpenSSL looks at the clock
    on each connection, so it begins to count by itself.
    """
    now = now or datetime.now(UTC)
    if _PRIVATE_KEY.search(data):
        raise Refused("contains a private key. Take the key out; only the certificate belongs here")
    blocks = _BLOCK.findall(data)
    if not blocks or len(blocks) != data.count(_BEGIN):
        raise Refused(_why_not_pem(data))
    return [_read_ca(block, now) for block in blocks]


def to_pem(certificates: Iterable[x509.Certificate]) -> bytes:
    """The certificates as PEM, each once, each ending in a newline."""
    return b"".join(dict.fromkeys(c.public_bytes(Encoding.PEM) for c in certificates))


def public_roots(file: Path) -> bytes:
    """A bundle of public roots that can be put before others: without byte order mark, ending in a newline."""
    return file.read_bytes().removeprefix(b"\xef\xbb\xbf").rstrip() + b"\n"


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> bool:
    """Replace a file so that no reader ever sees half of it. False when it had that content already."""
    try:
        if path.read_bytes() == data:
            return False
    except OSError:
        pass
    fd, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as f:
            f.write(data)
        os.chmod(draft, mode)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    return True


def _why_not_pem(data: bytes) -> str:
    if not data.strip():
        return "is empty"
    if _BEGIN in data:
        return "ends in the middle of a certificate. Copy it again"
    try:
        x509.load_der_x509_certificate(data)
    except ValueError:
        return "is not PEM: it has no BEGIN CERTIFICATE line"
    return "is DER, not PEM. Convert it: openssl x509 -inform der -in FILE -out FILE.pem"


def _read_ca(block: bytes, now: datetime) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(block)
        subject = certificate.subject.rfc4514_string() or "without a name"
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        constraints = None
    except ValueError as e:
        raise Refused(f"has a certificate that cannot be read: {e}") from None
    if constraints is None or not constraints.ca:
        raise Refused(
            f"has a certificate that is not a CA ({subject}). Take the one that signed it: its basic constraints "
            "say CA:TRUE"
        )
    if certificate.not_valid_after_utc < now:
        raise Refused(
            f"has a CA that expired on {certificate.not_valid_after_utc:%Y-%m-%d} ({subject}). "
            "Get its successor, or check the clock"
        )
    return certificate
