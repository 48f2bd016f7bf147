"""The exports as the API hands them out."""

from __future__ import annotations

import ast
import json

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from llm_sidecar import export, otel
from tests.unit.export.test_no_secrets import reading_of

CHAT = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Grüße"}]}


@pytest.fixture
def made() -> http.HTTPFlow:
    """A finished call."""
    url = "https://api.openai.com/v1/chat/completions"
    headers = {"content-type": "application/json", "authorization": "Bearer …abcd"}
    answer = {"id": "c1", "model": "gpt-5-mini", "choices": [{"message": {"role": "assistant", "content": "Hallo"}}]}
    response = http.Response.make(200, json.dumps(answer), {"content-type": "application/json"})
    return tflow.tflow(req=http.Request.make("POST", url, json.dumps(CHAT).encode(), headers), resp=response)


@pytest.mark.parametrize(
    ("kind", "media_type", "extension"),
    [
        ("curl", "text/x-sh; charset=utf-8", "sh"),
        ("python", "text/x-python; charset=utf-8", "py"),
        ("har", "application/json", "har"),
        ("json", "application/json", "json"),
    ],
)
def test_each_kind_has_a_media_type_and_a_file_name(
    made: http.HTTPFlow, kind: str, media_type: str, extension: str
) -> None:
    """The name tells which call it was."""
    found, name, content = export.export(reading_of(made), made, kind)
    assert (found, name) == (media_type, f"call-{made.id[:8]}.{extension}")
    assert content.endswith(b"\n")


def test_an_unknown_kind_is_told_what_there_is(made: http.HTTPFlow) -> None:
    """The message is for whoever asked."""
    with pytest.raises(export.UnknownKind, match=r"no export 'postman'\. There are: curl, python, har, json\."):
        export.export(reading_of(made), made, "postman")


def test_json_is_the_call_of_the_api(made: http.HTTPFlow) -> None:
    """With its messages and its run, laid out for reading."""
    reading = reading_of(made)
    content = export.export(reading, made, "json")[2]
    assert json.loads(content) == otel.to_json(reading.call, reading.exchange, messages=True) | {
        "llm_sidecar.run": "r1"
    }
    assert '"content": "Grüße"' in content.decode()
    assert content.count(b"\n") > 20


def test_python_is_python(made: http.HTTPFlow) -> None:
    """It compiles."""
    ast.parse(export.export(reading_of(made), made, "python")[2])


def test_all_are_one_har(made: http.HTTPFlow) -> None:
    """In pieces, so that a server may send them as they come."""
    media_type, name, pieces = export.export_all([(made, "openai"), (made, "openai")])
    assert (media_type, name) == ("application/json", "calls.har")
    assert len(json.loads(b"".join(pieces))["log"]["entries"]) == 2
