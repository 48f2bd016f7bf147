"""Numbers as people read them. What is unknown is an empty text, never a zero."""

from __future__ import annotations

from typing import Any


def count(number: Any) -> str:
    """A number of tokens or calls: exact up to 99,999, then 123k and 1.2M."""
    if not _is_number(number):
        return ""
    if abs(number) < 100_000:
        return f"{number:,.0f}"
    return f"{number / 1000:,.0f}k" if abs(number) < 1_000_000 else f"{number / 1_000_000:,.2f}M"


def money(dollars: Any) -> str:
    """US dollars, with as many places as it takes to tell calls apart."""
    if not _is_number(dollars):
        return ""
    if dollars >= 1 or dollars == 0:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else "<$0.0001"


def seconds(duration: Any) -> str:
    if not _is_number(duration):
        return ""
    if duration < 1:
        return f"{duration * 1000:.0f} ms"
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02} s"


def size(length: Any) -> str:
    """Bytes."""
    if not _is_number(length):
        return ""
    for unit in ("bytes", "KB", "MB"):
        if length < 1000 or unit == "MB":
            break
        length /= 1000
    return f"{length:.0f} bytes" if unit == "bytes" else f"{length:.1f} {unit}"


def percent(part: Any, whole: Any) -> str:
    if not (_is_number(part) and _is_number(whole) and whole > 0):
        return ""
    return f"{100 * part / whole:.0f} %"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
