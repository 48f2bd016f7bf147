"""What `q` finds."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_sidecar.query import QueryError, parse
from llm_sidecar.row import Row
from llm_sidecar.runs import Place


def row(text: str = "", tools: tuple[str, ...] = (), run: str = "r1", retry: bool = False, **fields: Any) -> Row:
    dotted = {name.replace("__", "."): value for name, value in fields.items()}
    return Row("id", 0.0, dotted, Place(run, retry=retry), "", "", "", tools, text.lower())


CALL = row(
    "Life, the Universe and everything",
    tools=("add_numbers",),
    gen_ai__request__model="gpt-5",
    gen_ai__response__model="gpt-5-2026-01-01",
    gen_ai__provider__name="openai",
    gen_ai__request__stream=True,
    http__response__status_code=429,
    error__type="rate_limit",
    duration=2.5,
    llm_sidecar__cost_usd=0.02,
    llm_sidecar__incomplete=True,
    url__full="https://api.openai.com/v1/chat/completions",
)


@pytest.mark.parametrize(
    "q",
    [
        "",
        "  ",
        "life",
        "UNIVERSE life",
        '"the universe"',
        '"the universe',
        "https://api.openai.com",
        "model:gpt-5",
        "model:2026",
        "Model:GPT",
        "provider:openai",
        "tool:add",
        "status:429",
        "status:4xx",
        "run:r1",
        "is:error",
        "is:incomplete",
        "is:streaming",
        "slower:2s",
        "slower:2400ms",
        "cost:>0.01",
        "cost:<1",
        "cost:$0.02",
        "life model:gpt is:error",
    ],
)
def test_it_finds(q: str) -> None:
    """Words, phrases and operators, all of which must fit."""
    assert parse(q)(CALL)


@pytest.mark.parametrize(
    "q",
    ["death", '"universe the"', "model:claude", "provider:anthropic", "tool:subtract", "status:200", "status:5xx",
     "run:r", "is:offline", "is:retry", "slower:3s", "slower:1m", "cost:>0.02", "cost:<0.01", "life death"],
)  # fmt: skip
def test_it_does_not_find(q: str) -> None:
    """One part that does not fit is enough."""
    assert not parse(q)(CALL)


def test_what_is_unknown_is_not_compared() -> None:
    """A call without a cost is neither cheap nor dear."""
    assert not parse("cost:<1")(row())
    assert not parse("slower:0s")(row())


@pytest.mark.parametrize("q", ["is:wrong", "status:teapot", "slower:soon", "cost:much", "status:99"])
def test_a_value_that_cannot_be_is_named(q: str) -> None:
    """With what the operator takes."""
    with pytest.raises(QueryError, match=q):
        parse(q)


@given(st.text())
def test_any_text_is_a_query_or_a_clear_error(q: str) -> None:
    """Nothing else comes out of it."""
    with contextlib.suppress(QueryError):
        parse(q)(CALL)
