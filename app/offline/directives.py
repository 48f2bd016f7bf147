"""What the offline model does on request: a line of the prompt that starts with `offline:`.

| words after `offline:` | effect |
|---|---|
| `status=429`           | an error of that status (400-599), in the provider's own shape |
| `retry-after=2`        | with `status`: the `retry-after` header, in seconds |
| `first-event=3s`       | waits that long before the first byte of the answer |
| `words=500`            | an answer of that many words (up to 5000), one event each when streaming |
| `cut`                  | the connection ends in the middle of the answer |
| `malformed`            | streaming: one event in the middle is not JSON; else: the body is not JSON |

Several may stand on one line: `offline: first-event=2s cut`. For embeddings, the line is in the input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.offline.errors import ProviderError

LINE = re.compile(r"^[ \t]*offline:(.*)$", re.MULTILINE)
NUMBERS = {"status": (400, 599), "retry-after": (0, 3600), "first-event": (0, 600), "words": (1, 5000)}
SWITCHES = ("cut", "malformed")


@dataclass(frozen=True, slots=True)
class Directive:
    """The line, read. Times in seconds; 0 where nothing was asked."""

    status: int = 0
    retry_after: float | None = None
    first_event: float = 0
    words: int = 0
    cut: bool = False
    malformed: bool = False

    def raise_for_status(self) -> None:
        """Raises the error that was asked for, if one was."""
        if self.status:
            headers = {} if self.retry_after is None else {"retry-after": f"{self.retry_after:g}"}
            raise ProviderError(self.status, f"the offline model answers {self.status}, as asked", headers)


def read_directive(prompt: str) -> Directive:
    """The prompt's directive; one without effect where there is no such line.

    Raises ProviderError (400) for a word that is not in the table, so that a typing error is not silent.
    """
    found = LINE.search(prompt)
    values: dict[str, float] = {}
    for word in found[1].split() if found else ():
        name, _, value = word.partition("=")
        number = re.fullmatch(r"(\d+(?:\.\d+)?)s?", value)
        if word in SWITCHES:
            values[word] = True
        elif name in NUMBERS and number and NUMBERS[name][0] <= float(number[1]) <= NUMBERS[name][1]:
            values[name] = float(number[1])
        else:
            ranges = ", ".join(f"{n}={low}..{high}" for n, (low, high) in NUMBERS.items())
            raise ProviderError(400, f"offline: {word!r} is not understood; use {ranges}, {' or '.join(SWITCHES)}")
    return Directive(
        status=int(values.get("status", 0)),
        retry_after=values.get("retry-after"),
        first_event=values.get("first-event", 0),
        words=int(values.get("words", 0)),
        cut="cut" in values,
        malformed="malformed" in values,
    )
