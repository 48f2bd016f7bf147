"""What every decoder yields, and what every decoder does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """One element of a stream, its data still as it was on the wire."""

    data: bytes
    name: str = ""
    """SSE's `event`, AWS's `:event-type` or `:exception-type`; "" where the framing has none."""
    id: str = ""
    complete: bool = True
    """False for one that the end of the body cut off before its terminator."""
    error: bool = False
    """The framing itself marks this as an error (an AWS exception frame)."""


class Decoder(Protocol):
    """Takes a body in any pieces; the events do not depend on where it was cut. Never raises."""

    problem: str | None
    """Why decoding stopped early, in plain words; None while all is well."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""

    def finish(self) -> list[Event]:
        """What was left when the body ended, flagged as not complete."""
