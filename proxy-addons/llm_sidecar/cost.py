"""What a call cost, by the price list of the genai-prices package. Nothing is ever downloaded."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from llm_sidecar.call import Call
from llm_sidecar.exchange import Exchange

_PRICED_AS = {
    "openai": "openai",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "anthropic": "anthropic",
    "aws.bedrock": "aws",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "cohere": "cohere",
    "mistral_ai": "mistral",
}
"""Our providers that the list has under another name, or that a gateway's host hides."""

_USAGE = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read.input_tokens": "cache_read_tokens",
    "cache_write.input_tokens": "cache_write_tokens",
    "audio.input_tokens": "input_audio_tokens",
    "audio.output_tokens": "output_audio_tokens",
}


def cost_usd(call: Call, exchange: Exchange) -> float | None:
    """US dollars at the prices of the day of the call; None when the model, its price or the usage is not known.

    What the provider itself reported goes before the list. An offline answer has cost nothing and has no price.
    """
    reported = call.attributes.get("llm_sidecar.cost_usd")
    if isinstance(reported, int | float):
        return reported
    if "input_tokens" not in call.usage or exchange.response_headers.get("x-llm-sidecar") == "offline":
        return None
    for model in (call.response.get("model"), call.request.get("model")):
        if isinstance(model, str) and (price := _price(call, exchange, model)) is not None:
            return price
    return None


def _price(call: Call, exchange: Exchange, model: str) -> float | None:
    # Loading the list takes some 200 ms: only once there is something to price.
    from genai_prices import Usage, calc_price

    usage = Usage(**{theirs: call.usage[ours] for ours, theirs in _USAGE.items() if ours in call.usage})
    when = datetime.fromtimestamp(exchange.started, UTC) if exchange.started else None
    listed = _PRICED_AS.get(call.provider, call.provider)
    try:
        price = calc_price(usage, model, provider_api_url=f"https://{exchange.host}", genai_request_timestamp=when)
    except Exception:
        try:
            price = calc_price(usage, model, provider_id=listed, genai_request_timestamp=when)
        except Exception:
            # Not on the list, or figures that make no sense: in both cases there is no price.
            return None
    return float(price.total_price)


@cache
def prices_date() -> str | None:
    """The date of the newest price in the list that is in force today (ISO 8601): how current the list is at least."""
    from genai_prices.data import providers
    from genai_prices.types import ConditionalPrice, StartDateConstraint

    today = datetime.now(UTC).date()
    dates = [
        price.constraint.start_date
        for provider in providers
        for model in provider.models
        if isinstance(model.prices, list)
        for price in model.prices
        if isinstance(price, ConditionalPrice) and isinstance(price.constraint, StartDateConstraint)
    ]
    newest = max((date for date in dates if date <= today), default=None)
    return newest.isoformat() if newest else None
