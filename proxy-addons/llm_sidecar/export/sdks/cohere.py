"""cohere-python: https://github.com/cohere-ai/cohere-python, version 5 and later."""

from __future__ import annotations

from llm_sidecar.export.asked import Asked, names, present, script
from llm_sidecar.export.literal import called

OWN_BASE_URLS = ("https://api.cohere.com", "https://api.cohere.ai")
V2_PARAMETERS = names(
    """
        model messages tools strict_tools documents citation_options response_format safety_mode max_tokens
        stop_sequences temperature seed frequency_penalty presence_penalty k p logprobs tool_choice thinking
        priority
        """
)
V1_PARAMETERS = names(
    """
        message model preamble chat_history conversation_id prompt_truncation connectors search_queries_only
        documents citation_quality temperature max_tokens max_input_tokens k p seed stop_sequences
        frequency_penalty presence_penalty tools tool_results force_single_step response_format safety_mode
        """
)


def source(asked: Asked) -> str | None:
    v2 = asked.base_url("/v2/chat")
    base_url = v2 or asked.base_url("/v1/chat")
    known, others = asked.known(V2_PARAMETERS if v2 else V1_PARAMETERS)
    others.pop("stream", None)
    if base_url is None or not {"model", "messages"} <= known.keys() | (set() if v2 else {"model", "messages"}):
        return None
    if not v2 and "message" not in known:
        return None
    options = present(
        additional_headers=asked.headers("authorization", "x-client-name"),
        additional_query_parameters=asked.query(),
        additional_body_parameters=others,
    )
    client = "ClientV2" if v2 else "Client"
    return script(
        "cohere",
        "import cohere",
        called(
            f"client = cohere.{client}",
            present(
                api_key=asked.header("authorization") or "unused",
                base_url=None if base_url in OWN_BASE_URLS else base_url,
            ),
        ),
        called(f"response = client.chat{'_stream' if asked.streams else ''}", known | present(request_options=options)),
        _PRINT_EVENTS if asked.streams else "print(response.model_dump_json(indent=2))",
    )


_PRINT_EVENTS = "for event in response:\n    print(event.model_dump_json(), flush=True)"
