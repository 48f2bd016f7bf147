"""`make bench`: what the sidecar costs, beside going direct and beside mitmproxy as it comes, in one run.

Prints a Markdown table: each figure's median over the rounds, and its ratio to direct in the same rounds. The
subjects take turns within a round, so that a machine that gets slower does so for all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import trustme
from tornado.websocket import websocket_connect

from bench.client import Route
from bench.measures import MEASURES, Measure
from bench.subjects import NAMES, ROOT, Subject, free_port, subject, wait_for_port


async def measure(which: list[Measure], subjects: list[Subject], upstream: int) -> dict[tuple[str, str], list[float]]:
    figures: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in which:
        for turn in range(each.repeats):
            for it in subjects[turn % len(subjects) :] + subjects[: turn % len(subjects)]:
                figures[each.name, it.name].append(await each.run(Route(upstream, it.port, it.cafile), it))
    return figures


async def listen(it: Subject) -> None:
    """Be an open LLM page and an open mitmweb: listen to both feeds."""

    async def follow(path: str) -> None:
        feed = await websocket_connect(f"ws://{it.web}{path}?token={it.password}")
        while await feed.read_message() is not None:
            pass

    await asyncio.gather(follow("/llm/api/updates"), follow("/updates"))


async def run(which: list[Measure], subjects: list[Subject], upstream: int) -> dict[tuple[str, str], list[float]]:
    pages = [asyncio.create_task(listen(it)) for it in subjects if "page open" in it.name]
    try:
        return await measure(which, subjects, upstream)
    finally:
        for page in pages:
            page.cancel()


def table(which: list[Measure], names: list[str], figures: dict[tuple[str, str], list[float]]) -> str:
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for each in which:
        direct = figures.get((each.name, "direct"), [])
        cells = []
        for name in names:
            values = figures[each.name, name]
            value = statistics.median(values)
            ratios = [v / d for v, d in zip(values, direct, strict=False) if d]
            ratio = statistics.median(ratios) if ratios else math.nan
            shown = (
                ""
                if math.isnan(ratio) or name == "direct"
                else f" (x{ratio:.2g})"
                if ratio < 10
                else f" (x{ratio:.0f})"
            )
            cells.append("" if math.isnan(value) else f"{value:.3g}{shown}")
        lines.append(f"| {each.name}, {each.unit} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="measures whose name holds this")
    parser.add_argument("--subjects", default="", help="subjects whose name holds this, beside direct")
    options = parser.parse_args()
    which = [m for m in MEASURES if options.only in m.name]
    names = [n for n in NAMES if n == "direct" or options.subjects in n]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ca = trustme.CA()
        ca.cert_pem.write_to_path(str(folder / "ca.pem"))
        ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "cert.pem"))
        upstream = free_port()
        server = [sys.executable, "-m", "bench.upstream", str(upstream), str(folder / "cert.pem")]
        provider = subprocess.Popen(server, cwd=ROOT)
        stack.callback(provider.wait)
        stack.callback(provider.terminate)
        wait_for_port(upstream)
        subjects = [stack.enter_context(subject(n, folder / n.replace(", ", "-"), folder / "ca.pem")) for n in names]
        figures = asyncio.run(run(which, subjects, upstream))
    print(f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}\n")
    print(table(which, names, figures))


if __name__ == "__main__":
    main()
