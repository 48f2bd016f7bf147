"""Calls as HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), by mitmproxy's own writer."""

from __future__ import annotations

import base64
import codecs
import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from mitmproxy import http
from mitmproxy.addons.savehar import SaveHar
from mitmproxy.connection import Server

from llm_sidecar.export.mask import Mask


def har(flows: Iterable[tuple[http.HTTPFlow, str]]) -> Iterator[bytes]:
    """A HAR file in pieces, one for each flow, so that many flows need neither memory nor time at once.

    Each flow comes with its `gen_ai.provider.name`, which names the key's variable: `$OPENAI_API_KEY`.
    """
    writer, seen = SaveHar(), set[Server]()
    head, _, tail = json.dumps(writer.make_har([])).partition('"entries": [')
    separator = f'{head}"entries": [\n'
    for flow, provider in flows:
        yield separator.encode() + _entry(writer, flow, Mask(provider), seen)
        separator = ",\n"
    yield (("\n" if separator == ",\n" else separator) + tail + "\n").encode()


def _entry(writer: SaveHar, flow: http.HTTPFlow, mask: Mask, seen: set[Server]) -> bytes:
    entry = writer.flow_entry(_masked(flow, mask), seen)
    if post := entry["request"].get("postData"):
        _put(post, flow.request.get_content(strict=False), mask)
        if post["params"]:
            post["params"] = [{"name": name, "value": value} for name, value in parse_qsl(post["text"])]
        if post.pop("encoding", None):
            # HAR has no binary request bodies.
            post["comment"] = "The text is Base64."
    content = entry["response"]["content"]
    if flow.response:
        _put(content, flow.response.get_content(strict=False), mask)
    # HAR 1.2 requires them, the writer leaves them out where there is no response.
    content.setdefault("size", 0)
    content.setdefault("mimeType", "")
    text = mask.echoes(json.dumps(entry, ensure_ascii=False).encode(errors="surrogateescape"))
    return text.decode(errors="replace").encode()


def _put(target: dict[str, Any], body: bytes | None, mask: Mask) -> None:
    """The body as text where it is UTF-8, as JSON and events are whatever their headers say; else as Base64."""
    data = mask.body(body or b"", target["mimeType"])
    target.pop("encoding", None)
    try:
        # A last character that is cut is left out.
        target["text"] = codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        target["text"], target["encoding"] = base64.b64encode(data).decode(), "base64"


def _masked(flow: http.HTTPFlow, mask: Mask) -> http.HTTPFlow:
    """The flow as it is, but for its headers and its URL."""
    shown = copy.copy(flow)
    shown.request = flow.request.copy()
    shown.request.headers.fields = mask.headers(flow.request.headers.fields)
    shown.request.data.path = mask.url(flow.request.data.path)
    if flow.response:
        shown.response = flow.response.copy()
        shown.response.headers.fields = mask.headers(flow.response.headers.fields)
    return shown
