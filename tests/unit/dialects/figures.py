"""The figures of this folder's README, from the recorded exchanges: `python -m tests.unit.dialects.figures`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from llm_sidecar.dialects.reader import read
from tests.unit.dialects import test_oracles_google_aws as google_aws
from tests.unit.dialects.corpus import recorded
from tests.unit.dialects.test_oracles import ORACLES, compare


def main() -> None:
    """Prints four tables in Markdown."""
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    dialects: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, exchange in recorded():
        call = read(exchange)
        for figures in (kinds[row["api_kind"]], dialects[call.api if call else "none"]):
            figures["exchanges"] += 1
            figures["read"] += call is not None
            figures["streamed"] += bool(call and call.streamed)
            figures["answered"] += row["status"] < 300
            figures["with messages"] += bool(call and row["status"] < 300 and call.output_messages)
            figures["with usage"] += bool(call and row["status"] < 300 and call.usage)
    columns = ("exchanges", "read", "streamed", "answered", "with messages", "with usage")
    table("kind, guessed from the URL", columns, kinds)
    table("dialect", columns, dialects)
    table("streams of", ("the same", "different, explained", "the SDK gives up"), {k: compare(k) for k in ORACLES})
    outcomes = ("the same", "different, explained", "the oracle gives up")
    table("answers of", outcomes, {api: google_aws.compare(api) for api in google_aws.KINDS})


def table(title: str, columns: tuple[str, ...], rows: Mapping[str, Counter[str]]) -> None:
    print(f"| {title} |", " | ".join(columns), "|")
    print("|---|" + "---|" * len(columns))
    for name, figures in sorted(rows.items()):
        print(f"| {name} |", " | ".join(str(figures[column]) for column in columns), "|")
    print()


if __name__ == "__main__":
    main()
