"""The CAs that the proxy trusts upstream beside the public roots, as OpenSSL reads them from a folder.

mitmproxy trusts `ssl_verify_upstream_trusted_ca` and, in addition, what lies in
`ssl_verify_upstream_trusted_confdir` under the names that `openssl rehash` gives: `<hash of subject>.<n>`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import OpenSSL.crypto
from cryptography import x509
from mitmproxy.net import tls

from llm_sidecar.trust import bundle


def install(folder: Path, certificates: Iterable[x509.Certificate]) -> None:
    """Make the folder hold exactly these CAs. Counts from the next upstream connection on."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: Counter[str] = Counter()
    names = set()
    for certificate in dict.fromkeys(certificates):
        subject = f"{OpenSSL.crypto.X509.from_cryptography(certificate).subject_name_hash():08x}"
        name = f"{subject}.{taken[subject]}"
        taken[subject] += 1
        names.add(name)
        bundle.write_atomically(folder / name, bundle.to_pem([certificate]))
    for stale in folder.iterdir():
        if stale.name not in names:
            stale.unlink()
    forget()


def forget() -> None:
    """Drop mitmproxy's cached TLS contexts: OpenSSL keeps each CA it has once found in the folder."""
    tls.create_proxy_server_context.cache_clear()
