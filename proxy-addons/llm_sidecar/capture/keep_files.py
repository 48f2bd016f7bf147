"""Kept flows on disk: one file for each, in mitmproxy's own format, so that `mitmweb -r FILE` reads it.

A file is written beside its place and moved there, so a crash leaves the whole flow or none of it. One worker
thread does all of it, in order; the disk may be slow, full or read-only, and the traffic does not notice.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mitmproxy import exceptions, flow
from mitmproxy.io import FlowReader, tnetstring

State = dict[str, Any]
"""What `Flow.get_state()` returns."""

SUFFIX = ".flow"
_DRAFT = ".new"
_ID = re.compile(r"[0-9a-f-]{36}")

logger = logging.getLogger(__name__)


class KeptFiles:
    """The folder of kept flows. `on_problem` is called in the worker thread: with the reason, or None once solved."""

    def __init__(self, folder: Path, on_problem: Callable[[str | None], None]) -> None:
        self._folder = folder
        self._on_problem = on_problem
        self._failed = False
        self._waiting: dict[int, int] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="keep")

    @property
    def behind(self) -> int:
        """Bytes that wait to be written: memory that a slow disk takes."""
        return sum(list(self._waiting.values()))

    def write(self, state: State, size: int) -> None:
        """`size` is about what the flow takes in memory."""
        key = id(state)
        self._waiting[key] = size
        self._worker.submit(self._try, self._write, state).add_done_callback(lambda _: self._waiting.pop(key, None))

    def remove(self, created: float, id: str) -> None:
        self._worker.submit(self._try, self._remove, self._path(created, id))

    def remove_all_but(self, ids: set[str]) -> None:
        """Remove also what could not be read."""
        keep = {_name(id) for id in ids}
        self._worker.submit(self._try, self._remove_all_but, keep)

    def read(self) -> Future[list[flow.Flow]]:
        """All kept flows, oldest first. One that cannot be read is left out, with a line in the log."""
        return self._worker.submit(lambda: list(self._read()))

    def close(self) -> None:
        """Wait until all is written."""
        self._worker.shutdown(wait=True)

    def _path(self, created: float, id: str) -> Path:
        return self._folder / f"{created:017.6f}.{_name(id)}{SUFFIX}"

    def _try(self, do: Callable[[Any], None], what: object) -> None:
        try:
            do(what)
        except OSError as e:
            self._failed = True
            self._on_problem(e.strerror or str(e))
        except Exception:
            logger.exception("A flow cannot be kept. The traffic is not affected.")
        else:
            if self._failed and do == self._write:
                self._failed = False
                self._on_problem(None)

    def _write(self, state: State) -> None:
        path = self._path(state["timestamp_created"], state["id"])
        draft = path.with_suffix(_DRAFT)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
                tnetstring.dump(state, f)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def _remove_all_but(self, keep: set[str]) -> None:
        for path in self._folder.glob("*"):
            if path.suffix == SUFFIX and path.stem.rpartition(".")[2] not in keep:
                path.unlink(missing_ok=True)

    def _read(self) -> Iterator[flow.Flow]:
        for path in sorted(self._folder.glob("*")):
            try:
                if path.suffix == _DRAFT:
                    path.unlink()
                elif path.suffix == SUFFIX:
                    with path.open("rb") as f:
                        yield from FlowReader(f).stream()
            except exceptions.FlowReadException as e:
                logger.warning(f"llm-sidecar: the kept flow {path.name} is left out, it cannot be read: {e}")
            except OSError as e:
                logger.warning(f"llm-sidecar: the kept flow {path.name} is left out: {e.strerror}")


def _name(id: str) -> str:
    """A flow's id as part of a file's name; one from a foreign file may be anything."""
    return id if _ID.fullmatch(id) else hashlib.sha256(id.encode(errors="surrogateescape")).hexdigest()
