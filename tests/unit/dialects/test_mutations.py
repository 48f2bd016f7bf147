"""Whatever a provider, or something that says it is one, sends: reading neither raises nor hangs."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llm_sidecar.dialects.reader import read, reader
from llm_sidecar.exchange import Exchange
from llm_sidecar.otel import to_json
from llm_sidecar.wire.eventstream import EventStreamDecoder
from tests.unit.dialects.fixtures import cases, load
from tests.unit.otel_schema import problems
from tests.unit.wire.test_eventstream import message

CASES = {case: load(case) for case in cases()}

JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**30,
    "",
    "x",
    "\ud83d",
    [],
    {},
    [[]],
    [None],
    {"type": 5},
    {"a": {}},
    ["x", 1],
]
for _ in range(150):
    JUNK[-1] = [JUNK[-1]]


def settled(exchange: Exchange) -> None:
    """The exchange is read, its JSON keeps to the schema and can be sent."""
    call = read(exchange)
    if call is None:
        return
    found = to_json(call, exchange, messages=True)
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    assert problems(found) == []


@given(case=st.sampled_from(list(CASES)), data=st.data())
@settings(max_examples=200, deadline=None)
def test_bytes_changed_or_missing(case: str, data: st.DataObject) -> None:
    """Cut anywhere, or with bytes put in anywhere, in the request or the response."""
    exchange = CASES[case]
    where = data.draw(st.sampled_from(["request_body", "response_body"]))
    body = getattr(exchange, where)
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(start + 20, len(body))))
    new = body[:start] + data.draw(st.binary(max_size=8)) + (body[end:] if data.draw(st.booleans()) else b"")
    settled(replace(exchange, **{where: new}))


@given(case=st.sampled_from(list(CASES)), data=st.data())
@settings(max_examples=400, deadline=None)
def test_fields_of_another_type(case: str, data: st.DataObject) -> None:
    """Any value anywhere in the request, or in the response or one of its events, becomes something else."""
    exchange = CASES[case]
    where = data.draw(st.sampled_from(["request_body", "response_body"]))
    settled(replace(exchange, **{where: changed(getattr(exchange, where), data)}))


def changed(body: bytes, data: st.DataObject) -> bytes:
    """A body with one value changed in its JSON, or in that of one of its events; as it was where it has no JSON."""
    if body.startswith(b"\0\0"):
        return changed_event(body, data)
    try:
        return mutated(body, data)
    except ValueError:
        lines = body.split(b"\n")
    starts = [i for i, line in enumerate(lines) if line.startswith((b"data: {", b"{"))]
    if not starts:
        return body
    at = data.draw(st.sampled_from(starts))
    prefix, brace, rest = lines[at].partition(b"{")
    try:
        lines[at] = prefix + mutated(brace + rest, data)
    except ValueError:
        return body
    return b"\n".join(lines)


def changed_event(body: bytes, data: st.DataObject) -> bytes:
    """An AWS event stream, one of its events changed: around what InvokeModel has in base64, or inside of that."""
    events = EventStreamDecoder().feed(body)
    at = data.draw(st.integers(0, len(events) - 1))
    inner = json.loads(events[at].data)
    if isinstance(inner.get("bytes"), str) and data.draw(st.booleans()):
        text = base64.b64decode(inner["bytes"])
        payload = json.dumps(inner | {"bytes": base64.b64encode(changed(text, data)).decode()}).encode()
    else:
        payload = mutated(events[at].data, data)
    events[at] = replace(events[at], data=payload)
    return b"".join(message(event.data, message_type="event", event_type=event.name) for event in events)


def mutated(text: bytes, data: st.DataObject) -> bytes:
    """The JSON text with one value, at any depth, replaced by junk; some of it twice under one key."""
    value = json.loads(text)
    places: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        node = todo.pop()
        keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        places += [(node, key) for key in keys]
        todo += [node[key] for key in keys]
    if not places:
        return text
    node, key = data.draw(st.sampled_from(places))
    node[key] = data.draw(st.sampled_from(JUNK))
    changed = json.dumps(value)
    return changed.replace("{", '{"model": 1, ' if data.draw(st.booleans()) else "{", 1).encode()


def test_absurd_json() -> None:
    """Nested without end, numbers without end, endless keys, NaN: said, and no more."""
    for body in (
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"messages": ' + b"9" * 100_000 + b"}",
        b'{"model": NaN, "messages": [{"role": "user", "content": 1e999}], "temperature": Infinity}',
        b'{"' + b"k" * 1_000_000 + b'": 1}',
        b"\xff\xfe{\0}\0",
    ):
        for where in ("request_body", "response_body"):
            settled(replace(CASES["openai.chat/text"], **{where: body}))
            settled(replace(CASES["openai.chat/stream_text"], **{where: b"data: " + body + b"\n\n"}))


def test_events_in_any_order() -> None:
    """A stream backwards, doubled, or with each event alone is read as far as it goes."""
    for case, exchange in CASES.items():
        events = exchange.response_body.split(b"\n\n")
        for arranged in (events[::-1], events * 2, *([event] for event in events)):
            body = b"\n\n".join([*arranged, b""])
            settled(replace(exchange, response_body=body, id=case))


def test_any_call_of_a_reader_at_any_time() -> None:
    """Bytes before the head, an end without a response, bytes after the end: nothing raises."""
    exchange = CASES["openai.chat/stream_text"]
    follower = reader(exchange)
    assert follower is not None
    follower.feed(b"data: {")
    follower.call()
    follower.respond(200, {"content-type": "text/event-stream", "content-encoding": "nonsense"})
    follower.feed(exchange.response_body)
    follower.end("gone")
    follower.feed(exchange.response_body)
    follower.end()
    assert follower.call().incomplete
