"""What a dialect is. See the package's docstring for how to add one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.folding import Fold, LastEvent
from llm_sidecar.dialects.jsons import obj, objs, string
from llm_sidecar.exchange import Exchange

NEVER = re.compile(r"(?!)")


class Dialect:
    """One API. Stateless: what belongs to an exchange is in the `Call` and in the `Fold`."""

    api: ClassVar[str]
    operation: ClassVar[str] = "chat"
    provider: ClassVar[str] = "openai"
    """Whose API it is: the provider where the host is not a known one."""
    methods: ClassVar[frozenset[str]] = frozenset({"POST"})
    path: ClassVar[re.Pattern[str]] = NEVER
    """Searched in the URL's path. Anchor the end, not the beginning: gateways put their own in front."""
    marks: ClassVar[tuple[bytes, ...]] = ()
    """What every request body of this API has in it: only then is its shape worth a look at an unknown path."""
    array_stream: ClassVar[bool] = False
    """A JSON array in this API's response is a stream of its elements."""
    line_stream: ClassVar[bool] = False
    """This API streams NDJSON, which some servers do not label."""

    def claims(self, exchange: Exchange) -> bool:
        """By method and path, which cost nothing."""
        return exchange.method in self.methods and self.path.search(exchange.path) is not None

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        """Whether an exchange whose path it claims is really this API's; `body` is None where it is no JSON."""
        return True

    def shape(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        """Whether a request body that holds the `marks` is this API's beyond doubt, whatever the path."""
        return False

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        """Fill in what was asked. `body` is None where there is none, or none that is JSON."""

    def fold(self, exchange: Exchange) -> Fold:
        """A new collector for a streamed response."""
        return LastEvent()

    def head(self, call: Call, headers: Mapping[str, str]) -> None:
        """Fill in what the response's headers say beside its body, whatever its status; `response` comes after it."""

    def response(self, call: Call, body: Json) -> None:
        """Fill in what came back, from a whole body or from a fold's, which may be partial. Not for 4xx and 5xx."""

    def ended(self, call: Call) -> None:
        """Warn of what is missing, now that the response has ended and without an error."""

    def error(self, call: Call, body: Json) -> None:
        """Fill in `error_type` and `error_message` from a body with an error, in the shapes that providers use."""
        fields = obj(next(iter(objs(body)), None) if isinstance(body, list) else body)
        error = fields.get("error")
        if isinstance(error, str):
            call.error_message = string(fields.get("error_description")) or string(fields.get("message")) or error
        elif isinstance(error, dict):
            fields = error
        codes = [fields.get(key) for key in ("code", "status", "type", "__type", "error_code")]
        named = [code for code in codes if isinstance(code, str) and code and code != "error"]
        numbered = [str(code) for code in codes if isinstance(code, int) and not isinstance(code, bool)]
        if kind := next(iter(named + numbered), None):
            call.error_type = kind
        for key in ("message", "Message", "detail", "msg", "error_message"):
            if fields.get(key) and not call.error_message:
                call.error_message = fields[key] if isinstance(fields[key], str) else json.dumps(fields[key])
