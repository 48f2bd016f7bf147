"""Characters that do not show, made to show: what a model says may try to hide, or to turn text around.

Control characters become their pictures (␛), invisible and direction-changing ones their code points (⟨U+202E⟩).
Joiners and variation selectors stay: emoji and several scripts are written with them.
"""

from __future__ import annotations

import re
import unicodedata

from markupsafe import Markup, escape

_HIDDEN = re.compile(
    "(?:[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]|\r(?!\n))+"
)
_MOST_MARKED = 2000
"""Places that are marked up in one text; more than these are only made visible."""


def plain(text: str) -> str:
    """The text with every hidden character visible. Holds no lone surrogate, so it can be encoded."""
    return _HIDDEN.sub(lambda found: "".join(map(_picture, found[0])), text)


def marked(text: str) -> Markup:
    """As `plain`, for a page: escaped, and each such place set apart from the text, with its characters' names."""
    pieces: list[str] = []
    done = 0
    for number, found in enumerate(_HIDDEN.finditer(text)):
        if number == _MOST_MARKED:
            break
        names = escape(", ".join(dict.fromkeys(map(_name, found[0][:50]))))
        shown = "".join(map(_picture, found[0]))
        pieces.append(escape(text[done : found.start()]))
        pieces.append(f'<span class="hidden-char" title="{names}">{shown}</span>')
        done = found.end()
    pieces.append(escape(plain(text[done:])))
    # Every piece is escaped, or is made here of pictures and code points.
    return Markup("".join(pieces))  # noqa: S704


def _picture(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}"
