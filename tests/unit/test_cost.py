"""What a call cost: by a price list that is part of the installation, and only where everything is known."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from llm_sidecar.call import Call
from llm_sidecar.cost import cost_usd, prices_date
from llm_sidecar.exchange import Exchange

EXCHANGE = Exchange(id="x", method="POST", url="https://api.openai.com/v1/chat/completions", started=1_780_000_000.0)


def call(model: str = "gpt-4o", provider: str = "openai", **usage: int) -> Call:
    counted = {"input_tokens": 1_000_000, "output_tokens": 100_000} | usage
    return Call("openai.chat", "chat", provider, response={"model": model}, usage=counted)


def test_input_and_output_have_their_prices() -> None:
    """gpt-4o: 2.50 dollars a million in, 10 dollars a million out."""
    assert cost_usd(call(), EXCHANGE) == pytest.approx(3.50)


def test_cached_input_is_cheaper_and_part_of_the_total() -> None:
    """Half the price for the part that was read from the cache, and no second time for the total."""
    cached = Call("openai.chat", "chat", "openai", response={"model": "gpt-4o"})
    cached.usage = {"input_tokens": 1_000_000, "cache_read.input_tokens": 1_000_000, "output_tokens": 0}
    assert cost_usd(cached, EXCHANGE) == pytest.approx(1.25)


def test_the_request_names_the_model_where_the_response_does_not() -> None:
    """Failing that, there is none to price."""
    asked = replace(call(), response={}, request={"model": "gpt-4o"})
    assert cost_usd(asked, EXCHANGE) == pytest.approx(3.50)
    assert cost_usd(replace(asked, request={}), EXCHANGE) is None


def test_what_is_not_known_has_no_cost() -> None:
    """Never 0: an unknown model, a model of one's own, a call without usage, usage that makes no sense."""
    assert cost_usd(call("no-such-model"), EXCHANGE) is None
    assert cost_usd(call("llama3.2:1b", "ollama"), replace(EXCHANGE, url="http://localhost:11434/api/chat")) is None
    assert cost_usd(replace(call(), usage={}), EXCHANGE) is None
    impossible = Call("openai.chat", "chat", "openai", response={"model": "gpt-4o"})
    impossible.usage = {"input_tokens": 1, "cache_read.input_tokens": 5}
    assert cost_usd(impossible, EXCHANGE) is None


def test_a_gateway_does_not_hide_the_price() -> None:
    """The provider's name is enough where the host is nobody's."""
    assert cost_usd(call(), replace(EXCHANGE, url="http://gateway.test/v1/chat/completions")) == pytest.approx(3.50)


def test_what_the_provider_reports_goes_first() -> None:
    """OpenRouter says what it charged."""
    reported = call()
    reported.attributes["llm_sidecar.cost_usd"] = 0.0042
    assert cost_usd(reported, EXCHANGE) == 0.0042


def test_an_offline_answer_has_no_cost() -> None:
    """Nobody charges for it, whatever model it says that it is."""
    assert cost_usd(call(), replace(EXCHANGE, response_headers={"x-llm-sidecar": "offline"})) is None


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A price needs no network."""

    def fail(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", fail)
    assert cost_usd(call(), EXCHANGE) is not None


def test_the_list_has_a_date() -> None:
    """A day that has been, and not long ago when these dependencies were locked."""
    day = prices_date()
    assert day is not None
    assert date(2026, 1, 1) < date.fromisoformat(day) <= datetime.now(UTC).date()
