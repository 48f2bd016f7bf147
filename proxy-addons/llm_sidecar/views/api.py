"""The JSON API under `/llm/api`, on mitmweb's port and behind its login.

    GET /llm/api/calls?limit=&before=&q=           {"calls": [CALL, ...]}, newest first
    GET /llm/api/calls/ID                          CALL with its messages
    GET /llm/api/calls/ID/{curl|python|har|json}   an export
    GET /llm/api/har?q=                            the calls that fit, as one HAR
    GET /llm/api/problems                          {"problems": [{"kind": ..., "message": ...}, ...]}
    WebSocket /llm/api/updates                     {"type": "call", "call": CALL}, {"type": "removed", "id": ID}, and
                                                   {"type": "problems"} when there are others than before

The last page is the one with fewer than `limit` calls; the next one is `before` the last call's id. Errors are
`{"error": {"message": ...}}` with the HTTP status that fits.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import tornado.web
from mitmproxy import http
from mitmproxy.tls import TlsData
from mitmproxy.tools.web.app import RequestHandler, WebSocketEventBroadcaster

from llm_sidecar import export, mitmweb, query
from llm_sidecar.calls import Reading, calls
from llm_sidecar.otel import to_json
from llm_sidecar.row import Row
from llm_sidecar.views.problems import problems

_LIMIT = 50
_MOST = 1000


def detail(reading: Reading) -> dict[str, Any]:
    """A CALL with its messages, and what it added to the call before it."""
    fields = to_json(reading.call, reading.exchange, messages=True) | reading.row.fields
    if change := reading.difference:
        fields["llm_sidecar.kept_messages"] = change.kept_messages
        if change.breaks_in:
            fields["llm_sidecar.prefix_break"] = {"in": change.breaks_in, "at": change.breaks_at}
    return fields


class ApiHandler(RequestHandler):
    """Says what is wrong as JSON."""

    def auth_fail(self, invalid_password: bool) -> None:
        why = "The password is wrong." if invalid_password else "A login is needed."
        self.write({"error": {"message": f"{why} Send `Authorization: Bearer PASSWORD`, or log in at / first."}})

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = getattr(error, "log_message", None) or self._reason
        self.finish({"error": {"message": message}})

    def query(self) -> query.Test:
        try:
            return query.parse(self.get_query_argument("q", ""))
        except query.QueryError as e:
            raise _bad(400, str(e)) from None

    async def reading(self, id: str) -> Reading:
        if reading := await calls().read(id):
            return reading
        raise _bad(404, f"There is no call {id!r}. It may have been cleared, or be older than what is kept.")


class ListCalls(ApiHandler):
    def get(self) -> None:
        test, limit, rows = self.query(), self._limit(), calls().rows()
        if before := self.get_query_argument("before", ""):
            rows = _after(rows, before)
        found = []
        for row in rows:
            if test(row):
                found.append(row.fields)
                if len(found) == limit:
                    break
        self.write({"calls": found})

    def _limit(self) -> int:
        value = self.get_query_argument("limit", "") or str(_LIMIT)
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST):
            raise _bad(400, f"limit={value} cannot be. Use a number from 1 to {_MOST}.")
        return int(value)


def _after(rows: list[Row], id: str) -> list[Row]:
    for position, row in enumerate(rows):
        if row.id == id:
            return rows[position + 1 :]
    raise _bad(404, f"There is no call {id!r} to list the calls before of. Start again without `before`.")


class OneCall(ApiHandler):
    async def get(self, id: str) -> None:
        self.write(detail(await self.reading(id)))


class ExportCall(ApiHandler):
    async def get(self, id: str, kind: str) -> None:
        reading, flow = await self.reading(id), mitmweb.master().view.get_by_id(id)
        if not isinstance(flow, http.HTTPFlow):
            raise _bad(404, f"The flow of the call {id!r} is gone.")
        try:
            work = asyncio.get_running_loop().run_in_executor(None, export.export, reading, flow, kind)
            media_type, name, body = await work
        except export.UnknownKind as e:
            raise _bad(404, str(e)) from None
        self.set_header("Content-Type", media_type)
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.write(body)


class ExportHar(ApiHandler):
    async def get(self) -> None:
        test, view = self.query(), mitmweb.master().view
        chosen = [(view.get_by_id(row.id), row) for row in reversed(calls().rows()) if test(row)]
        flows = [(f, row.fields["gen_ai.provider.name"]) for f, row in chosen if isinstance(f, http.HTTPFlow)]
        media_type, name, pieces = export.export_all(flows)
        self.set_header("Content-Type", media_type)
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        for piece in pieces:
            self.write(piece)
            # One flow at a time: the proxy's loop goes on in between.
            await self.flush()


class ListProblems(ApiHandler):
    def get(self) -> None:
        self.write({"problems": problems()})


class Updates(WebSocketEventBroadcaster):
    """The feed. One message for each change, at most 4 a second for one call."""

    connections: ClassVar[set] = set()


class Api:
    """Adds the handlers to mitmweb, and tells the feed's listeners what changes."""

    RULES: ClassVar[list] = [
        (r"/llm/api/calls", ListCalls),
        (r"/llm/api/calls/([^/]+)", OneCall),
        (r"/llm/api/calls/([^/]+)/([^/]+)", ExportCall),
        (r"/llm/api/har", ExportHar),
        (r"/llm/api/problems", ListProblems),
        (r"/llm/api/updates", Updates),
    ]

    def load(self, loader: object) -> None:
        mitmweb.add_handlers(self.RULES)

    def done(self) -> None:
        mitmweb.remove_handlers(self.RULES)

    def call_changed(self, reading: Reading) -> None:
        if Updates.connections:
            Updates.broadcast(type="call", call=reading.row.fields)

    def tls_failed_client(self, data: TlsData) -> None:
        if Updates.connections:
            Updates.broadcast(type="problems")

    def call_removed(self, id: str) -> None:
        if Updates.connections:
            Updates.broadcast(type="removed", id=id)


def _bad(status: int, message: str) -> tornado.web.HTTPError:
    # The message is no format string: it may hold what the client sent.
    return tornado.web.HTTPError(status, message.replace("%", "%%"))
