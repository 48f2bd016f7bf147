"""Reads an exchange as a `Call`: at once, or as the response arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects import find
from llm_sidecar.dialects.base import Dialect
from llm_sidecar.dialects.jsons import parse_lenient, parse_partial, parse_strict, well_formed
from llm_sidecar.dialects.provider import provider_of
from llm_sidecar.exchange import Exchange
from llm_sidecar.wire import Decoder, Event, decoder_for
from llm_sidecar.wire.encoding import ContentDecoder

_MOST_WARNINGS = 10
_ENOUGH_TO_TELL = 8
_LONGEST_MESSAGE = 500


class Reader:
    """Follows one exchange: `respond` when the response's head is there, `feed` its bytes, `end`; `call` at any time.

    Nothing raises: what goes wrong becomes a warning on the call. Not for several threads at once.
    """

    def __init__(self, exchange: Exchange, dialect: Dialect, body: Json, problem: str | None = None) -> None:
        self._exchange = exchange
        self._dialect = dialect
        self._status: int | None = None
        self._headers: Mapping[str, str] = {}
        self._media_type = ""
        self._content: ContentDecoder | None = None
        self._decoder: Decoder | None = None
        self._fold = dialect.fold(exchange)
        self._undecided = True
        self._plain = bytearray()
        self._parsed: Json = None
        self._has_surrogates = False
        self._ended = False
        self._cut: str | None = None
        self._done = False
        self._warnings: list[str] = []
        self._asked = Call(dialect.api, dialect.operation, provider_of(exchange, dialect.provider))
        if problem:
            self._warn(f"The request's body cannot be read: {problem}.")
        try:
            dialect.request(self._asked, body, exchange)
        except Exception as error:
            self._warn(f"The request is not shown in full: {_why(error)}.")
            self._asked.attributes["llm_sidecar.request.other"] = body

    def respond(self, status: int, headers: Mapping[str, str], *, decoded: bool = False) -> None:
        """The response's head. `decoded`: the bytes to come have their content encoding undone already."""
        self._status = status
        self._headers = headers
        self._media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = headers.get("content-encoding", "")
        self._content = ContentDecoder(encoding) if encoding and not decoded else None

    def feed(self, data: bytes) -> None:
        """More bytes of the response's body, as they are on the wire."""
        try:
            if self._content is not None:
                data = self._content.feed(data)
            self._take(data)
        except Exception as error:
            self._warn(f"The response is not shown in full: {_why(error)}.")

    def end(self, error: str | None = None) -> None:
        """The exchange is over; `error`: why it was cut short, in mitmproxy's words."""
        if self._ended:
            return
        self._ended = True
        self._cut = error
        try:
            self._finish()
        except Exception as problem:
            self._warn(f"The response is not shown in full: {_why(problem)}.")

    def call(self) -> Call:
        """All that is known so far. A new object each time; its messages are shared and not to be changed."""
        asked = self._asked
        call = replace(
            asked,
            request=dict(asked.request),
            response={},
            usage={},
            output_messages=[],
            attributes=dict(asked.attributes),
            streamed=self._decoder is not None,
        )
        warnings = list(self._warnings)
        call.warnings = warnings
        body: Json = None
        try:
            body = self._body()
            self._answer(call, body)
        except Exception as error:
            warnings.append(f"The response is not shown in full: {_why(error)}.")
            call.attributes["llm_sidecar.response.other"] = body
        return call

    def _take(self, data: bytes) -> None:
        if self._undecided:
            self._plain += data
            if len(self._plain) < _ENOUGH_TO_TELL and not self._ended:
                return
            self._undecided = False
            start = bytes(self._plain[:64])
            kinds = {"array": self._dialect.array_stream, "lines": self._dialect.line_stream}
            self._decoder = decoder_for(self._media_type, start, **kinds)
            if self._decoder is None:
                return
            data = bytes(self._plain)
            self._plain.clear()
        if self._decoder is None:
            self._plain += data
            return
        for event in self._decoder.feed(data):
            self._event(event)

    def _event(self, event: Event) -> None:
        text = event.data.strip()
        if text == b"[DONE]":
            self._done = True
        if not text or text == b"[DONE]":
            return
        try:
            data = self._parse(text)
        except ValueError as error:
            if not event.complete:
                return
            if event.error or event.name == "error":
                data = {"message": text.decode(errors="replace")}
            else:
                self._warn(f"An event of the stream is not JSON: {error}.")
                return
        if event.error:
            data = {"error": {"type": event.name, **(data if isinstance(data, dict) else {"message": data})}}
        self._fold.add(event, data)

    def _parse(self, text: bytes) -> Json:
        try:
            return parse_strict(text)
        except ValueError as error:
            value = parse_lenient(text, str(error))
            # The halves of a pair may come in two events, so they are put right only when all is read.
            self._has_surrogates = True
            return value

    def _finish(self) -> None:
        if self._undecided and self._plain:
            self._take(b"")
        if self._content is not None and self._content.problem:
            self._warn(self._content.problem)
        if self._decoder is not None:
            for event in self._decoder.finish():
                self._event(event)
            if self._decoder.problem:
                self._warn(self._decoder.problem)
        elif self._plain:
            self._parse_plain()

    def _parse_plain(self) -> None:
        data = bytes(self._plain)
        try:
            self._parsed = self._parse(data)
        except ValueError as error:
            if self._failed() or not _may_be_json(self._media_type, data):
                return
            if self._cut is None:
                self._warn(f"The response's body is not JSON: {error}.")
            self._parsed = parse_partial(data)

    def _body(self) -> Json:
        body = self._fold.body() if self._decoder is not None else self._parsed
        return well_formed(body) if self._has_surrogates else body

    def _failed(self) -> bool:
        return self._status is not None and self._status >= 400

    def _answer(self, call: Call, body: Json) -> None:
        if self._failed():
            call.error_type = str(self._status)
        self._dialect.head(call, self._headers)
        if self._failed() or (isinstance(body, dict) and body.get("error")):
            call.error_type = call.error_type or "error"
            self._dialect.error(call, body)
            if self._failed() and not call.error_message and self._plain and self._ended:
                call.error_message = bytes(self._plain[:_LONGEST_MESSAGE]).decode(errors="replace")
        if body is not None and not self._failed():
            self._dialect.response(call, body)
        self._settle(call)

    def _settle(self, call: Call) -> None:
        """What follows from whether, and how, the exchange has ended."""
        if not self._ended:
            call.incomplete = True
            return
        over = self._done or self._fold.ended or not call.streamed
        # Clients hang up on the end mark, often before the response itself has ended: nothing was cut then.
        cut = None if over and call.streamed else self._cut
        call.incomplete = cut is not None or not (over or self._failed())
        if call.error_type and call.streamed and any("finish_reason" not in m for m in call.output_messages):
            call.incomplete = True
        for message in call.output_messages:
            # A few providers never give a reason; that is no error when the answer is whole.
            message.setdefault("finish_reason", "error" if call.incomplete or call.error_type else "unknown")
        if cut is not None:
            by_client = "client disconnect" in cut.lower()
            call.error_type = call.error_type or ("client_disconnected" if by_client else "connection_error")
            call.error_message = call.error_message or cut
        elif call.incomplete and not call.error_type:
            call.warnings.append("The stream ended before the answer did: its end mark or finish reason is missing.")
        if not call.error_type and not call.incomplete and call.streamed:
            self._dialect.ended(call)

    def _warn(self, text: str) -> None:
        if text not in self._warnings and len(self._warnings) < _MOST_WARNINGS:
            self._warnings.append(text)


def reader(exchange: Exchange) -> Reader | None:
    """A reader for this request; None when no dialect claims it. Does not look at the exchange's response."""
    try:
        found = find(exchange)
    except Exception:
        return None
    return Reader(exchange, *found) if found else None


def read(exchange: Exchange) -> Call | None:
    """The exchange as a call; None when no dialect claims it. Pure, and never raises."""
    follower = reader(exchange)
    if follower is None:
        return None
    if exchange.status is not None:
        follower.respond(exchange.status, exchange.response_headers, decoded=True)
    follower.feed(exchange.response_body)
    if exchange.complete or exchange.ended is not None or exchange.error is not None:
        cut = exchange.error if exchange.complete else exchange.error or "The response was cut short."
        follower.end(cut)
    return follower.call()


def _may_be_json(media_type: str, data: bytes) -> bool:
    return "json" in media_type or data[:64].lstrip()[:1] in (b"{", b"[")


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
