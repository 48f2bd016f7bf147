"""Which calls belong together, and what a call added to the one before it.

An agent sends its whole history again with each call, so a later call's messages start with an earlier one's.
Where an app shortens its history, or keeps it with the provider, ids tell instead: of tool calls that are
answered, or of the response that is continued. A subagent starts with messages of its own: a run of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from llm_sidecar.call import Call, Message

_UNSTABLE = frozenset({"cache_control", "cachePoint", "finish_reason"})
"""Keys that move or go away when the same message is sent again."""


_SYSTEM = frozenset({"system", "developer"})
"""Roles of what the app says to the model about the conversation."""


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(json.dumps(value, sort_keys=True, default=str).encode(), digest_size=16).digest()


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _stable(v) for k, v in value.items() if k not in _UNSTABLE}
    if isinstance(value, list):
        return [_stable(v) for v in value]
    return value


def _said(message: Message) -> bytes:
    """What of an answer comes back as history: its texts and tool calls; reasoning is often left out."""
    kept = [p for p in message.get("parts", []) if p.get("type") in ("text", "tool_call")]
    return _digest([(p.get("type"), p.get("content") or p.get("id")) for p in kept])


@dataclass(frozen=True, slots=True)
class Trace:
    """A call reduced to what telling runs apart needs: digests, ids, names. Small enough to keep for every call."""

    id: str
    tools: tuple[tuple[str, bytes], ...] = ()
    """Name and digest of each tool definition."""
    system: tuple[bytes, ...] = ()
    messages: tuple[bytes, ...] = ()
    said: tuple[bytes, ...] = ()
    """As `messages`, but of what an answer's echo keeps."""
    roles: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    answers: tuple[str, ...] = ()
    """Ids of the tool calls whose results this call carries."""
    continues: str | None = None
    """The response that this call continues (`previous_response_id`)."""

    @staticmethod
    def of(id: str, call: Call) -> Trace:
        """The trace of a call's request."""
        messages = [_stable(m) for m in call.input_messages]
        return Trace(
            id=id,
            tools=tuple((str(t.get("name") or t.get("type")), _digest(_stable(t))) for t in call.tool_definitions),
            system=tuple(_digest(_stable(p)) for p in call.system_instructions),
            messages=tuple(_digest(m) for m in messages),
            said=tuple(_said(m) for m in call.input_messages),
            roles=tuple(str(m.get("role")) for m in call.input_messages),
            parameters=tuple(sorted((k, json.dumps(v, default=str)) for k, v in call.request.items())),
            answers=tuple(_ids(call.input_messages, "tool_call_response")),
            continues=call.request.get("previous_response.id"),
        )

    def prefixes(self) -> Iterator[bytes]:
        """A digest for each beginning of the history, the system instructions always included; shortest first."""
        return _chain(b"".join(self.system), self.messages)

    def spoken(self) -> tuple[list[bytes], list[bytes]]:
        """The history without what the system says: a digest for each beginning, and `said` of each message."""
        kept = [n for n, role in enumerate(self.roles) if role not in _SYSTEM]
        return list(_chain(b"", (self.messages[n] for n in kept))), [self.said[n] for n in kept]


def _chain(start: bytes, digests: Iterable[bytes]) -> Iterator[bytes]:
    hasher = hashlib.blake2b(start, digest_size=16)
    for digest in digests:
        hasher.update(digest)
        yield hasher.digest()


def _ids(messages: Iterable[Message], kind: str) -> Iterator[str]:
    for message in messages:
        for part in message.get("parts", []):
            if part.get("type") == kind and isinstance(part.get("id"), str):
                yield part["id"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands: its run, and the call before it that it goes on from (None for a run's first)."""

    run: str
    previous: str | None = None
    retry: bool = False
    """The same request again, after the one before it failed."""


@dataclass(slots=True)
class _Known:
    trace: Trace
    place: Place
    answer: tuple[bytes, ...] = ()
    failed: bool = False
    keys: list[tuple[str, Any]] = field(default_factory=list)


class Runs:
    """Places calls, in the order in which they start. Not for use by several threads at once."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._index: dict[tuple[str, Any], list[str]] = {}

    def place(self, trace: Trace, name: str | None = None) -> Place:
        """Find the run of a call that has just been asked. `name` is a run id given by hand."""
        previous, retry = self._previous(trace)
        if name:
            in_run = self._index.get(("run", name), [])
            place = Place(name, previous if previous in in_run else (in_run[-1] if in_run else None))
        elif previous is None:
            place = Place(trace.id)
        else:
            place = Place(self._known[previous].place.run, previous, retry)
        known = self._known[trace.id] = _Known(trace, place)
        self._file(known, ("run", place.run))
        for digest in list(trace.prefixes())[-1:]:
            self._file(known, ("messages", digest))
        for digest in trace.spoken()[0][-1:]:
            self._file(known, ("spoken", digest))
        return place

    def answered(self, id: str, call: Call) -> None:
        """Take in a call's answer: what later calls may refer to."""
        if (known := self._known.get(id)) is None:
            return
        known.answer = tuple(_said(m) for m in call.output_messages)
        known.failed = call.error_type is not None
        for tool_call in _ids(call.output_messages, "tool_call"):
            self._file(known, ("tool_call", tool_call))
        if response := call.response.get("id"):
            self._file(known, ("response", response))

    def forget(self, id: str) -> None:
        """Drop a call that is no longer kept. Its run's other calls stay in the run."""
        if (known := self._known.pop(id, None)) is None:
            return
        for key in known.keys:
            self._index[key].remove(id)
            if not self._index[key]:
                del self._index[key]

    def trace(self, id: str) -> Trace | None:
        """The trace of a call that is known."""
        return self._known[id].trace if id in self._known else None

    def placed(self, id: str) -> Place:
        """Where a call stands; a run of its own for one that is not known."""
        return self._known[id].place if id in self._known else Place(id)

    def _file(self, known: _Known, key: tuple[str, Any]) -> None:
        if key not in known.keys:
            known.keys.append(key)
            self._index.setdefault(key, []).append(known.trace.id)

    def _previous(self, trace: Trace) -> tuple[str | None, bool]:
        if trace.continues and (found := self._index.get(("response", trace.continues))):
            return found[-1], False
        prefixes = list(trace.prefixes())
        if prefixes and (same := self._index.get(("messages", prefixes[-1]))) and self._known[same[-1]].failed:
            return same[-1], True
        for length in range(len(prefixes) - 1, 0, -1):
            # A shared system message alone joins nothing: that is what all calls of an app have in common.
            if set(trace.roles[:length]) <= _SYSTEM:
                break
            if found := self._index.get(("messages", prefixes[length - 1])):
                # Several calls may have asked the same: the one whose answer comes next is the one that goes on.
                said = trace.said[length]
                return next((id for id in reversed(found) if said in self._known[id].answer), found[-1]), False
        # An app that writes its instructions anew, with the time of day for example: then the answer must be in it.
        spoken, said_of = trace.spoken()
        for length in range(len(spoken) - 1, 0, -1):
            for id in reversed(self._index.get(("spoken", spoken[length - 1]), [])):
                if said_of[length] in self._known[id].answer:
                    return id, False
        for tool_call in reversed(trace.answers):
            if found := self._index.get(("tool_call", tool_call)):
                return found[-1], False
        return None, False


@dataclass(frozen=True, slots=True)
class Difference:
    """What of the call before is still the same in this one, in the order in which providers cache a prompt."""

    kept_messages: int
    """Messages at the beginning that are equal in both; what comes after them was added or changed."""
    breaks_in: str | None = None
    """`tool`, `system`, `message` or `parameter`: the first thing that ends the common prefix; None: only added to."""
    breaks_at: int | str | None = None
    """The index of that tool, part or message; the name of that tool or parameter."""


_CACHED_PARAMETERS = frozenset({"model", "reasoning.level"})
"""Parameters that a cached prompt depends on, beside what it says."""


def difference(before: Trace, after: Trace) -> Difference:
    """Compare a call with the one before it."""
    kept = _common(before.messages, after.messages)
    changed = {name for name, _ in set(before.parameters) ^ set(after.parameters)}
    for name in sorted(changed & _CACHED_PARAMETERS):
        return Difference(kept, "parameter", name)
    tools = _common(before.tools, after.tools)
    if tools < max(len(before.tools), len(after.tools)):
        longer = after.tools if tools < len(after.tools) else before.tools
        return Difference(kept, "tool", longer[tools][0])
    system = _common(before.system, after.system)
    if system < max(len(before.system), len(after.system)):
        return Difference(kept, "system", system)
    if kept < len(before.messages) and not (after.continues and not kept):
        return Difference(kept, "message", kept)
    return Difference(kept)


def _common(one: tuple[Any, ...], other: tuple[Any, ...]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
