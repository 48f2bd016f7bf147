"""Where secrets are found, what is shown for them, and that the way back gives every byte again."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.test import tflow

from llm_sidecar.capture import redact, secret_names
from llm_sidecar.capture.vault import Secrets, Vault, short_form

KEY = b"sk-proj-0123456789-ABCD"


def hidden(_site: bytes, value: bytes) -> bytes:
    return b"#" if value.strip() else value


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer " + KEY.decode(), "Bearer …ABCD"),
        ("authorization", KEY.decode(), "…ABCD"),
        ("Authorization", "Bearer short", "Bearer …"),
        ("Authorization", "Basic dXNlcjpwYXNzd29yZA==", "Basic …"),
        ("Authorization", "Bearer offline", "Bearer offline"),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/bedrock/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            "AWS4-HMAC-SHA256 Credential=…uest, SignedHeaders=host;x-amz-date, Signature=…b5d7",
        ),
        ("Cookie", "session=0123456789abcdefWXYZ; theme=dark; flag", "session=…WXYZ; theme=…; …"),
        ("Set-Cookie", "__cf_bm=0123456789abcdefWXYZ; Path=/; HttpOnly", "__cf_bm=…WXYZ; Path=/; HttpOnly"),
        (
            "Sec-WebSocket-Protocol",
            f"realtime, openai-insecure-api-key.{KEY.decode()}, openai-beta.realtime-v1",
            "realtime, openai-insecure-api-key.…ABCD, openai-beta.realtime-v1",
        ),
        ("Location", "https://u:p@host/cb?code=abc&state=1", "https://…@host/cb?code=…&state=1"),
        ("X-Some-New-Api-Key", KEY.decode(), "…ABCD"),
        ("anthropic-ratelimit-tokens-limit", "4000000", "4000000"),
        ("x-request-id", KEY.decode(), KEY.decode()),
    ],
)
def test_headers(name: str, value: str, shown: str) -> None:
    """What authenticates is hidden, what only describes stays."""
    fields = redact.headers(((name.encode(), value.encode()),), Secrets().hide)
    assert fields == ((name.encode(), shown.encode()),)


@pytest.mark.parametrize("name", secret_names.HEADERS)
def test_every_listed_header(name: str) -> None:
    """No header of the table keeps its value."""
    value = b"openai-insecure-api-key." + KEY if name == "sec-websocket-protocol" else KEY
    assert KEY not in redact.headers(((name.title().encode(), value),), Secrets().hide)[0][1]


@pytest.mark.parametrize("name", secret_names.PARAMETERS)
def test_every_listed_parameter(name: str) -> None:
    """In a URL, in a form and in a multipart form; in any case of letters."""
    for form in (name, name.upper()):
        field = form.encode() + b"=" + KEY
        assert KEY not in redact.url(b"/v1?alt=sse&" + field + b"&x=1", hidden)
        assert redact.body(b"grant_type=x&" + field, "application/x-www-form-urlencoded", hidden).endswith(b"=#")
        part = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n--b--' % (form.encode(), KEY)
        assert KEY not in redact.body(part, "multipart/form-data; boundary=b", hidden)


@pytest.mark.parametrize("name", secret_names.FIELDS)
def test_every_listed_field(name: str) -> None:
    """In JSON, wherever it is nested, and in XML."""
    for form in (name, name.upper()):
        body = json.dumps({"a": [{form: KEY.decode()}], "expires_in": 3600}).encode()
        assert json.loads(redact.body(body, "application/json", hidden)) == {"a": [{form: "#"}], "expires_in": 3600}
        xml = b"<R><%s>%s</%s></R>" % (form.encode(), KEY, form.encode())
        assert KEY not in redact.body(xml, "text/xml", hidden)


@pytest.mark.parametrize(
    "body",
    [
        {"logprobs": {"content": [{"token": " Hello", "logprob": -0.1, "bytes": [1]}]}},
        {"usage": {"input_tokens": 3}, "max_tokens": 5},
        {"tools": [{"parameters": {"properties": {"api_key": {"type": "string"}, "password": {"type": "string"}}}}]},
        {"messages": [{"role": "user", "content": 'what is {"api_key": "x"}?'}]},
        {"error": {"code": "invalid_api_key", "param": None}},
    ],
)
def test_what_only_sounds_like_a_secret_stays(body: dict) -> None:
    """Log probabilities, counts, schemas, prompts and error codes are what people come to see."""
    raw = json.dumps(body).encode()
    assert redact.body(raw, "application/json", hidden) is raw


def test_an_ephemeral_key_is_known_by_its_prefix() -> None:
    """OpenAI Realtime calls the field just `value`."""
    raw = b'{"value": "ek_0123456789abcdefgh", "expires_at": 1}'
    assert redact.body(raw, "application/json", hidden) == b'{"value": "ek_#", "expires_at": 1}'


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("403 GET /flows?token=0123456789abcdef (127.0.0.1) 1.2ms", "403 GET /flows?token=… (127.0.0.1) 1.2ms"),
        (
            "closed: b'authorization: Bearer sk-secret-1\\r\\nhost: x'",
            "closed: b'authorization: Bearer …\\r\\nhost: x'",
        ),
        ("headers [('x-api-key', 'sk-secret-1')]", "headers [('x-api-key', '…')]"),
        ("bad URL http://user:pass@host/x", "bad URL http://…@host/x"),
        ('{"access_token": "ya29.secret-1"}', '{"access_token": "…"}'),
        ("Web server listening at http://127.0.0.1:9021/", "Web server listening at http://127.0.0.1:9021/"),
    ],
)
def test_log_lines(line: str, shown: str) -> None:
    """What libraries print of a request is cleaned, the rest of the line stays."""
    assert redact.text(line) == shown


def test_no_tail_of_what_is_short_or_a_password() -> None:
    """Four characters are shown only where they do not help to guess the rest."""
    assert short_form(b"x-api-key", b"0123456789abcde") == "…".encode()
    assert short_form(b"x-api-key", b"0123456789abcdef") == "…cdef".encode()
    assert short_form(b"password", b"correct horse battery staple") == "…".encode()


_name = st.sampled_from([*secret_names.HEADERS, "x-new-api-key", "x-other", "location", "referer"])
_value = st.one_of(
    st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")),
    st.sampled_from(
        [b"Bearer " + KEY, KEY, "…ABCD".encode(), "Bearer …ABCD".encode(), b"a=%s; b=%s; a=x" % (KEY, KEY[1:]), b""]
    ),
)


@given(st.lists(st.tuples(_name, _value), max_size=6))
def test_headers_come_back_byte_for_byte(fields: list[tuple[str, bytes]]) -> None:
    """Whatever is in there, also values that look like short forms, revealing undoes hiding."""
    original = tuple((n.encode(), v) for n, v in fields)
    secrets = Secrets()
    assert redact.headers(redact.headers(original, secrets.hide), secrets.reveal) == original


@given(st.lists(st.tuples(st.sampled_from([*secret_names.PARAMETERS, "alt"]), st.text(max_size=30)), max_size=5))
def test_urls_come_back_byte_for_byte(parameters: list[tuple[str, str]]) -> None:
    """Escaped or not."""
    original = b"/v1/x?" + "&".join(f"{k}={v}" for k, v in parameters).encode()
    secrets = Secrets()
    assert redact.url(redact.url(original, secrets.hide), secrets.reveal) == original


_json = st.recursive(
    st.one_of(st.text(max_size=30), st.sampled_from(["…", "…ABCD", KEY.decode(), "ek_" + KEY.decode()]), st.integers()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*secret_names.FIELDS, "Value", "content"]), inner, max_size=4),
    ),
)


@given(_json, st.booleans(), st.integers(0, 400))
def test_json_comes_back_byte_for_byte(value: object, ascii_only: bool, cut: int) -> None:
    """Whole or cut anywhere; and what is hidden is still JSON."""
    whole = json.dumps(value, ensure_ascii=ascii_only).encode()
    for original in (whole, whole[:cut]):
        secrets = Secrets()
        shown = redact.body(original, "application/json", secrets.hide)
        assert redact.body(shown, "application/json", secrets.reveal) == original
    json.loads(redact.body(whole, "application/json", Secrets().hide))


@given(st.binary(max_size=300), st.sampled_from(["application/json", "text/xml", "multipart/form-data; boundary=x"]))
def test_any_bytes_come_back(original: bytes, kind: str) -> None:
    """Bodies that are not what their type says."""
    secrets = Secrets()
    assert redact.body(redact.body(original, kind, secrets.hide), kind, secrets.reveal) == original


def test_the_vault_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest unused secrets are forgotten, by count and by size; a copy of a flow finds its original's."""
    monkeypatch.setattr("llm_sidecar.capture.vault._MOST_FLOWS", 3)
    vault, flows = Vault(), [tflow.tflow() for _ in range(4)]
    for flow in flows:
        secrets = Secrets()
        secrets.hide(b"x-api-key", KEY)
        vault.put(flow, secrets)
    assert [vault.of(flow) is not None for flow in flows] == [False, True, True, True]
    assert vault.of(flows[3].copy()) is vault.of(flows[3])
    monkeypatch.setattr("llm_sidecar.capture.vault._MOST_BYTES", 5000)
    large = Secrets()
    large.hide(b"x-api-key", KEY * 200)
    vault.put(flows[0], large)
    assert [vault.of(flow) is not None for flow in flows] == [True, False, False, False]


def test_a_large_body_takes_milliseconds() -> None:
    """Ten megabytes of prompt are searched about as fast as they are copied a few times."""
    body = json.dumps({"messages": [{"role": "user", "content": "A" * 10_000_000}]}).encode()
    started = time.perf_counter()
    redact.body(body, "application/json", hidden)
    assert time.perf_counter() - started < 0.1
