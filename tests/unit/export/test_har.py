"""HAR: valid whatever the call came to, with the bodies that were seen."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import jsonschema
import pytest
from mitmproxy import flow, http
from mitmproxy.test import tflow

from llm_sidecar.export.har import har
from tests.unit.export.har_schema import SCHEMA

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def flow_of(
    body: bytes = json.dumps(CHAT).encode(),
    answer: bytes | None = b'{"id": "c1"}',
    headers: dict[str, str] | None = None,
    answer_headers: dict[str, str] | None = None,
    url: str = "https://api.openai.com/v1/chat/completions",
    error: str | None = None,
) -> http.HTTPFlow:
    """A finished flow; `answer` None for one without a response."""
    request = http.Request.make("POST", url, body, headers or {"content-type": "application/json"})
    response = None
    if answer is not None:
        response = http.Response.make(200, b"", answer_headers or {"content-type": "application/json"})
        response.raw_content = answer
    made = tflow.tflow(req=request, resp=response or False, err=bool(error))
    if error:
        made.error = flow.Error(error)
    return made


def entry(made: http.HTTPFlow, provider: str = "openai") -> dict[str, Any]:
    """The one entry of a valid HAR."""
    log = json.loads(b"".join(har([(made, provider)])))
    jsonschema.validate(log, SCHEMA)
    (found,) = log["log"]["entries"]
    return found


def test_what_was_asked_and_answered() -> None:
    """Method, URL, headers, both bodies, status and times."""
    found = entry(flow_of())
    assert found["request"]["method"] == "POST"
    assert found["request"]["url"] == "https://api.openai.com/v1/chat/completions"
    assert json.loads(found["request"]["postData"]["text"]) == CHAT
    assert found["response"]["status"] == 200
    assert json.loads(found["response"]["content"]["text"]) == {"id": "c1"}
    assert found["time"] >= 0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_many_calls_are_one_file(count: int) -> None:
    """In the order given; each is read only when its piece is asked for."""
    flows = [flow_of(answer=b"%d" % n) for n in range(count)]
    read: list[int] = []
    pieces = har((read.append(n) or f, "openai") for n, f in enumerate(flows))
    if count > 1:
        next(pieces)
        assert read == [0]
        pieces = har((f, "openai") for f in flows)
    log = json.loads(b"".join(pieces))
    jsonschema.validate(log, SCHEMA)
    assert [e["response"]["content"]["text"] for e in log["log"]["entries"]] == [str(n) for n in range(count)]


def test_a_call_without_a_response() -> None:
    """Refused, say: the entry is there, with the reason."""
    found = entry(flow_of(answer=None, error="connection refused"))
    assert found["response"]["status"] == 0
    assert found["response"]["_error"] == "connection refused"


@pytest.mark.parametrize(
    ("answer", "headers", "expected"),
    [
        ("data: grü".encode()[:-1], {"content-type": "text/event-stream"}, "data: gr"),
        (gzip.compress(b"data: {}\n\n" * 99)[:-8], {"content-encoding": "gzip"}, None),
        (b"\x1b\x2f\x00", {"content-encoding": "br"}, None),
        (b"", {"content-type": "text/event-stream"}, ""),
    ],
    ids=["inside a character", "inside gzip", "inside brotli", "at once"],
)  # fmt: skip
def test_a_cut_stream(answer: bytes, headers: dict[str, str], expected: str | None) -> None:
    """What arrived is shown as far as it can be; the file stays valid."""
    content = entry(flow_of(answer=answer, answer_headers=headers, error="Client disconnected."))["response"]["content"]
    assert content["size"] == len(answer)
    if expected is not None:
        assert content["text"] == expected


def test_a_stream_that_is_still_arriving() -> None:
    """No end of the response yet."""
    made = flow_of(answer=b"data: {}\n\n")
    assert made.response
    made.response.timestamp_end = None
    assert entry(made)["response"]["content"]["text"] == "data: {}\n\n"


def test_binary_bodies() -> None:
    """Base64, and marked so: HAR has `encoding` for answers; what was asked says it in a comment."""
    binary = bytes(range(256))
    found = entry(flow_of(body=binary, answer=binary, headers={"content-type": "audio/wav"}))
    assert base64.b64decode(found["response"]["content"]["text"]) == binary
    assert found["response"]["content"]["encoding"] == "base64"
    post = found["request"]["postData"]
    assert base64.b64decode(post["text"]) == binary
    assert post["comment"] == "The text is Base64."


def test_odd_bytes_in_headers() -> None:
    """Headers need not be UTF-8."""
    made = flow_of()
    made.request.headers.fields += ((b"x-odd", b"\xff\xfe"),)
    assert {"name": "x-odd", "value": "\ufffd\ufffd"} in entry(made)["request"]["headers"]


def test_the_flow_is_left_as_it_was() -> None:
    """An export only reads."""
    made = flow_of(headers={"authorization": "Bearer sk-0123456789abcdef", "content-type": "application/json"})
    before = made.get_state()
    entry(made)
    assert made.get_state() == before
