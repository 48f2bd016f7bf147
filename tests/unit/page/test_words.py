"""What changed inside a text."""

from __future__ import annotations

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from llm_sidecar.views.page.words import Piece, compare


def changed(pieces: list[Piece]) -> list[str]:
    return [piece.text.strip() for piece in pieces if piece.changed]


def test_single_words_are_marked() -> None:
    """No more than what was replaced, and whole words; numbers count as words."""
    before, after = compare("Answer in two short sentences at 0.2.", "Answer in one short sentence at 0.7.")
    assert changed(before) == ["two", "sentences", "0.2"]
    assert changed(after) == ["one", "sentence", "0.7"]


def test_long_sameness_is_left_out() -> None:
    """Of what is the same only the neighbourhood of the change is shown, and how much is not."""
    same = "word " * 1000
    before, after = compare(same + "old " + same, same + "new " + same)
    assert [piece.left_out for piece in before if piece.left_out] == [4700, 4701]
    assert changed(after) == ["new"]


def test_texts_with_nothing_in_common_are_marked_whole() -> None:
    """Not word by word, where only a few small words happen to be the same."""
    one = "The night train to Lisbon leaves at nine, and it needs no change of any kind."
    other = "Praia da Arrifana, Praia do Amado, and a broken leg counts"
    assert changed(compare(one, other)[0]) == [one]


@given(st.text("ab .\n", max_size=80), st.text("ab .\n", max_size=80))
def test_both_sides_can_be_read_in_full(before: str, after: str) -> None:
    """The pieces of a side are its text, and what is not marked is on the other side as well."""
    sides = compare(before, after)
    assert ["".join(piece.text for piece in side) for side in sides] == [before, after]
    same = ["".join(piece.text for piece in side if not piece.changed) for side in sides]
    assert same[0] == same[1]


def test_time_is_bounded() -> None:
    """Texts that make a matcher slow: repetition, shuffled words, a million characters."""
    words = [str(n % 140) for n in range(1500)]
    shuffled = random.Random(1).sample(words, len(words))
    cases = [
        ("x " * 700, "y x " * 700), (" ".join(words), " ".join(shuffled)), ("a" * 1_000_000, "a" * 999_999 + "b"),
        ("a\n" * 300_000, "b\na\n" * 150_000),
    ]  # fmt: skip
    for before, after in cases:
        start = time.process_time()
        compare(before, after)
        assert time.process_time() - start < 2
