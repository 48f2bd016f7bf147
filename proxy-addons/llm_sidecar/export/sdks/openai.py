"""openai-python: https://github.com/openai/openai-python, version 2 and later."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from llm_sidecar.export.asked import Asked, names, present, script
from llm_sidecar.export.literal import called

OWN_BASE_URL = "https://api.openai.com/v1"


class Method(NamedTuple):
    """A method of the client. `parameters`: those of its keyword arguments that are fields of the request's body."""

    name: str
    endpoint: str
    required: frozenset[str]
    parameters: frozenset[str]


METHODS = {
    "openai.chat": Method(
        "chat.completions.create",
        "/chat/completions",
        frozenset(("model", "messages")),
        names(
            """
        messages model audio frequency_penalty function_call functions logit_bias logprobs
        max_completion_tokens max_tokens metadata modalities n parallel_tool_calls prediction
        presence_penalty prompt_cache_key prompt_cache_retention reasoning_effort response_format
        safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools
        top_logprobs top_p user verbosity web_search_options
        """
        ),
    ),
    "openai.responses": Method(
        "responses.create",
        "/responses",
        frozenset(),
        names(
            """
        background conversation include input instructions max_output_tokens max_tool_calls metadata model
        parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_retention reasoning
        safety_identifier service_tier store stream stream_options temperature text tool_choice tools
        top_logprobs top_p truncation user
        """
        ),
    ),
    "openai.completions": Method(
        "completions.create",
        "/completions",
        frozenset(("model", "prompt")),
        names(
            """
        model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed
        stop stream stream_options suffix temperature top_p user
        """
        ),
    ),
    "openai.embeddings": Method(
        "embeddings.create",
        "/embeddings",
        frozenset(("model", "input")),
        names("input model dimensions encoding_format user"),
    ),
}


def source(asked: Asked) -> str | None:
    method = METHODS[asked.api]
    base_url = asked.base_url(method.endpoint)
    known, others = asked.known(method.parameters)
    azure = _azure(asked, base_url or "", method)
    if azure:
        known = {"model": azure.get("azure_deployment"), **known} if "model" in method.required else known
    if base_url is None or not method.required <= known.keys():
        return None
    if asked.api == "openai.embeddings":
        # Left out, the SDK asks for base64; the API's own default is float.
        known.setdefault("encoding_format", "float")
    client = "AzureOpenAI" if azure else "OpenAI"
    arguments: dict[str, Any] = azure or present(
        api_key=asked.header("authorization") or "unused",
        base_url=None if base_url == OWN_BASE_URL else base_url,
    )
    credentials = ("authorization", "api-key") if azure else ("authorization",)
    known |= present(
        extra_headers=asked.headers(*credentials),
        extra_query=asked.query(*(("api-version",) if azure else ())),
        extra_body=others,
    )
    return script(
        "openai",
        f"from openai import {client}",
        called(f"client = {client}", arguments),
        called(f"response = client.{method.name}", known),
        _PRINT_EVENTS if asked.streams else "print(response.model_dump_json(indent=2))",
    )


_PRINT_EVENTS = "for event in response:\n    print(event.model_dump_json(), flush=True)"


def _azure(asked: Asked, base_url: str, method: Method) -> dict[str, Any] | None:
    """AzureOpenAI's arguments, for a URL as that client makes them."""
    found = re.fullmatch(r"(.+)/openai(?:/deployments/([^/]+))?", base_url)
    version = asked.query().get("api-version")
    if not found or not version or (method.required and not found[2]):
        return None
    key = asked.header("api-key")
    return present(
        api_key=key,
        azure_ad_token=None if key else asked.header("authorization") or "unused",
        api_version=version,
        azure_endpoint=found[1],
        azure_deployment=found[2],
    )
