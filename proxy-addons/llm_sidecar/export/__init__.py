"""A call, or many, in a form to take elsewhere: a curl command, a Python script, HAR, JSON.

No export holds a secret: `$OPENAI_API_KEY` and the like stand in its place, as `keys` names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mitmproxy import http

from llm_sidecar.export.curl import curl
from llm_sidecar.export.har import har
from llm_sidecar.export.json import call_json
from llm_sidecar.export.python import python

if TYPE_CHECKING:
    from llm_sidecar.calls import Reading

KINDS = ("curl", "python", "har", "json")


class UnknownKind(ValueError):
    """An export that there is none of. The message names those there are."""


def export(reading: Reading, flow: http.HTTPFlow, kind: str) -> tuple[str, str, bytes]:
    """One call as `kind`: its media type, a name for the file, the content. Raises `UnknownKind`."""
    call, exchange = reading.call, reading.exchange
    name = f"call-{exchange.id[:8]}"
    match kind:
        case "curl":
            return "text/x-sh; charset=utf-8", f"{name}.sh", _encoded(curl(call, exchange))
        case "python":
            return "text/x-python; charset=utf-8", f"{name}.py", _encoded(python(call, exchange))
        case "har":
            return "application/json", f"{name}.har", b"".join(har([(flow, call.provider)]))
        case "json":
            return "application/json", f"{name}.json", call_json(call, exchange, reading.row.fields)
    raise UnknownKind(f"There is no export {kind!r}. There are: {', '.join(KINDS)}.")


def export_all(flows: Iterable[tuple[http.HTTPFlow, str]]) -> tuple[str, str, Iterator[bytes]]:
    """Flows, each with its `gen_ai.provider.name`, as one HAR: media type, file name, content in pieces.

    A flow is read only when its piece is asked for.
    """
    return "application/json", "calls.har", har(flows)


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
