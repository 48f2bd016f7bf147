"""How long a peer that guesses passwords has to wait, and that nobody else does."""

from __future__ import annotations

from llm_sidecar.guesses import Guesses


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_wait_grows_to_a_minute_and_ends() -> None:
    """Ten are free; then 1, 2, 4 ... 60 seconds after each further one. The right password ends it."""
    clock = Clock()
    guesses = Guesses(clock)
    waits = []
    for _ in range(20):
        waits.append(guesses.wait("a"))
        clock.now += waits[-1]
        guesses.wrong("a")
    assert waits == [0.0] * 10 + [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert guesses.wait("b") == 0
    guesses.right("a")
    assert guesses.wait("a") == 0


def test_ten_minutes_without_a_guess_are_forgotten() -> None:
    """A typing error now and then never adds up."""
    clock = Clock()
    guesses = Guesses(clock)
    for _ in range(50):
        guesses.wrong("a")
        clock.now += 601
    assert guesses.wait("a") == 0


def test_many_peers_do_not_fill_the_memory() -> None:
    """Of a thousand peers and more, the longest unseen are forgotten."""
    guesses = Guesses(Clock())
    for n in range(1200):
        for _ in range(11):
            guesses.wrong(str(n))
    assert guesses.wait("0") == 0
    assert guesses.wait("1199") > 0
