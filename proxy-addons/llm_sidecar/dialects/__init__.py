"""The APIs that can be read, one file each.

To add one:

1. A module with a subclass of `base.Dialect`. Name it (`api`), say how its requests are told apart (`path`, then
   `accepts` where other APIs share the path; `marks` and `shape` so that it is known at any path), and fill in the
   `Call` in `request` and `response` with the helpers of `parts`, `usage` and `jsons`. Take values as they are: any
   field may be missing or of another type, and what is not understood goes in as `parts.raw` or in an attribute.
2. If it streams: `fold` returns a `folding.Fold`, which collects the events into the JSON that the API answers
   without streaming. `response` then reads both.
3. Its place in `DIALECTS`: the first that claims a path and accepts the request has it.
4. Cases under `tests/fixtures/<api>/`.

`reader.read` turns an exchange into a call; `reader.Reader` does so while the response arrives. They do the rest:
content encoding, framing, JSON, errors in the usual shapes, what is incomplete, and that nothing raises.
"""

from __future__ import annotations

from llm_sidecar.call import Json
from llm_sidecar.dialects.anthropic_messages import AnthropicMessages
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.bedrock_agent import BedrockAgent, BedrockGuardrail, BedrockRetrieve
from llm_sidecar.dialects.bedrock_converse import BedrockConverse
from llm_sidecar.dialects.bedrock_invoke import BedrockInvoke
from llm_sidecar.dialects.cohere_chat import CohereChatV1, CohereChatV2
from llm_sidecar.dialects.count_tokens import AnthropicCountTokens, BedrockCountTokens, OpenAIInputTokens, Tokenize
from llm_sidecar.dialects.gemini_embed import GeminiCountTokens, GeminiEmbedContent
from llm_sidecar.dialects.gemini_generate import GeminiGenerateContent
from llm_sidecar.dialects.gemini_interactions import GeminiInteractions
from llm_sidecar.dialects.hosted_chat import HostedChat
from llm_sidecar.dialects.jsons import parse
from llm_sidecar.dialects.mcp import Mcp
from llm_sidecar.dialects.media import Images, Moderations, Ocr, Speech, Transcriptions, Videos
from llm_sidecar.dialects.ollama import OllamaChat, OllamaEmbed, OllamaGenerate
from llm_sidecar.dialects.openai_chat import OpenAIChat
from llm_sidecar.dialects.openai_completions import OpenAICompletions
from llm_sidecar.dialects.openai_embeddings import OpenAIEmbeddings
from llm_sidecar.dialects.openai_responses import OpenAIFetchResponse, OpenAIResponses
from llm_sidecar.dialects.resources import (
    Assistants,
    Batches,
    CachedContents,
    Conversations,
    Files,
    FineTuning,
    Models,
    OllamaModels,
    Predictions,
    Realtime,
    VectorStores,
)
from llm_sidecar.dialects.text_generation import (
    AlephAlphaComplete,
    AnthropicComplete,
    CohereGenerate,
    HuggingFaceGeneration,
    HuggingFaceTask,
    LlamaCppCompletion,
    WatsonxGeneration,
)
from llm_sidecar.dialects.vectors import CohereEmbed, HuggingFaceFeatures, Rerank
from llm_sidecar.exchange import Exchange

DIALECTS: tuple[Dialect, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    OpenAIFetchResponse(),
    OpenAICompletions(),
    OpenAIEmbeddings(),
    AnthropicCountTokens(),
    AnthropicMessages(),
    GeminiGenerateContent(),
    GeminiEmbedContent(),
    GeminiCountTokens(),
    GeminiInteractions(),
    BedrockConverse(),
    BedrockInvoke(),
    CohereChatV2(),
    CohereChatV1(),
    OllamaChat(),
    OllamaGenerate(),
    OllamaEmbed(),
    AnthropicComplete(),
    CohereGenerate(),
    CohereEmbed(),
    HuggingFaceFeatures(),
    HuggingFaceGeneration(),
    WatsonxGeneration(),
    AlephAlphaComplete(),
    LlamaCppCompletion(),
    HuggingFaceTask(),
    HostedChat(),
    Mcp(),
    BedrockAgent(),
    BedrockGuardrail(),
    BedrockRetrieve(),
    Rerank(),
    OpenAIInputTokens(),
    BedrockCountTokens(),
    Tokenize(),
    Images(),
    Speech(),
    Transcriptions(),
    Moderations(),
    Ocr(),
    Videos(),
    Predictions(),
    CachedContents(),
    Assistants(),
    Conversations(),
    VectorStores(),
    FineTuning(),
    Realtime(),
    Batches(),
    Files(),
    OllamaModels(),
    Models(),
)


_END = 64 * 1024


def find(exchange: Exchange) -> tuple[Dialect, Json, str | None] | None:
    """The dialect of an exchange, its request's JSON (None if it has none), and why that cannot be read.

    By path and shape first; a host only ever decides between APIs that share a path. Bodies are parsed only where
    the path, or the marks of an API in the body, say that it is worth it.
    """
    claiming = [dialect for dialect in DIALECTS if dialect.claims(exchange)]
    marked = [dialect for dialect in DIALECTS if dialect.marks and exchange.method == "POST"]
    if not claiming:
        marked = _with_marks(marked, exchange.request_body)
    if not claiming and not marked:
        return None
    body, problem = _json(exchange)
    for dialect in claiming:
        if dialect.accepts(exchange, body):
            return dialect, body, problem
    if isinstance(body, dict):
        for dialect in marked:
            if dialect.shape(exchange, body):
                return dialect, body, problem
    return None


def _with_marks(dialects: list[Dialect], body: bytes) -> list[Dialect]:
    """Those whose marks a body has. Only its ends are searched: what makes a body large is in between."""
    if body[:1] != b"{":
        return []
    ends = body if len(body) < 2 * _END else body[:_END] + body[-_END:]
    return [dialect for dialect in dialects if all(mark in ends for mark in dialect.marks)]


def _json(exchange: Exchange) -> tuple[Json, str | None]:
    body = exchange.request_body
    media_type = exchange.request_headers.get("content-type", "")
    if not body or "multipart/" in media_type:
        return None, None
    try:
        return parse(body), None
    except ValueError as error:
        return None, str(error)
