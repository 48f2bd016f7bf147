"""The addon that publishes what clients need to trust the proxy, and keeps up with the user's own CAs."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import certifi
from cryptography import x509
from mitmproxy import command, ctx, exceptions
from mitmproxy.utils import asyncio_utils

from llm_sidecar import settings
from llm_sidecar.trust import bundle, upstream

CLIENT_FILES = Path(__file__).parent / "client"
"""What a client container needs beside the CA: published as it is here."""

_POLL_SECONDS = 1.0
"""Inotify does not see through the bind mounts of Docker Desktop; a look at a few files costs nothing."""

_CA = "mitmproxy-ca-cert.pem"
_BUNDLE = "ca-bundle.pem"

Snapshot = dict[Path, tuple[int, int, int]]
"""Modification time, size and inode of each file."""


class Trust:
    """Publishes the CA, the combined bundle and the drop-in's files; trusts the CAs in `certs/` upstream."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        """File name -> why it was refused. A refused file changes nothing."""
        self.names: dict[str, list[str]] = {}
        """File name -> the subjects of the CAs that are trusted because of it."""
        self._seen: Snapshot | None = None
        self._watcher: asyncio.Task[None] | None = None

    def running(self) -> None:
        try:
            self._publish_client_files()
            self._refresh()
        except (OSError, bundle.Refused) as e:
            # An error while it starts ends mitmproxy: what waits for a healthy proxy must not wait for this one.
            logging.error(
                f"llm-sidecar: nothing is published to {settings.public_dir()}, so no app can trust the proxy: {e}"
            )
            return
        ctx.options.update(
            ssl_verify_upstream_trusted_ca=certifi.where(),
            ssl_verify_upstream_trusted_confdir=str(self._upstream),
        )
        self._watcher = asyncio_utils.create_task(self._watch(), name="watch extra CAs", keep_ref=False)

    def done(self) -> None:
        if self._watcher:
            self._watcher.cancel()

    @command.command("ssl.clear")
    def ssl_clear(self) -> str:
        """Forget cached TLS contexts, so that the next upstream connection reads the CA files again."""
        upstream.forget()
        self._refresh()
        return "TLS contexts cleared"

    @command.command("llm.ca.add")
    def add(self, pem: str) -> str:
        """Trust the CA in this PEM text, or in the file at this path, upstream and in the bundle. Returns its name."""
        try:
            cas = bundle.read_cas(pem.encode() if "-----BEGIN" in pem else Path(pem).read_bytes())
        except OSError as e:
            raise exceptions.CommandError(f"neither PEM text nor a file that the proxy can read: {e}") from None
        except bundle.Refused as e:
            raise exceptions.CommandError(f"refused as a CA file, nothing is changed: it {e}.") from None
        text = bundle.to_pem(cas)
        name = f"{hashlib.sha256(text).hexdigest()[:16]}.pem"
        self._posted.mkdir(exist_ok=True)
        bundle.write_atomically(self._posted / name, text)
        self._refresh()
        return name

    @command.command("llm.ca.remove")
    def remove(self, name: str) -> str:
        """No longer trust a CA that `llm.ca.add` returned this name for."""
        file = self._posted / Path(name).name
        if not file.is_file():
            raise exceptions.CommandError(
                f"no CA was added as {name!r}: llm.ca.list shows the names. A file in certs/ is removed by deleting it."
            )
        file.unlink()
        self._refresh()
        return f"{name} is no longer trusted"

    @command.command("llm.ca.list")
    def describe(self) -> Sequence[str]:
        """The extra CAs and the refused files, one line each."""
        trusted = [f"{name}: {subject}" for name, subjects in self.names.items() for subject in subjects]
        return trusted + [f"{name}: refused, it {why}" for name, why in self.problems.items()]

    @property
    def _upstream(self) -> Path:
        return settings.state_dir() / "upstream-cas"

    @property
    def _posted(self) -> Path:
        return settings.state_dir() / "posted-cas"

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                if self._snapshot() != self._seen:
                    self._refresh()
            except Exception as e:
                # The disk may be full for a moment; the watch must outlive that.
                logging.error(f"llm-sidecar: the extra CAs could not be read again: {e}")

    def _files(self) -> list[Path]:
        folders = (settings.certs_dir(), self._posted)
        return sorted(f for folder in folders for f in folder.glob("*") if f.suffix in (".pem", ".crt"))

    def _snapshot(self) -> Snapshot:
        seen: Snapshot = {}
        for file in self._files():
            try:
                stat = file.stat()
            except OSError:
                seen[file] = (0, 0, 0)
            else:
                seen[file] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return seen

    def _refresh(self) -> None:
        """Read the extra CAs again, and let the bundle and the upstream folder follow."""
        self._seen = self._snapshot()
        cas: list[x509.Certificate] = []
        names: dict[str, list[str]] = {}
        problems: dict[str, str] = {}
        for file in self._seen:
            try:
                found = bundle.read_cas(file.read_bytes())
            except bundle.Refused as e:
                problems[file.name] = f"{e}."
            except OSError as e:
                problems[file.name] = f"cannot be read: {e.strerror}."
            else:
                cas += found
                names[file.name] = [c.subject.rfc4514_string() for c in found]
        self._log(names, problems)
        self.names, self.problems = names, problems
        upstream.install(self._upstream, cas)
        own = bundle.read_cas((settings.state_dir() / _CA).read_bytes())
        public = settings.public_dir()
        everything = bundle.public_roots(Path(certifi.where())) + bundle.to_pem([*own, *cas])
        bundle.write_atomically(public / _BUNDLE, everything)
        # Last: whoever waits for the CA finds the bundle too.
        bundle.write_atomically(public / _CA, bundle.to_pem(own))

    def _log(self, names: dict[str, list[str]], problems: dict[str, str]) -> None:
        for name in names.keys() - self.names.keys():
            logging.info(f"llm-sidecar: trusts {name} upstream: {', '.join(names[name])}")
        for name in self.names.keys() - names.keys():
            logging.info(f"llm-sidecar: no longer trusts {name}")
        for name, why in problems.items():
            if self.problems.get(name) != why:
                logging.warning(f"llm-sidecar: {name} is refused as a CA file and changes nothing: it {why}")

    def _publish_client_files(self) -> None:
        public = settings.public_dir()
        for file in sorted(CLIENT_FILES.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                target = public / file.relative_to(CLIENT_FILES)
                target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                bundle.write_atomically(target, file.read_bytes())
