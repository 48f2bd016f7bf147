"""What is shown of a response while it arrives: never a secret, not even its beginning, and never less than before."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from llm_sidecar.capture.stored import StoredBody
from llm_sidecar.capture.vault import Secrets

KEY = "sk-proj-0123456789-ABCD"
ISSUED = "ya29.issued-by-the-provider-WXYZ"


def response(kind: str = "application/json", coding: str = "") -> http.Response:
    headers = {"content-type": kind} | ({"content-encoding": coding} if coding else {})
    return http.Response.make(200, b"", headers)


def sent() -> Secrets:
    secrets = Secrets()
    secrets.hide(b"bearer", KEY.encode())
    return secrets


BODIES = [
    json.dumps({"access_token": ISSUED, "token_type": "Bearer", "note": f"you sent {KEY}!"}).encode(),
    json.dumps({"headers": {"Authorization": f"Bearer {KEY}"}, "id_token": ISSUED}, indent=2).encode(),
    b"".join(b'data: {"delta": "%s", "client_secret": "%s"}\n\n' % (KEY.encode(), ISSUED.encode()) for _ in range(3)),
]


@pytest.mark.parametrize("body", BODIES)
def test_at_every_byte(body: bytes) -> None:
    """Look after each byte: no secret, no beginning of one beyond a few letters, and each look continues the last."""
    stored, before = StoredBody(response(), sent()), b""
    for end in range(len(body) + 1):
        shown = stored.shown(body[:end], whole=False)
        assert ISSUED[:8].encode() not in shown
        assert KEY[:6].encode() not in shown
        assert shown.startswith(before)
        before = shown
    shown = stored.shown(body, whole=True)
    assert shown.startswith(before)
    assert ISSUED.encode() not in shown
    assert KEY.encode() not in shown
    assert "…WXYZ".encode() in shown
    assert "…ABCD".encode() in shown


@given(st.lists(st.text(max_size=20), max_size=8), st.lists(st.integers(0, 200), max_size=5))
def test_what_holds_no_secret_is_shown_as_it_is(lines: list[str], looks: list[int]) -> None:
    """Byte for byte, however often one looks in between."""
    body = "\n".join(json.dumps({"content": line}) for line in lines).encode()
    stored = StoredBody(response(), sent())
    for look in sorted(looks):
        assert body.startswith(stored.shown(body[:look], whole=False))
    assert stored.shown(body, whole=True) == body


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
    ],
)
def test_a_compressed_body(coding: str, encode: object) -> None:
    """It stays compressed, and its secret is gone; without one it is the very bytes."""
    shown = StoredBody(response(coding=coding), sent()).shown(encode(BODIES[0]), whole=True)
    decoded = http.Response.make(200, b"", {"content-encoding": coding})
    decoded.data.content = shown
    assert json.loads(decoded.content)["access_token"] == "…WXYZ"
    assert ISSUED not in decoded.text
    plain = encode(b'{"content": "hello"}')
    assert StoredBody(response(coding=coding), sent()).shown(plain, whole=True) == plain


def test_a_cut_body_ends_before_the_secret() -> None:
    """What was cut in the middle of a secret shows nothing of it."""
    assert StoredBody(response(), None).shown(b'{"access_token": "ya29.iss', whole=True) == b'{"access_token": "'
