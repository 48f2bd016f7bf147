"""One call: its conversation, and what went over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llm_sidecar.call import Part
from llm_sidecar.calls import Reading, calls
from llm_sidecar.row import Row
from llm_sidecar.views.page import details, raw
from llm_sidecar.views.page.blocks import Result
from llm_sidecar.views.page.conversation import conversation, tool_calls, tool_results
from llm_sidecar.views.page.listing import neighbours
from llm_sidecar.views.page.serving import PageHandler

_MOST_LATER = 5
"""Later calls of the run that are searched for the results of tools."""


def run_of(row: Row) -> list[Row]:
    """All calls of the run that this one belongs to, oldest first."""
    return [each for each in reversed(calls().rows()) if each.place.run == row.place.run]


def head(reading: Reading, tab: str) -> dict[str, Any]:
    """What the top of each page about a call shows."""
    row, rows = reading.row, calls().rows()
    newer, older = neighbours(rows, row)
    run = [each for each in reversed(rows) if each.place.run == row.place.run]
    return {"row": row, "run": run, "above": newer, "below": older, "tab": tab, "speed": details.speed(row)}


async def _earlier(reading: Reading) -> Mapping[str, Part]:
    """The tool calls of the call before, where this one brings results without their calls."""
    messages, previous = reading.call.input_messages, reading.row.place.previous
    if not previous or not tool_results(messages).keys() - tool_calls(messages).keys():
        return {}
    before = await calls().read(previous)
    return tool_calls(before.call.output_messages) if before else {}


async def _later(reading: Reading, run: list[Row]) -> Mapping[str, Result]:
    """The results of the tools that this call's answer calls, from the calls after it in its run."""
    found: dict[str, Result] = {}
    missing = set(tool_calls(reading.call.output_messages))
    row = reading.row
    after = [each for each in run if each.started >= row.started and each.id != row.id]
    # Those that go on from this one first.
    after.sort(key=lambda each: each.place.previous != row.id)
    for each in after[:_MOST_LATER] if missing else []:
        if not missing:
            break
        later = await calls().read(each.id)
        results = tool_results(later.call.input_messages) if later else {}
        for ident in missing & results.keys():
            found[ident] = Result(results[ident], each.id)
        missing -= results.keys()
    return found


class CallPage(PageHandler):
    """`/llm/calls/ID`; `/llm/calls/ID/answer` for the parts of it that change while the answer arrives."""

    template = "call.html"

    async def get(self, id: str) -> None:
        reading = await self.reading(id)
        top = head(reading, "Conversation")
        earlier, later = await _earlier(reading), await _later(reading, top["run"])
        kept = reading.difference.kept_messages if reading.difference else 0

        def make() -> dict[str, Any]:
            talk = conversation(reading.call, kept, earlier, later)
            return top | details.of(reading) | {"call": reading.call, "talk": talk}

        await self.show(self.template, make)


class AnswerPart(CallPage):
    template = "answer.html"


class RequestPage(PageHandler):
    """`/llm/calls/ID/request`"""

    async def get(self, id: str) -> None:
        reading = await self.reading(id)
        exchange, top = reading.exchange, head(reading, "Request")

        def make() -> dict[str, Any]:
            body = raw.request_body(exchange)
            return top | {
                "side": "request",
                "start_line": f"{exchange.method} {exchange.url}",
                "headers": list(exchange.request_headers.items()),
                "body": body,
                "pieces": raw.pieces(body.text or ""),
                "nothing": "No body.",
            }

        await self.show("message.html", make)


class ResponsePage(PageHandler):
    """`/llm/calls/ID/response`"""

    async def get(self, id: str) -> None:
        reading = await self.reading(id)
        exchange, top = reading.exchange, head(reading, "Response")

        def make() -> dict[str, Any]:
            body = raw.response_body(exchange)
            return top | {
                "side": "response",
                "start_line": f"Status {exchange.status}" if exchange.status else exchange.error or "No response yet",
                "headers": list(exchange.response_headers.items()),
                "body": body,
                "pieces": raw.pieces(body.text or ""),
                "nothing": "No body.",
            }

        await self.show("message.html", make)


class EventsPage(PageHandler):
    """`/llm/calls/ID/events?from=`"""

    async def get(self, id: str) -> None:
        reading = await self.reading(id)
        exchange, top = reading.exchange, head(reading, "Events")
        start = self.get_query_argument("from", "1")
        first = max(int(start), 1) if start.isascii() and start.isdigit() and len(start) < 10 else 1

        def make() -> dict[str, Any]:
            found = raw.arrivals(exchange, exchange.arrivals)
            end = first - 1 + raw.EVENTS
            return top | {
                "events": None if found is None else found[first - 1 : end],
                "total": len(found or ()),
                "next": end + 1 if found and len(found) > end else None,
            }

        await self.show("events.html", make)
