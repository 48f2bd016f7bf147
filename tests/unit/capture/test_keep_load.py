"""How kept flows come back: into the view, announced once, and with no hook that would treat them as new."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from mitmproxy import flow, options
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow
from mitmproxy.tools.web.master import WebMaster

from llm_sidecar.capture.keep import INTERRUPTED, Keep


class Witness:
    def __init__(self) -> None:
        self.hooks: list[str] = []
        self.loaded: list[str] = []

    def flows_loaded(self, flows: Sequence[flow.Flow]) -> None:
        self.loaded += [f.id for f in flows]

    def requestheaders(self, flow: flow.Flow) -> None:
        self.hooks.append("requestheaders")

    def response(self, flow: flow.Flow) -> None:
        self.hooks.append("response")


def test_kept_flows_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, as they were; one that was in flight says that it was interrupted. Nothing is written again."""
    monkeypatch.setenv("LLM_SIDECAR_STATE", str(tmp_path))
    ended, in_flight = tflow.tflow(resp=True), tflow.tflow(resp=True)
    ended.timestamp_created, in_flight.timestamp_created = 1.0, 2.0
    in_flight.response.timestamp_end = None
    in_flight.intercept()

    async def load() -> tuple[WebMaster, Witness]:
        master, witness = WebMaster(options.Options(), with_termlog=False), Witness()
        master.addons.add(keep := Keep(), witness)
        keep.running()
        async with asyncio.timeout(10):
            while not witness.loaded:
                await asyncio.sleep(0.01)
        keep.done()
        return master, witness

    (tmp_path / "flows").mkdir()
    for n, each in enumerate((in_flight, ended)):
        FlowWriter(file := io.BytesIO()).add(each)
        (tmp_path / "flows" / f"{2 - n}.flow").write_bytes(file.getvalue())
    before = {f.name: f.read_bytes() for f in (tmp_path / "flows").iterdir()}

    master, witness = asyncio.run(load())
    assert [f.id for f in master.view] == witness.loaded == [ended.id, in_flight.id]
    assert witness.hooks == []
    assert master.view[0].error is None
    assert master.view[1].error.msg == INTERRUPTED
    assert not master.view[1].intercepted
    after = {f.name: f.read_bytes() for f in (tmp_path / "flows").iterdir()}
    assert after == before
    assert [f.id for f in FlowReader(io.BytesIO(after["1.flow"])).stream()] == [ended.id]
