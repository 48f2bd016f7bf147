"""No export holds a secret, with redaction at capture and without it."""

from __future__ import annotations

import base64
import json
import re

import pytest
from mitmproxy import flow, http
from mitmproxy.test import tflow

from llm_sidecar import export
from llm_sidecar.call import Call
from llm_sidecar.calls import Reading
from llm_sidecar.capture.exchange import exchange_of
from llm_sidecar.dialects.reader import read
from llm_sidecar.row import row_of
from llm_sidecar.runs import Place

SECRET = "s3cr3t"
"""Part of every planted value; nothing else has it."""


def secret(name: str) -> str:
    return f"sk-{SECRET}-{name}-0123456789"


def reading_of(made: http.HTTPFlow) -> Reading:
    exchange = exchange_of(made)
    call = read(exchange) or Call("other", "chat", "openai")
    return Reading(row_of(call, exchange, Place(run="r1")), call, exchange)


def planted(
    body: bytes, media_type: str, url: str = "https://api.openai.com/v1/responses", **more: str
) -> http.HTTPFlow:
    """A flow as it is with redaction off: real values wherever there may be one."""
    url += f"?key={secret('key')}&access_token={secret('parameter')}&sig={secret('signature')}"
    headers = {
        "authorization": f"Bearer {secret('bearer')}", "x-api-key": secret("x"), "api-key": secret("azure"),
        "x-goog-api-key": secret("google"), "x-amz-security-token": secret("aws"), "x-my-own-api-key": secret("own"),
        "cookie": f"a={secret('cookie')}; b={secret('cookie2')}", "proxy-authorization": f"Basic {secret('proxy')}",
        "content-type": media_type, **more,
    }  # fmt: skip
    echo = f"Incorrect API key provided: {secret('bearer')}. {secret('x')}"
    answer = {"error": {"message": echo}, "access_token": secret("oauth"), "client_secret": {"value": secret("x")}}
    response = http.Response.make(
        401, json.dumps(answer), {"content-type": "application/json", "set-cookie": f"s={secret('set')}; Path=/"}
    )
    made = tflow.tflow(req=http.Request.make("POST", url, body, headers), resp=response)
    made.error = flow.Error(f"refused with {secret('bearer')}")
    return made


TOOL = {"type": "mcp", "authorization": secret("mcp"), "headers": {"X-Api-Key": secret("mcp2")}}
BODIES = [
    pytest.param(json.dumps({"model": "m", "input": f"My key is {secret('bearer')}", "tools": [TOOL]}).encode(),
                 "application/json", id="json"),
    pytest.param(f"grant_type=x&client_secret={secret('form')}&password={secret('pw')}".encode(),
                 "application/x-www-form-urlencoded", id="form"),
    pytest.param(b"\xff\x00" + secret("bearer").encode(), "application/octet-stream", id="binary"),
    pytest.param(f'--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{secret("part")}\r\n--b--\r\n'.encode(),
                 "multipart/form-data; boundary=b", id="multipart"),
]  # fmt: skip


@pytest.mark.parametrize("kind", export.KINDS)
@pytest.mark.parametrize(("body", "media_type"), BODIES)
def test_without_redaction(kind: str, body: bytes, media_type: str) -> None:
    """Everywhere: headers, cookies, URL, bodies, what the provider echoes, the reason of a failure; Base64 too."""
    made = planted(body, media_type)
    content = export.export(reading_of(made), made, kind)[2]
    assert SECRET.encode() not in content
    for encoded in re.findall(rb"[A-Za-z0-9+/]{24,}={0,2}", content):
        assert SECRET.encode() not in base64.b64decode(encoded[: len(encoded) // 4 * 4])


def test_without_redaction_all_in_one_file() -> None:
    """The HAR of many."""
    flows = [planted(*body.values) for body in BODIES]  # type: ignore[misc]
    assert SECRET.encode() not in b"".join(export.export_all((f, "openai") for f in flows)[2])


@pytest.mark.parametrize("kind", export.KINDS)
def test_the_keys_place_names_its_variable(kind: str) -> None:
    """With redaction, the short form that is shown is not exported either: it could not be sent."""
    headers = {"authorization": "Bearer …wxyz", "content-type": "application/json"}
    body = json.dumps({"model": "m", "input": "Hi", "tools": [{"type": "mcp", "authorization": "…mnop"}]})
    request = http.Request.make("POST", "https://api.openai.com/v1/responses", body.encode(), headers)
    request.data.path = "/v1/responses?api_key=…wxyz".encode()
    made = tflow.tflow(req=request, resp=True)
    text = export.export(reading_of(made), made, kind)[2].decode()
    assert "…" not in text
    assert "%E2%80%A6" not in text
    assert "OPENAI_API_KEY" in text
    assert "SECRET_AUTHORIZATION" in text
    if kind != "python":
        assert "$OPENAI_API_KEY" in text


def test_the_same_secret_has_the_same_variable_and_another_one_another() -> None:
    """Two keys of one provider in one request are told apart."""
    one, two = secret("one"), secret("two")
    headers = {"authorization": f"Bearer {one}", "x-api-key": two, "content-type": "application/json"}
    body = json.dumps({"model": "m", "input": [], "tools": [{"authorization": two}]})
    made = tflow.tflow(req=http.Request.make("POST", "https://api.openai.com/v1/responses", body.encode(), headers))
    text = export.export(reading_of(made), made, "curl")[2].decode()
    assert '"Authorization: Bearer $OPENAI_API_KEY"' in text
    assert '"X-Api-Key: $OPENAI_API_KEY_2"' in text
    assert text.count("$OPENAI_API_KEY_2") == 2


def test_other_values_stay() -> None:
    """What only looks like a secret's name, or is short, is no secret: log probabilities, schemas, prompts."""
    body = {
        "model": "m", "messages": [{"role": "user", "content": "password: offline"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"password": {}}}}}],
    }  # fmt: skip
    headers = {"authorization": "Bearer offline", "content-type": "application/json"}
    url = "https://api.openai.com/v1/chat/completions"
    made = tflow.tflow(req=http.Request.make("POST", url, json.dumps(body).encode(), headers))
    assert json.dumps(body) in export.export(reading_of(made), made, "curl")[2].decode()
