"""Each exchange made by hand is read as its `expected.json` says, however its bytes arrive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_sidecar.call import Call
from llm_sidecar.dialects.reader import read, reader
from llm_sidecar.exchange import Exchange
from llm_sidecar.otel import to_json
from tests.unit.dialects.fixtures import cases, expected, load
from tests.unit.otel_schema import problems


def as_json(call: Call | None, exchange: Exchange) -> dict[str, Any]:
    assert call is not None, "no dialect claims the exchange"
    found = to_json(call, exchange, messages=True)
    # Prices change with the list; the cost has tests of its own.
    found.pop("llm_sidecar.cost_usd", None)
    return json.loads(json.dumps(found))


@pytest.mark.parametrize("case", cases())
def test_read(case: str) -> None:
    """At once: the call is the expected one, of the dialect that the folder is named for, and keeps to the schema."""
    exchange = load(case)
    found = as_json(read(exchange), exchange)
    assert found == expected(case, found)
    assert found["llm_sidecar.api"] == case.split("/")[0]
    assert problems(found) == []


@pytest.mark.parametrize("size", [1, 61])
@pytest.mark.parametrize("case", cases())
def test_read_while_it_arrives(case: str, size: int) -> None:
    """In pieces, looked at after each: the same call in the end, incomplete until then, and no piece is an error."""
    exchange = load(case)
    follower = reader(exchange)
    assert follower is not None
    assert exchange.status is not None
    follower.respond(exchange.status, exchange.response_headers)
    for at in range(0, len(exchange.response_body), size):
        follower.feed(exchange.response_body[at : at + size])
        if size > 1:
            partial = follower.call()
            assert partial.incomplete
            assert not [text for text in partial.warnings if "shown in full" in text]
    follower.end(exchange.error)
    assert as_json(follower.call(), exchange) == as_json(read(exchange), exchange)
