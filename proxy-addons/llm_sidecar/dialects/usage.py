"""Token counts: the provider's, with totals that include their parts."""

from __future__ import annotations

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.jsons import count, obj

_MODALITIES = ("text", "image", "audio", "video")


def put(call: Call, name: str, *values: Json) -> None:
    """Set a figure of `gen_ai.usage.` to the first value that is a count; to nothing if none is."""
    for value in values:
        figure = count(value)
        if figure is not None:
            call.usage[name] = figure
            return


def add(call: Call, name: str, value: Json) -> None:
    """Add to a total what the provider counts apart from it."""
    figure = count(value)
    if figure and name in call.usage:
        call.usage[name] += figure


def openai_usage(call: Call, value: Json) -> None:
    """OpenAI's `usage` object, of Chat Completions or Responses, and what compatible providers made of it."""
    usage = obj(value)
    if not usage:
        return
    call.attributes["llm_sidecar.usage"] = usage
    sent = obj(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    made = obj(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    put(call, "input_tokens", usage.get("prompt_tokens"), usage.get("input_tokens"))
    put(call, "output_tokens", usage.get("completion_tokens"), usage.get("output_tokens"))
    put(
        call,
        "cache_read.input_tokens",
        sent.get("cached_tokens"),
        usage.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
    )
    put(call, "cache_write.input_tokens", sent.get("cache_write_tokens"), sent.get("cache_creation_tokens"))
    reasoning = count(made.get("reasoning_tokens"))
    put(call, "reasoning.output_tokens", reasoning, usage.get("reasoning_tokens"))
    for modality in _MODALITIES:
        put(call, f"{modality}.input_tokens", sent.get(f"{modality}_tokens"))
        put(call, f"{modality}.output_tokens", made.get(f"{modality}_tokens"))
    # xAI counts reasoning apart from the output; its total tells.
    total = count(usage.get("total_tokens"))
    known = call.usage.get("input_tokens", 0) + call.usage.get("output_tokens", 0)
    if reasoning and total == known + reasoning:
        add(call, "output_tokens", reasoning)
