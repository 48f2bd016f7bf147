"""Prompt in, text out: the many APIs from before chat, whose answers differ only in their words.

Anthropic's Text Completions, Cohere's generate, AI21's Jurassic, Titan, Llama, Mistral and DeepSeek on Bedrock,
text-generation-inference, watsonx, Aleph Alpha.
"""

from __future__ import annotations

from typing import Any

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects import parts
from llm_sidecar.dialects.folding import Texts
from llm_sidecar.dialects.jsons import arr, count, obj, objs, string
from llm_sidecar.dialects.usage import put
from llm_sidecar.wire import Event

REQUEST = {
    "model": "model",
    "model_id": "model",
    "stream": "stream",
    "max_tokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens",
    "max_new_tokens": "max_tokens",
    "max_gen_len": "max_tokens",
    "maxTokens": "max_tokens",
    "maxTokenCount": "max_tokens",
    "maximum_tokens": "max_tokens",
    "n_predict": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "topP": "top_p",
    "p": "top_p",
    "top_k": "top_k",
    "topK": "top_k",
    "topKReturn": "top_k",
    "k": "top_k",
    "seed": "seed",
    "random_seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "stop": "stop_sequences",
    "stop_sequences": "stop_sequences",
    "stopSequences": "stop_sequences",
    "num_generations": "choice.count",
    "numResults": "choice.count",
}
"""Request fields of all of them."""

_LISTS = ("generations", "results", "outputs", "completions", "choices")
_TEXTS = ("text", "completion", "generation", "outputText", "generated_text", "content")
_REASONS = ("finish_reason", "stop_reason", "completionReason", "finishReason", "stop_type")
_NO_REASON = ("not_finished", "none", "NOT_FINISHED", "")
IGNORED = (*_LISTS, *_TEXTS, *_REASONS, "type", "index", "is_finished", "details", "created_at")
"""Fields of an answer that are read here, or say nothing."""
_FINISH_REASONS = {
    "complete": "stop",
    "finish": "stop",
    "finished": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "endoftext": "stop",
    "end_of_text": "stop",
    "stop_sequence": "stop",
    "stop": "stop",
    "stop_criteria_met": "stop",
    "end_turn": "stop",
    "max_tokens": "length",
    "length": "length",
    "maximum_tokens": "length",
    "error_toxic": "content_filter",
    "content_filtered": "content_filter",
    "error": "error",
    "limit": "length",
    "word": "stop",
}


def finish_reason(value: Json) -> str:
    """The conventions' word for a reason, where it has one; "" for none."""
    reason = string(obj(value).get("reason")) if isinstance(value, dict) else string(value)
    return _FINISH_REASONS.get(reason.lower(), reason)


class GenerationsFold:
    """Pieces of text by choice; every other field is the latest that was not null."""

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._texts = Texts()

    @property
    def ended(self) -> bool:
        if self._top.get("error") or self._top.get("is_finished"):
            return True
        return bool(self._choices) and all(choice.get("finish_reason") for choice in self._choices.values())

    def add(self, event: Event, data: Json) -> None:
        fields = obj(data)
        items = objs(_items(fields))
        for key, value in fields.items():
            if value not in (None, "", []) and key not in (*_LISTS, *_TEXTS, *_REASONS, "token"):
                self._top[key] = value
        if self._choices and len(items) == 1 and _text(items[0]) is None and "token" not in items[0]:
            # One reason for all, at the end.
            for choice in self._choices.values():
                choice["finish_reason"] = choice.get("finish_reason") or _reason(items[0])
            return
        for place, item in enumerate(items):
            # With a token, the index is the token's.
            number = None if "token" in item else count(item.get("index"))
            choice = self._choices.setdefault(place if number is None else number, {"text": ""})
            token = obj(item.get("token"))
            if token and not token.get("special"):
                choice["tokens"] = choice.get("tokens", 0) + 1
                self._texts.append(choice, "text", token.get("text"))
            # The last event repeats the whole text beside its token.
            elif not token:
                self._texts.append(choice, "text", _text(item))
            # Counts are of all so far, but some events have a 0 in their place.
            own = (*_LISTS, *_TEXTS, *_REASONS, "token", "index")
            choice |= {key: value for key, value in item.items() if value and key not in own}
            if reason := _reason(item):
                choice["finish_reason"] = reason

    def body(self) -> Json:
        self._texts.flush()
        if not self._top and not self._choices:
            return None
        return self._top | {"generations": [self._choices[index] for index in sorted(self._choices)]}


def answers(call: Call, body: Json) -> None:
    """An output message for each text of an answer, whole or from `GenerationsFold`."""
    for item in objs(_items(body)):
        text = _text(item)
        if text is None and not _reason(item):
            continue
        answer = parts.message("assistant", [parts.text(text)] if text is not None else [])
        if reason := finish_reason(_reason(item)):
            answer["finish_reason"] = reason
        call.output_messages.append(answer)


def usage(call: Call, body: Json) -> None:
    """Token counts, wherever the API has put them."""
    found = [obj(body), *objs(body)[:1]]
    for fields in (*found, *objs(_items(body))[:1]):
        details = obj(fields.get("details"))
        put(
            call,
            "input_tokens",
            fields.get("prompt_token_count"),
            fields.get("inputTextTokenCount"),
            fields.get("input_token_count"),
            fields.get("num_tokens_prompt_total"),
            fields.get("tokens_evaluated"),
            call.usage.get("input_tokens"),
        )
        put(
            call,
            "output_tokens",
            fields.get("generation_token_count"),
            fields.get("totalOutputTextTokenCount"),
            fields.get("generated_token_count"),
            fields.get("tokenCount"),
            fields.get("num_tokens_generated"),
            fields.get("tokens_predicted"),
            details.get("generated_tokens"),
            call.usage.get("output_tokens"),
        )
        if prefill := arr(details.get("prefill")):
            put(call, "input_tokens", len(prefill))


def _items(body: Json) -> list[Any]:
    """The choices of an answer, or of one event: under one of several names, or the body itself."""
    if isinstance(body, list):
        return [inner for item in body for inner in (item if isinstance(item, list) else [item])]
    fields = obj(body)
    return next((fields[key] for key in _LISTS if isinstance(fields.get(key), list)), [fields])


def _text(item: dict[str, Any]) -> str | None:
    inner = obj(item.get("data"))
    return next((one[key] for one in (item, inner) for key in _TEXTS if isinstance(one.get(key), str)), None)


def _reason(item: dict[str, Any]) -> Json:
    found = (one.get(key) for one in (item, obj(item.get("details"))) for key in _REASONS)
    return next((reason for reason in found if reason and reason not in _NO_REASON), None)
