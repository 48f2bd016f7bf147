"""The user's own CAs: trusted upstream from the next connection on, without a restart, and no longer once removed."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import certifi
import httpx
import pytest

from tests.authorities import Authority, key_pem
from tests.conftest import Sidecar, wait_for


class Private:
    """An https server whose certificate comes from a CA that nobody else knows."""

    def __init__(self, folder: Path) -> None:
        self.ca = Authority("Private CA")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        context = self.ca.server_context(folder, "localhost", "127.0.0.1")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.stop = server.shutdown
        self.url = f"https://localhost:{server.server_port}/"


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Private]:
    it = Private(tmp_path)
    yield it
    it.stop()


def trusted(sidecar: Sidecar, url: str) -> bool:
    """Whether one request over a new connection through the proxy is answered, which an untrusted upstream is not."""
    with sidecar.client() as client:
        try:
            return client.head(url).is_success
        except (httpx.ProxyError, httpx.RemoteProtocolError):
            return False


def command(sidecar: Sidecar, name: str, *arguments: str) -> dict:
    with sidecar.api() as api:
        return api.post(f"/commands/{name}", json={"arguments": arguments}).raise_for_status().json()


def problems(sidecar: Sidecar) -> dict[str, str]:
    with sidecar.api() as api:
        return api.get("/llm/api/trust").json()["refused"]


def test_a_file_in_certs_counts_while_it_is_there(sidecar: Sidecar, private: Private) -> None:
    """Dropped in: trusted upstream and in the bundle. Deleted: neither."""
    assert not trusted(sidecar, private.url)
    file = sidecar.certs / "private.pem"
    file.write_bytes(private.ca.pem)
    try:
        wait_for(lambda: trusted(sidecar, private.url), what="the CA is trusted")
        assert private.ca.pem in sidecar.bundle.read_bytes()
    finally:
        file.unlink()
    wait_for(lambda: not trusted(sidecar, private.url), what="the CA is no longer trusted")
    assert private.ca.pem not in sidecar.bundle.read_bytes()


def test_a_replaced_file_counts(sidecar: Sidecar, private: Private) -> None:
    """A CA that was rotated under the same name and subject: the new one is trusted, the old one is not."""
    file = sidecar.certs / "rotated.pem"
    file.write_bytes(Authority("Private CA").pem)
    try:
        wait_for(lambda: file.read_bytes() in sidecar.bundle.read_bytes(), what="the first CA is in the bundle")
        assert not trusted(sidecar, private.url)
        file.write_bytes(private.ca.pem)
        wait_for(lambda: trusted(sidecar, private.url), what="the second CA is trusted")
    finally:
        file.unlink()


def test_two_cas_of_one_name(sidecar: Sidecar, private: Private) -> None:
    """OpenSSL looks CAs up by a hash of the name; a stale one of the same name hides no other."""
    files = {sidecar.certs / "a.pem": Authority("Private CA").pem, sidecar.certs / "b.crt": private.ca.pem}
    try:
        for file, pem in files.items():
            file.write_bytes(pem)
        wait_for(lambda: trusted(sidecar, private.url), what="both are looked at")
    finally:
        for file in files:
            file.unlink()


def test_posted_and_removed_by_command(sidecar: Sidecar, private: Private) -> None:
    """`llm.ca.add` takes PEM text and returns a name; what `llm.ca.remove` takes away is gone at once."""
    name = command(sidecar, "llm.ca.add", private.ca.pem.decode())["value"]
    assert trusted(sidecar, private.url)
    assert f"{name}: CN=Private CA" in command(sidecar, "llm.ca.list")["value"]
    command(sidecar, "llm.ca.remove", name)
    assert not trusted(sidecar, private.url)
    assert "no CA was added as" in command(sidecar, "llm.ca.remove", name)["error"]


def test_a_posted_ca_survives_a_restart(tmp_path: Path, private: Private) -> None:
    """What was posted is kept with the proxy's state."""
    sidecar = Sidecar(tmp_path / "own")
    with sidecar.run():
        command(sidecar, "llm.ca.add", private.ca.pem.decode())
    with sidecar.run():
        assert trusted(sidecar, private.url)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not PEM at all", "not PEM"),
        (Authority().pem + key_pem(Authority().key), "private key"),
        (Authority(days=-1).pem, "expired"),
        (Authority().pem[:400], "ends in the middle"),
    ],
)
def test_a_bad_file_is_refused_and_changes_nothing(sidecar: Sidecar, content: bytes, reason: str) -> None:
    """The log and the list say which file and why, once; the bundle stays as it was, and so does what is trusted."""
    before = sidecar.bundle.read_bytes()
    file = sidecar.certs / f"bad-{len(content)}.pem"
    file.write_bytes(content)
    try:
        wait_for(lambda: reason in problems(sidecar).get(file.name, ""), what="the refusal")
        assert sidecar.bundle.read_bytes() == before
        assert sidecar.log.count(f"{file.name} is refused") == 1
    finally:
        file.unlink()
    wait_for(lambda: file.name not in problems(sidecar), what="a removed file is no problem")


def test_bad_text_is_refused(sidecar: Sidecar) -> None:
    """The command's error carries the reason, for a script to show."""
    assert (
        "private key" in command(sidecar, "llm.ca.add", (Authority().pem + key_pem(Authority().key)).decode())["error"]
    )
    assert "neither PEM text nor a file" in command(sidecar, "llm.ca.add", "/does/not/exist")["error"]


def test_half_written_file_counts_once_it_is_whole(sidecar: Sidecar, private: Private) -> None:
    """A file that is caught while being copied is refused, then accepted, with nobody touching it again."""
    file = sidecar.certs / "slow.pem"
    with file.open("wb") as f:
        f.write(private.ca.pem[:300])
        f.flush()
        try:
            wait_for(lambda: "slow.pem" in problems(sidecar), what="the refusal")
            f.write(private.ca.pem[300:])
            f.flush()
            wait_for(lambda: trusted(sidecar, private.url), what="the CA is trusted")
        finally:
            file.unlink()


def test_ssl_clear(sidecar: Sidecar, private: Private) -> None:
    """The article's command: reads the CA files again, now."""
    file = sidecar.certs / "cleared.pem"
    file.write_bytes(private.ca.pem)
    try:
        assert command(sidecar, "ssl.clear") == {"value": "TLS contexts cleared"}
        assert trusted(sidecar, private.url)
    finally:
        file.unlink()


def test_public_material_only(sidecar: Sidecar) -> None:
    """What apps may read holds no key, and everybody may read it."""
    files = [f for f in sidecar.public.rglob("*") if f.is_file()]
    assert {"mitmproxy-ca-cert.pem", "ca-bundle.pem", "doctor.py", "doctor.js", "node.cjs"} <= {f.name for f in files}
    for file in files:
        assert b"PRIVATE KEY" not in file.read_bytes()
        assert file.stat().st_mode & 0o044 == 0o044


def test_without_a_place_to_publish_it_does_not_run(tmp_path: Path) -> None:
    """SDKs fail at once where SSL_CERT_FILE names no file; so what cannot publish it ends, and says why."""
    it = Sidecar(tmp_path / "own")
    (it.public / "ca-bundle.pem").mkdir(parents=True)
    with it.run(wait=False):
        wait_for(lambda: it.process is not None and it.process.poll() is not None, 30, "the proxy ends")
        assert it.process.returncode != 0
    assert f"nothing is published to {it.public}" in it.log


def test_bundle_keeps_the_public_roots_and_passes_strict_checks(sidecar: Sidecar) -> None:
    """SSL_CERT_FILE replaces the roots, so all are in it; and Python 3.13's strict checks accept CA and leaf."""
    trust = ssl.create_default_context(cafile=str(sidecar.bundle))
    public = ssl.create_default_context(cafile=certifi.where())
    assert {c["serialNumber"] for c in public.get_ca_certs()} < {c["serialNumber"] for c in trust.get_ca_certs()}
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    with httpx.Client(proxy=sidecar.proxy, verify=trust, trust_env=False) as client:
        assert client.get("https://strict.doctor.llm-sidecar.invalid/").status_code == 200
