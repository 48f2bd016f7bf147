"""The Python script: run with the real SDKs, it sends the request as it was."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_sidecar.export.literal import literal
from llm_sidecar.export.python import python
from llm_sidecar.export.sdks import anthropic, openai
from tests.conftest import clean_env
from tests.unit.export.exchanges import call, exchange
from tests.unit.export.recorder import Received, Recorder

HARD = 'It\'s "hard":\n\t{braces} \\ %s\r\n\u202eün 🎈 \x1b[0m os.environ["HOME"]\n' * 3
TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
CHAT = {
    "model": "m", "messages": [{"role": "system", "content": HARD}, {"role": "user", "content": "Hi"}],
    "tools": [TOOL], "temperature": 0.0, "seed": None, "parallel_tool_calls": False, "not_in_the_sdk": {"a": [1, True]},
}  # fmt: skip
RESPONSES = {"model": "m", "input": HARD, "reasoning": {"effort": "low"}, "store": False, "not_in_the_sdk": 1}
COMPLETION = {"model": "m", "prompt": HARD, "max_tokens": 5, "not_in_the_sdk": 1}
EMBEDDING = {"model": "m", "input": ["a", HARD], "encoding_format": "float", "not_in_the_sdk": 1}
MESSAGES = {
    "model": "m", "max_tokens": 32_000, "temperature": 0.5, "system": [{"type": "text", "text": HARD}],
    "messages": [{"role": "user", "content": HARD}], "not_in_the_sdk": {"a": None},
    "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
}  # fmt: skip
GEMINI = {
    "contents": [
        {"role": "user", "parts": [{"text": HARD}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
    ],
    "systemInstruction": {"parts": [{"text": HARD}]},
    "generationConfig": {
        "temperature": 0.1, "maxOutputTokens": 9, "thinkingConfig": {"thinkingBudget": 0}, "notInTheSdk": 1,
        "responseSchema": {"type": "OBJECT"},
    },
    "tools": [{"functionDeclarations": [{"name": "weather", "parameters": {"type": "object"}}]}],
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}], "notInTheSdk": [1],
}  # fmt: skip
CONVERSE = {
    "messages": [
        {"role": "user", "content": [{"text": HARD}, {"image": {"format": "png", "source": {"bytes": "AP8="}}}]},
    ],
    "system": [{"text": HARD}], "inferenceConfig": {"maxTokens": 5, "temperature": 0.5},
    "additionalModelRequestFields": {"top_k": 3},
}  # fmt: skip
COHERE = {"model": "m", "messages": [{"role": "user", "content": HARD}], "k": 3, "stream": False, "not_in_the_sdk": 1}
COHERE_V1 = {"model": "m", "message": HARD, "preamble": "p", "stream": False, "not_in_the_sdk": 1}
OLLAMA = {
    "model": "m",
    "messages": [{"role": "user", "content": HARD}],
    "stream": False,
    "options": {"seed": 1},
    "tools": [],
}
STREAM = {"stream": True}
BEARER = {"authorization": "Bearer …abcd"}


@pytest.mark.parametrize(
    ("package", "path", "headers", "body"),
    [
        pytest.param("openai", "/v1/chat/completions", BEARER, CHAT, id="chat"),
        pytest.param("openai", "/v1/chat/completions", BEARER, CHAT | STREAM, id="chat-stream"),
        pytest.param("openai", "/v1/responses", BEARER, RESPONSES, id="responses"),
        pytest.param("openai", "/v1/responses", BEARER, RESPONSES | STREAM, id="responses-stream"),
        pytest.param("openai", "/v1/completions", BEARER, COMPLETION, id="completions"),
        pytest.param("openai", "/gateway/v1/embeddings?team=a&team2=b", BEARER, EMBEDDING, id="embeddings"),
        pytest.param(
            "openai", "/openai/deployments/d/chat/completions?api-version=2025-01-01", {"api-key": "…abcd"}, CHAT,
            id="azure",
        ),
        pytest.param("anthropic", "/v1/messages", {"x-api-key": "…abcd"}, MESSAGES, id="messages"),
        pytest.param("anthropic", "/v1/messages?beta=true", BEARER, MESSAGES | STREAM, id="messages-stream"),
        pytest.param("google-genai", "/v1beta/models/m:generateContent", {"x-goog-api-key": "…"}, GEMINI, id="gemini"),
        pytest.param(
            "google-genai", "/v1beta/models/m:streamGenerateContent?alt=sse", {"x-goog-api-key": "…"}, GEMINI,
            id="gemini-stream",
        ),
        pytest.param("boto3", "/model/us.m-v1%3A0/converse", {}, CONVERSE, id="converse"),
        pytest.param("boto3", "/model/m/invoke", {"x-amzn-bedrock-trace": "ENABLED"}, {"prompt": HARD}, id="invoke"),
        pytest.param("cohere", "/v2/chat", BEARER, COHERE, id="cohere"),
        pytest.param("cohere", "/v2/chat", BEARER, COHERE | STREAM, id="cohere-stream"),
        pytest.param("cohere", "/v1/chat", BEARER, COHERE_V1, id="cohere-v1"),
        pytest.param("ollama", "/api/chat", {}, OLLAMA, id="ollama"),
        pytest.param("ollama", "/api/generate", {}, {"model": "m", "prompt": HARD}, id="ollama-generate"),
        pytest.param("httpx", "/v1/rerank", BEARER, {"query": HARD, "documents": ["a"]}, id="no-sdk"),
    ],
)  # fmt: skip
def test_it_repeats_the_request(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, package: str, path: str, headers: dict[str, str], body: Any
) -> None:
    """With the API's own SDK: the same path, JSON, headers, parameters; the key from the environment."""
    asked = exchange(recorder.url + path, body, {"x-team": "o'hara", **headers} if package != "boto3" else headers)
    found = call(asked)
    got = run(python(found, asked), recorder, monkeypatch, package)
    assert got.path == path
    assert got.json == ({"stream": True} if found.api == "ollama.generate" else {}) | body
    if package != "boto3":
        assert got.headers["x-team"] == "o'hara"
    if "x-amzn-bedrock-trace" in headers:
        assert got.headers["x-amzn-bedrock-trace"] == "ENABLED"
    elif headers:
        # The anthropic SDK has sent its key as x-api-key, and now sends it as a Bearer token.
        assert {got.headers.get(name) for name in (*headers, "authorization")} & {"mine", "Bearer mine"}


def run(source: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, package: str) -> Received:
    """Run the script here, where the SDKs are imported only once; what it sent."""
    assert source.startswith(f"# pip install {package}\n")
    if package == "ollama":
        pytest.importorskip("ollama")
    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY", "CO_API_KEY",
                 "GEMINI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):  # fmt: skip
        if name in source or name.startswith("AWS"):
            monkeypatch.setenv(name, "mine")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, "export.py", "exec"), {"__name__": "__main__"})
    assert printed.getvalue().strip()
    return recorder.take()


def test_it_is_a_whole_script(recorder: Recorder) -> None:
    """Saved and run in an environment of its own, it prints the answer."""
    asked = exchange(recorder.url + "/v1/messages", MESSAGES | STREAM, {"x-api-key": "…abcd"})
    env = clean_env(ANTHROPIC_API_KEY="mine")
    done = subprocess.run(
        [sys.executable, "-"], input=python(call(asked), asked), env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "message_start" in done.stdout
    assert recorder.take().json == MESSAGES | STREAM


def test_it_reads_well() -> None:
    """What a developer would have written: the provider's own URL is left out, long texts keep their lines."""
    messages = [{"role": "user", "content": "First line, which is a rather long one that goes on.\nSecond line."}]
    asked = exchange(
        "https://api.openai.com/v1/chat/completions", {"model": "gpt-5-mini", "messages": messages, "top_k": 3}, BEARER
    )
    assert (
        python(call(asked), asked)
        == """\
# pip install openai
import os

from openai import OpenAI

client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])

response = client.chat.completions.create(
    model="gpt-5-mini",
    messages=[
        {
            "role": "user",
            "content": (
                "First line, which is a rather long one that goes on.\\n"
                "Second line."
            ),
        },
    ],
    extra_body={"top_k": 3},
)

print(response.model_dump_json(indent=2))
"""
    )


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (bytes(range(256)) * 3, "audio/wav"),
        (b'{"a": 1, "a": 2}', "application/json"),
        (b'{"a": 1e999}', "application/json"),
        (b"[" * 500 + b"]" * 500, "application/json"),
        ("tëxt \n'\"".encode(), "text/plain"),
        (b"not json", "application/json"),
    ],
    ids=["binary", "twice", "infinite", "deep", "text", "broken"],
)
def test_what_python_cannot_say_as_json_goes_as_it_is(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, body: bytes, media_type: str
) -> None:
    """Byte for byte, with httpx, even where an SDK would have taken JSON."""
    asked = exchange(recorder.url + "/v1/chat/completions", body, {"content-type": media_type})
    got = run(python(call(asked), asked), recorder, monkeypatch, "httpx")
    assert (got.body, got.headers["content-type"]) == (body, media_type)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_requests_without_a_body(recorder: Recorder, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Such as a list of models."""
    asked = exchange(recorder.url + "/v1/models?limit=1", headers=BEARER, method=method)
    got = run(python(call(asked), asked), recorder, monkeypatch, "httpx")
    assert (got.method, got.path, got.body) == (method, "/v1/models?limit=1", b"")
    assert got.headers["authorization"] == "Bearer mine"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(value=values | st.text(min_size=61))
def test_any_json_is_written_as_source(value: Any) -> None:
    """The source evaluates to the value, and holds nothing that an editor or a terminal would act on."""
    source = literal(value, 4)
    assert eval(source, {}) == value
    assert all(c.isprintable() or c == "\n" for c in source)


@pytest.mark.parametrize("api", openai.METHODS)
def test_parameters_are_those_of_the_openai_sdk(api: str) -> None:
    """What goes by keyword is a parameter of the installed version."""
    method = openai.METHODS[api]
    create = importlib.import_module("openai").OpenAI(api_key="x")
    for name in method.name.split("."):
        create = getattr(create, name)
    assert not method.parameters - inspect.signature(create).parameters.keys()


def test_parameters_are_those_of_the_anthropic_sdk() -> None:
    """What goes by keyword is a parameter of the installed version."""
    create = importlib.import_module("anthropic").Anthropic(api_key="x").messages.create
    assert not anthropic.PARAMETERS - inspect.signature(create).parameters.keys()


def test_a_secret_in_the_body_is_a_variable(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An MCP server's token is read from the environment too, and is sent."""
    tool = {"type": "mcp", "server_label": "x", "authorization": "…abcd"}
    asked = exchange(recorder.url + "/v1/responses", {"model": "m", "input": "x", "tools": [tool]}, BEARER)
    monkeypatch.setenv("SECRET_AUTHORIZATION", "token")
    got = run(python(call(asked), asked), recorder, monkeypatch, "openai")
    assert got.json["tools"] == [tool | {"authorization": "token"}]
    assert json.dumps("…abcd") not in python(call(asked), asked)
