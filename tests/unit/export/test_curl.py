"""The curl command: run by real shells, it sends the request as it was."""

from __future__ import annotations

import hashlib
import subprocess
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from llm_sidecar.dialects.provider import provider_of
from llm_sidecar.export.curl import curl
from tests.conftest import clean_env
from tests.unit.export.exchanges import call, exchange
from tests.unit.export.recorder import Received, Recorder

CHAT = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": 'What\'s $HOME? `id` "x" \\ \n ünï 🎈'}]}


def run(command: str, shell: str = "sh", **env: str) -> str:
    """What the command prints. It is read from a file, as a saved export is."""
    done = subprocess.run(
        [shell, "/dev/stdin"], input=command.encode(errors="surrogateescape"), capture_output=True, env=clean_env(**env)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def sent(
    recorder: Recorder, url: str, shell: str = "sh", env: dict[str, str] | None = None, **request: Any
) -> Received:
    asked = exchange(recorder.url + url, **request)
    run(curl(call(asked), asked), shell, **(env or {}))
    return recorder.take()


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_it_repeats_the_request(recorder: Recorder, shell: str) -> None:
    """Method, path, query, headers and body arrive as they were, and the key comes from the environment."""
    headers = {
        "authorization": "Bearer …abcd",
        "content-type": "application/json; charset=utf-8",
        "openai-organization": "o'hara $HOME",
        "x-empty": "",
        "accept-encoding": "gzip",
    }
    got = sent(
        recorder, "/v1/chat/completions?a=1&b=%20[x]{y}", shell, {"OPENAI_API_KEY": "sk-mine"}, body=CHAT,
        headers=headers,
    )  # fmt: skip
    assert (got.method, got.path) == ("POST", "/v1/chat/completions?a=1&b=%20[x]{y}")
    assert got.json == CHAT
    assert got.headers["authorization"] == "Bearer sk-mine"
    for name in ("content-type", "openai-organization", "x-empty"):
        assert got.headers[name] == headers[name]


def test_it_reads_well() -> None:
    """One option a line; the key's variable in double quotes, all else in single ones."""
    asked = exchange("https://api.openai.com/v1/embeddings", {"input": "x"}, {"authorization": "Bearer …abcd"})
    assert curl(call(asked), asked) == (
        "curl https://api.openai.com/v1/embeddings \\\n"
        "  -H 'Accept: */*' \\\n"
        "  -H 'User-Agent: app/1' \\\n"
        '  -H "Authorization: Bearer $OPENAI_API_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        '  --data-raw \'{"input": "x"}\'\n'
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=200))
@example(text="@/etc/passwd")
@example(text='it\'s "$HOME" `id` $(id) !! \\n %s \r\n\t\x1b[201~')
@example(text="'")
@example(text="\n")
def test_any_text_is_quoted(recorder: Recorder, text: str) -> None:
    """Whatever the text of a body: quotes, line ends, `$`, backticks, escapes, a leading @."""
    got = sent(recorder, "/v1/x", body=text.encode(), headers={"content-type": "text/plain"})
    assert got.body == text.encode()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60))
@example(value="a'b\"c`id`$(id)${HOME}!!\\")
def test_any_header_is_quoted(recorder: Recorder, value: str) -> None:
    """A header's value is data to the shell and to curl, too."""
    got = sent(recorder, "/v1/x", body={}, headers={"x-note": value.strip()})
    assert got.headers["x-note"] == value.strip()


@pytest.mark.parametrize("body", [bytes(range(256)), b"\0", b"\xff" * 200_000], ids=["all", "nul", "large"])
def test_binary_bodies(recorder: Recorder, body: bytes) -> None:
    """Bytes that are no text go through base64."""
    got = sent(recorder, "/v1/audio/transcriptions", body=body, headers={"content-type": "audio/wav"})
    assert got.body == body
    assert got.headers["content-type"] == "audio/wav"


def test_bodies_longer_than_an_argument_may_be(recorder: Recorder) -> None:
    """Linux takes no argument over 128 KiB: such a body is piped, and is still the same."""
    body = {**CHAT, "user": "it's long " * 50_000}
    assert sent(recorder, "/v1/chat/completions", body=body).json == body


def test_control_characters_never_reach_a_terminal() -> None:
    """A paste that ends the terminal's paste mode could run what follows: such bytes are never in the command."""
    hostile = "\x1b[201~\rrm -rf ~\x07\x9b"
    asked = exchange(f"http://x/{hostile}", hostile.encode(), {"x-note": hostile, "content-type": "text/plain"})
    command = curl(call(asked), asked)
    assert not {c for c in command if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)}


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("DELETE", None), ("POST", None), ("PUT", b"x"), ("GET", b"x"), ("HEAD", None)]
)
def test_other_methods(recorder: Recorder, method: str, body: bytes | None) -> None:
    """The method is the request's, with and without a body, and curl adds no header of its own."""
    got = sent(recorder, "/v1/files/a/../b", body=body, method=method, headers={"x-a": "1"})
    assert (got.method, got.path, got.body) == (method, "/v1/files/a/../b", body or b"")
    assert set(got.headers) - {"content-length", "content-type"} == {"host", "accept", "user-agent", "x-a"}
    assert "content-type" not in got.headers


def test_connection_headers_are_left_to_curl(recorder: Recorder) -> None:
    """The body is sent decoded, so the headers of its form on the wire and of the old connection are not repeated."""
    old = {
        "content-encoding": "gzip", "content-length": "7", "transfer-encoding": "chunked", "connection": "x-hop",
        "x-hop": "1", "proxy-authorization": "Basic abc", "te": "trailers",
    }  # fmt: skip
    got = sent(recorder, "/v1/chat/completions", body=CHAT, headers=old)
    assert got.json == CHAT
    assert not (set(old) - {"content-length"}) & set(got.headers)
    assert got.headers["host"] == recorder.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("host", "headers", "variable"),
    [
        ("api.openai.com/v1/chat/completions", {"authorization": "Bearer …abcd"}, "Bearer $OPENAI_API_KEY"),
        ("api.anthropic.com/v1/messages", {"x-api-key": "…abcd"}, "$ANTHROPIC_API_KEY"),
        ("api.anthropic.com/v1/messages", {"authorization": "Bearer …abcd"}, "Bearer $ANTHROPIC_API_KEY"),
        ("x.openai.azure.com/openai/deployments/d/chat/completions", {"api-key": "…abcd"}, "$AZURE_OPENAI_API_KEY"),
        (
            "generativelanguage.googleapis.com/v1beta/models/m:generateContent",
            {"x-goog-api-key": "…"},
            "$GEMINI_API_KEY",
        ),
        ("generativelanguage.googleapis.com/v1beta/models/m:generateContent?key=…abcd", {}, "?key=$GEMINI_API_KEY"),
        ("api.groq.com/openai/v1/chat/completions", {"authorization": "Bearer …abcd"}, "Bearer $GROQ_API_KEY"),
        ("api.mistral.ai/v1/chat/completions", {"authorization": "Bearer …abcd"}, "Bearer $MISTRAL_API_KEY"),
        ("api.openai.com/v1/chat/completions", {"cookie": "session=…abcd"}, "session=$COOKIE_SESSION"),
        ("api.openai.com/v1/chat/completions", {"x-portkey-api-key": "…"}, "$X_PORTKEY_API_KEY"),
    ],
)
def test_each_provider_has_its_variable(host: str, headers: dict[str, str], variable: str) -> None:
    """The variable is the one that the provider's own SDK reads, where there is one; in double quotes."""
    asked = exchange(f"https://{host}", CHAT, headers)
    lines = curl(call(asked, provider=provider_of(asked, "openai")), asked).splitlines()
    (line,) = [line for line in lines if "$" in line and "data-raw" not in line]
    assert f'{variable}"' in line
    assert line.count('"') == 2


def test_aws_requests_are_signed_anew(recorder: Recorder) -> None:
    """A signature is good for minutes: curl makes a new one from the usual variables, as botocore would."""
    asked = exchange(
        recorder.url + "/model/amazon.nova-lite-v1/converse",
        {"messages": []},
        {
            "authorization": "AWS4-HMAC-SHA256 Credential=…uest, SignedHeaders=host, Signature=…abcd",
            "x-amz-date": "20200101T000000Z",
            "x-amz-security-token": "…abcd",
        },
    )
    env = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "mine", "AWS_SESSION_TOKEN": "session"}
    run(curl(call(asked, provider="aws.bedrock"), asked), **env)
    got = recorder.take()
    assert got.headers["x-amz-security-token"] == "session"
    assert got.headers["x-amz-date"] > "2026"
    assert "Credential=AKID/" in got.headers["authorization"]
    assert f"Signature={signature(recorder.url, got)}" in got.headers["authorization"]


def signature(url: str, got: Received) -> str:
    """What botocore signs this request with."""
    names = got.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest("POST", url + got.path, {n: got.headers[n] for n in names}, got.body)
    request.context["timestamp"] = got.headers["x-amz-date"]
    auth = SigV4Auth(Credentials("AKID", "mine", "session"), "bedrock", "us-east-1")
    canonical = "\n".join(
        [
            "POST",
            got.path,
            "",
            *(f"{name}:{got.headers[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(got.body).hexdigest(),
        ]
    )
    return auth.signature(auth.string_to_sign(request, canonical), request)


def test_the_region_is_the_hosts() -> None:
    """An AWS host names its region."""
    url = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/anthropic.claude-v1%3A0/converse"
    asked = exchange(url, {"messages": []}, {"authorization": "AWS4-HMAC-SHA256 Credential=…uest, Signature=…abcd"})
    command = curl(call(asked, provider="aws.bedrock"), asked)
    assert "--aws-sigv4 aws:amz:eu-central-1:bedrock" in command
    assert command.startswith("# Older curls")
