"""Hidden characters made visible."""

from __future__ import annotations

import html
import re
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from llm_sidecar.views.page.characters import marked, plain


def test_every_control_and_direction_character_shows() -> None:
    """No control character, line separator, surrogate or direction mark stays, beside newline and tab."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(character) in (
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
        ):  # fmt: skip
            assert (plain(character) == character) == (character in "\n\t"), f"U+{code:04X}"


def test_ordinary_text_is_left_alone() -> None:
    """Emoji, scripts from right to left and combining marks are no trick; a CR that ends a line is none either."""
    for text in ("\U0001f469\u200d\U0001f467 \u2764\ufe0f", "שלום עולם", "می‌خواهم", "e\u0301 ñ", "one\r\ntwo\n\tthree"):
        assert plain(text) == text


def test_a_mark_names_its_characters() -> None:
    """Set apart, with the names as a tooltip; what is markup in the text is escaped."""
    assert marked("<b>\x1b[1m\u202e") == (
        '&lt;b&gt;<span class="hidden-char" title="U+001B control character">␛</span>[1m'
        '<span class="hidden-char" title="U+202E RIGHT-TO-LEFT OVERRIDE">⟨U+202E⟩</span>'
    )


@given(st.text(st.characters(codec=None), max_size=60))
def test_no_text_escapes(text: str) -> None:
    """Whatever it is made of: the only tags are our own, it can be encoded, and it says what `plain` says."""
    shown = str(marked(text))
    inner = re.sub(r'<span class="hidden-char" title="[^"<>]*">([^<>]*)</span>', r"\1", shown)
    assert "<" not in inner
    assert html.unescape(inner) == html.unescape(html.escape(plain(text)))
    shown.encode()


def test_a_text_of_nothing_but_tricks_stays_small() -> None:
    """A megabyte of them does not become a page of a hundred."""
    assert len(marked("a\x1b" * 500_000)) < 2_000_000
