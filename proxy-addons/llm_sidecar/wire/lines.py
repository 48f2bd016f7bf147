"""Lines of a byte stream, however it is cut."""

from __future__ import annotations


class LineBuffer:
    """Splits at CR, LF and CRLF. A CR ends its line at once; an LF that follows in the next piece is part of it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete, without their ends."""
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        # A long line in many pieces is joined once, not at each piece.
        if b"\n" not in data and b"\r" not in data:
            if data:
                self._pieces.append(data)
            return []
        self._pieces.append(data)
        text = b"".join(self._pieces)
        lines = text.splitlines()
        self._after_cr = text.endswith(b"\r")
        self._pieces = [] if text.endswith((b"\r", b"\n")) else [lines.pop()]
        return lines

    def finish(self) -> bytes:
        """The line that had begun when the stream ended; b"" if none had."""
        rest, self._pieces = b"".join(self._pieces), []
        return rest
