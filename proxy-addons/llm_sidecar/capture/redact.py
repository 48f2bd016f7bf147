"""Finds secrets in the parts of an HTTP message and puts something else in their place. Pure functions on bytes.

The same search serves both ways: to hide what is secret, and to find the hidden places again when a call is sent
once more. It must therefore find the same places before and after a replacement.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from llm_sidecar.capture import secret_names as names

Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields as mitmproxy keeps them (`Headers.fields`)."""

Replace = Callable[[bytes, bytes], bytes]
"""`replace(site, value)`: what to put in place of the secret `value`; `site` is the name it was found under."""


class Span(NamedTuple):
    """A secret in a body: `body[start:end]`. Not `closed`: the body ends before the secret does."""

    start: int
    end: int
    site: bytes
    closed: bool = True


def _any(words: Iterable[str]) -> bytes:
    return b"|".join(re.escape(w.encode()) for w in sorted(words, key=len, reverse=True))


_ENDINGS = tuple(e.encode() for e in names.HEADER_ENDINGS)
_HEADERS = frozenset(n.encode() for n in names.HEADERS)
_URL_HEADERS = frozenset(n.encode() for n in names.URL_HEADERS)
_PROTOCOLS = re.compile(b"(" + _any(names.PROTOCOL_PREFIXES) + b")([^,\\s]+)")
_PARAMETER = re.compile(b"(?i)(^|[?&;#])(" + _any(names.PARAMETERS) + b")=([^&;#\\s]*)")
_USERINFO = re.compile(rb"://([^/?#@\s]+)@")
_AWS = re.compile(rb"(Credential|Signature)=([^,\s]*)")
_STRING = rb'((?:[^"\\]++|\\.)*+)("|\\?\Z)'
# It starts with one literal byte, so that the search runs at the speed of memchr over what holds no quotes.
_JSON = re.compile(
    rb'"(?i:('
    + _any(names.FIELDS)
    + rb')"\s*+:\s*+"'
    + _STRING
    + rb"|(?:"
    + _any(names.VALUE_PREFIXES)
    + rb")"
    + _STRING
    + rb")",
    re.DOTALL,
)
_XML = re.compile(rb"<(?i:(" + _any(names.FIELDS) + rb"))>([^<]*)(<|\Z)")
_PART = re.compile(
    rb'name="?(?i:(' + _any({*names.PARAMETERS, *names.FIELDS}) + rb'))"?(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n'
    rb"(.*?)(\r\n--|\Z)",
    re.DOTALL,
)
_OPAQUE = ("image/", "audio/", "video/", "font/")


def headers(fields: Fields, replace: Replace) -> Fields:
    """The fields with each secret replaced; the very same object when there is none."""
    changed = tuple((name, _header(name.lower(), value, replace)) for name, value in fields)
    return fields if changed == fields else changed


def _header(name: bytes, value: bytes, replace: Replace) -> bytes:
    if name in _URL_HEADERS:
        return url(value, replace)
    if name == b"sec-websocket-protocol":
        return _PROTOCOLS.sub(lambda m: m[1] + replace(name, m[2]), value)
    if name == b"cookie":
        return b";".join(_cookie(pair, replace) for pair in value.split(b";"))
    if name == b"set-cookie":
        pair, semicolon, attributes = value.partition(b";")
        return _cookie(pair, replace) + semicolon + attributes
    if name in _HEADERS or name.endswith(_ENDINGS):
        return _credentials(name, value, replace)
    return value


def _cookie(pair: bytes, replace: Replace) -> bytes:
    name, equals, value = pair.partition(b"=")
    if not equals:
        bare = name.lstrip()
        return name[: len(name) - len(bare)] + replace(b"cookie", bare)
    return name + equals + replace(b"cookie " + name.strip(), value)


def _credentials(name: bytes, value: bytes, replace: Replace) -> bytes:
    scheme, space, rest = value.partition(b" ")
    if scheme.startswith(b"AWS4-"):
        return scheme + space + _AWS.sub(lambda m: m[1] + b"=" + replace(m[1], m[2]), rest)
    if space and rest.strip():
        return scheme + space + replace(scheme.lower(), rest)
    return replace(name, value)


def url(value: bytes, replace: Replace) -> bytes:
    """A URL, or its path and query, with the user's part and the secret parameters replaced."""
    value = _USERINFO.sub(lambda m: b"://" + replace(b"password", m[1]) + b"@", value)
    if b"=" not in value:
        return value
    return _PARAMETER.sub(lambda m: m[0] if not m[1] else _parameter(m, replace), value)


def _parameter(match: re.Match[bytes], replace: Replace) -> bytes:
    return match[1] + match[2] + b"=" + replace(match[2].lower(), match[3])


def spans(body: bytes | bytearray, media_type: str, start: int = 0, end: int = sys.maxsize) -> Iterator[Span]:
    """The secrets in `body[start:end]` of a body that is not content-encoded, in order.

    `media_type` is the Content-Type header's, lower case. JSON is looked for in everything that may be text.
    """
    if media_type.startswith(_OPAQUE):
        return
    end = min(end, len(body))
    if media_type.startswith("application/x-www-form-urlencoded"):
        for m in _PARAMETER.finditer(body, start, end):
            yield Span(m.start(3), m.end(3), m[2].lower(), m.end(3) < end)
    elif media_type.startswith("multipart/form-data"):
        for m in _PART.finditer(body, start, end):
            yield Span(m.start(2), m.end(2), m[1].lower(), bool(m[3]))
    elif "xml" in media_type:
        for m in _XML.finditer(body, start, end):
            yield Span(m.start(2), m.end(2), m[1].lower(), bool(m[3]))
    else:
        for m in _JSON.finditer(body, start, end):
            site, value = (m[1].lower(), 2) if m[1] else (b"value", 4)
            closed = m[value + 1] == b'"'
            if site == b"token" and closed and not _token_like(m[2]):
                continue
            yield Span(m.start(value), m.end(value) if closed else end, site, closed)


def _token_like(value: bytes) -> bool:
    return value.startswith("…".encode()) or (
        len(value) >= names.SHORTEST_FOR_TOKEN_FIELD and not any(c in value for c in b" \\")
    )


def body(content: bytes, media_type: str, replace: Replace) -> bytes:
    """The body with each secret replaced; the very same object when there is none."""
    out: list[bytes] = []
    done = 0
    for span in spans(content, media_type):
        out += content[done : span.start], replace(span.site, content[span.start : span.end])
        done = span.end
    return b"".join((*out, content[done:])) if out else content


_TEXT = re.compile(
    rb"(?i)((?<![A-Za-z0-9])(?:"
    + _any({*names.HEADERS, *names.PARAMETERS, *names.FIELDS} - {"key", "code", "token"})
    + rb"""|(?<=[?&])(?:key|code|token))["']?\s*(?:=|:|,)\s*(?:b?["'])?(?:(?:bearer|basic|token)\s+)?)"""
    rb"""(?!bearer\s|basic\s)([^\s"'\\&,;)\]}]+)"""
    rb"|(\b(?:bearer|basic)\s+)([^\s\"'\\,;)]{6,})|(://)([^/\s\"'@]+)(?=@)"
)


def text(message: str) -> str:
    """A log line or an error message with what looks like a secret in it replaced."""
    raw = message.encode(errors="surrogateescape")

    def hide(m: re.Match[bytes]) -> bytes:
        return b"".join(g for g in (m[1], m[3], m[5]) if g) + "…".encode()

    return _TEXT.sub(hide, raw).decode(errors="surrogateescape")
