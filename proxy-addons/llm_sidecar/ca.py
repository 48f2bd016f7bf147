"""The proxy's own CA: made for this installation, named after it, valid for a year at most and renewed in time.

mitmproxy would make one by itself, valid for ten years and called just "mitmproxy".
`python -m llm_sidecar.ca` removes it, so that the next start makes another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from llm_sidecar import settings
from llm_sidecar.trust import bundle

KEY_FILE = "mitmproxy-ca.pem"
"""Key and certificate, where mitmproxy looks for them."""
CERTIFICATE_FILE = "mitmproxy-ca-cert.pem"

_VALID = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=180)
"""Apps read the CA when they start, so it changes only when the proxy starts, and then early."""
_SKEW = timedelta(days=1)
_ORGANIZATION = "LLM sidecar, for development only"


def ensure(folder: Path, project: str, hosts: Sequence[str] = (), now: datetime | None = None) -> bool:
    """Make the CA in `folder` unless there is one that will do. True if a new one was made.

    With `hosts`, its certificates are worth something for these and their subdomains only (RFC 5280 name
    constraints). Raises OSError when it must be made and the folder cannot be written.
    """
    now = now or datetime.now(UTC)
    try:
        certificate = x509.load_pem_x509_certificate((folder / KEY_FILE).read_bytes())
        (folder / CERTIFICATE_FILE).read_bytes()
    except (OSError, ValueError):
        certificate = None
    if certificate is not None and _will_do(certificate, project, hosts, now):
        return False
    key = rsa.generate_private_key(65537, 2048)
    public = _certificate(key, project, hosts, now).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    reset(folder)
    bundle.write_atomically(folder / KEY_FILE, private + public, mode=0o600)
    bundle.write_atomically(folder / CERTIFICATE_FILE, public)
    return True


def reset(folder: Path) -> None:
    """Remove the CA in every form that mitmproxy may have written."""
    for file in folder.glob("mitmproxy-ca*"):
        file.unlink()


def _will_do(certificate: x509.Certificate, project: str, hosts: Sequence[str], now: datetime) -> bool:
    left = certificate.not_valid_after_utc - now
    return (
        certificate.subject == _name(project)
        and _constraints(certificate) == sorted(hosts)
        and certificate.not_valid_before_utc <= now
        and _RENEW_BEFORE < left <= _VALID
    )


def _constraints(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return []
    return sorted(str(name.value) for name in found.permitted_subtrees or ())


def _name(project: str) -> x509.Name:
    # X.520 allows a common name 64 characters.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"LLM sidecar of {project}"[:64]),
        ]
    )


def _certificate(key: rsa.RSAPrivateKey, project: str, hosts: Sequence[str], now: datetime) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(project))
        .issuer_name(_name(project))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now - _SKEW + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if hosts:
        permitted = [x509.DNSName(host) for host in hosts]
        builder = builder.add_extension(x509.NameConstraints(permitted, excluded_subtrees=None), critical=True)
    return builder.sign(key, hashes.SHA256())


def main() -> int:
    folder = settings.state_dir()
    try:
        reset(folder)
    except OSError as e:
        print(f"llm-sidecar: the CA in {folder} cannot be removed: {e.strerror}", file=sys.stderr)
        return 1
    print(
        "The CA is removed. Restart the proxy, which makes a new one, and then the apps, which read it as they start."
    )
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
