"""The figures of this folder's README, from the recorded exchanges: `python -m tests.unit.dialects.figures`."""

from __future__ import annotations

from collections import Counter, defaultdict

from llm_sidecar.dialects.reader import read
from tests.unit.dialects.corpus import recorded
from tests.unit.dialects.test_oracles import ORACLES, compare


def main() -> None:
    """Prints two tables in Markdown."""
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, exchange in recorded():
        call, figures = read(exchange), kinds[row["api_kind"]]
        figures["exchanges"] += 1
        figures["read"] += call is not None
        figures["answered"] += row["status"] < 300
        figures["with messages"] += bool(call and row["status"] < 300 and call.output_messages)
        figures["with usage"] += bool(call and row["status"] < 300 and call.usage)
    columns = ("exchanges", "read", "answered", "with messages", "with usage")
    print("| kind, guessed from the URL |", " | ".join(columns), "|")
    print("|---|" + "---|" * len(columns))
    for kind, figures in sorted(kinds.items()):
        print(f"| {kind} |", " | ".join(str(figures[column]) for column in columns), "|")
    outcomes = ("the same", "different, explained", "the SDK gives up")
    print("\n| streams of |", " | ".join(outcomes), "|")
    print("|---|" + "---|" * len(outcomes))
    for kind in ORACLES:
        figures = compare(kind)
        print(f"| {kind} |", " | ".join(str(figures[outcome]) for outcome in outcomes), "|")


if __name__ == "__main__":
    main()
