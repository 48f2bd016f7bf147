"""Which exchange is whose: by path and shape, at whatever host; and what is nobody's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_sidecar.dialects.blobs import blob_content
from llm_sidecar.dialects.reader import read
from llm_sidecar.exchange import Exchange
from tests.unit.dialects.corpus import needs_corpus, recorded


def posted(url: str, body: Any = None, method: str = "POST", **headers: str) -> Exchange:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange("one", method, url, named, json.dumps(body).encode() if body is not None else b"")


CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
RPC = {"jsonrpc": "2.0", "id": 1}

CLAIMED = [
    ("gemini.generate_content", posted("http://localhost:4000/gemini/v1beta/models/g:generateContent", CONTENTS)),
    ("gemini.generate_content", posted("https://gateway.example/v1/models/g%3AstreamGenerateContent", CONTENTS)),
    ("gemini.generate_content", posted("https://gateway.example/anything", CONTENTS)),
    ("bedrock.converse", posted("http://localhost:4566/model/amazon.nova-lite-v1%3A0/converse", {"messages": []})),
    ("bedrock.invoke", posted("https://gateway.example/bedrock/model/x/invoke", {"prompt": "Hi"})),
    ("ollama.chat", posted("https://ollama.example/api/chat", CHAT)),
    ("ollama.generate", posted("http://host.docker.internal:11434/api/generate", {"model": "m", "prompt": "Hi"})),
    ("cohere.chat", posted("https://gateway.example/cohere/v2/chat", CHAT)),
    ("cohere.chat", posted("https://gateway.example/cohere/v1/chat", {"message": "Hi"})),
    ("openai.chat", posted("https://api.writer.com/v1/chat", CHAT)),
    ("openai.chat", posted("https://us-south.ml.cloud.ibm.com/ml/v1/text/chat?version=1", {"model_id": "m", **CHAT})),
    ("openai.chat", posted("https://w.databricks.com/serving-endpoints/m/invocations", {"messages": CHAT["messages"]})),
    ("huggingface.text_generation", posted("http://tgi/generate", {"inputs": "Hi"})),
    ("mcp", posted("https://any.example/rpc", RPC | {"method": "tools/call", "params": {"name": "f"}})),
    ("anthropic.messages", posted("https://h/v1/projects/p/publishers/anthropic/models/c:rawPredict", CHAT)),
    ("anthropic.count_tokens", posted("https://h/publishers/anthropic/models/count-tokens:rawPredict", CHAT)),
    ("openai.files", posted("http://localhost/v1/files", method="GET", x_stainless_lang="python")),
    ("openai.models", posted("http://localhost:1234/v1/models", method="GET")),
    ("ollama.models", posted("http://localhost:11434/api/tags", method="GET")),
]

NOBODYS = [
    posted("https://api.stripe.com/v1/files", method="GET"),
    posted("https://app.example/conversations/1", method="GET"),
    posted("https://app.example/models", method="GET"),
    posted("https://app.example/api/chat", {"text": "Hi"}),
    posted("https://app.example/api/version", method="GET"),
    posted("https://app.example/", {"inputs": "Hi"}),
    posted("https://app.example/images/upload", {"model": "m"}),
    posted("https://agent.example/", RPC | {"method": "message/send"}),
    posted("https://agent.example/", RPC | {"method": "tasks/get"}),
    posted("https://app.example/contact", {"message": "Hi", "contents": "parts"}),
]


@pytest.mark.parametrize(("api", "exchange"), CLAIMED, ids=lambda value: getattr(value, "url", value))
def test_claimed(api: str, exchange: Exchange) -> None:
    """A gateway, a local server or a prefix of one's own makes no difference."""
    call = read(exchange)
    assert call is not None
    assert call.api == api


@pytest.mark.parametrize("exchange", NOBODYS, ids=lambda exchange: exchange.url)
def test_not_claimed(exchange: Exchange) -> None:
    """Paths and words that apps of other kinds have too are left alone."""
    assert read(exchange) is None


def test_a_blob_in_the_other_base64_alphabet() -> None:
    """Gemini takes `-` and `_` and no padding; the content comes out as the bytes that were sent."""
    part = {"inlineData": {"mimeType": "image/png", "data": "-_-_AA"}}
    exchange = posted("https://g/v1/models/g:generateContent", {"contents": [{"role": "user", "parts": [part]}]})
    assert blob_content(exchange, 0) == ("image/png", b"\xfb\xff\xbf\x00")


def test_the_model_of_a_bedrock_path_is_decoded() -> None:
    """An ARN has colons and slashes, which a path has in percent signs."""
    arn = "arn%3Aaws%3Abedrock%3Aeu-central-1%3A1%3Ainference-profile%2Feu.anthropic.claude-sonnet-4-6"
    call = read(posted(f"https://bedrock-runtime.eu-central-1.amazonaws.com/model/{arn}/converse", {"messages": []}))
    assert call is not None
    assert call.request["model"] == "arn:aws:bedrock:eu-central-1:1:inference-profile/eu.anthropic.claude-sonnet-4-6"


UNCLAIMED = {
    "/v1/organization/": "an account's figures, not a call",
    "api.openai.com/v1/responses": "a GET without an id: there is no such list; refused with 401",
    "/agents/default_session_id2": "a URL that the recorder has cut",
    "localhost": "A2A: agents among themselves, no model's API",
    "testserver/completion": "an app's own endpoint",
}
"""Recordings that no dialect claims: what their URLs have in them, and why."""


@needs_corpus
def test_every_recording_is_claimed_or_has_a_reason() -> None:
    """Of all recordings, only these few are nobody's."""
    left = [exchange.url for _, exchange in recorded() if read(exchange) is None]
    assert [url for url in left if not any(piece in url for piece in UNCLAIMED)] == []
    assert len(left) < 40


CHAT_LIKE = (
    "gemini.generate_content",
    "gemini.interactions",
    "bedrock.converse",
    "bedrock.invoke",
    "bedrock.agent",
    "ollama.chat",
    "ollama.generate",
    "cohere.chat",
    "cohere.generate",
    "anthropic.complete",
    "watsonx.generation",
    "aleph_alpha.complete",
    "huggingface.text_generation",
)

WITHOUT_ANSWER = {
    "stream-basic-text-1.sse#0": "events that are not separated, which makes them one",
    "google-429-retry-info.json#0": "an error, recorded with status 200",
    "raw_stream_emits_required_zero_arg_tool_call.yaml#0": "an event stream that was recorded as base64",
    "streaming/streaming_tools_smoke.yaml#1": "an event stream that was recorded as base64",
    "test_agent_stream.yaml#0": "runs in the background: no output yet",
    "cohere-reranking.1.json#0": "a rerank, at a URL made up for chat",
    "structured-with-multiple-tools-structured-mode-1.json#0": "a chat completion, at a URL made up for Ollama's API",
}
"""Recordings of chat-like APIs with a 2xx answer and no message in it, and why."""


@needs_corpus
def test_every_chat_like_answer_is_read() -> None:
    """Each recorded 2xx answer has an output message, its prompt where one was recorded, or its reason."""
    read_ones, without, unasked = 0, [], []
    for row, exchange in recorded():
        call = read(exchange)
        if call is None or call.api not in CHAT_LIKE or call.operation == "embeddings" or row["status"] >= 300:
            continue
        if "embed" in str(call.request.get("model")) or "rerank" in str(call.request.get("model")):
            continue
        read_ones += bool(call.output_messages)
        without += [] if call.output_messages else [row["source"]]
        unasked += [row["source"]] if exchange.request_body and not call.input_messages else []
    assert [source for source in without if not source.endswith(tuple(WITHOUT_ANSWER))] == []
    assert [source for source in unasked if not source.endswith("test_bedrock_model_other_parameters.yaml#0")] == []
    assert read_ones > 500
