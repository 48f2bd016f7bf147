"""The contentview `LLM`: mitmweb picks it by itself for the bodies of calls."""

from __future__ import annotations

from mitmproxy import contentviews, http

from llm_sidecar.calls import calls
from llm_sidecar.views import text


class LLM(contentviews.Contentview):
    """What a body says: the messages of a request, the answer in a response."""

    name = "LLM"
    syntax_highlight = "none"

    def prettify(self, data: bytes, metadata: contentviews.Metadata) -> str:
        flow = metadata.flow
        if not isinstance(flow, http.HTTPFlow) or (reading := calls().read_now(flow)) is None:
            raise ValueError("No call to a model, or one too large to be read here: see the Comment tab or /llm.")
        asked = metadata.http_message is not None and metadata.http_message is flow.request
        return text.request_text(reading.call) if asked else text.response_text(reading.call)

    def render_priority(self, data: bytes, metadata: contentviews.Metadata) -> float:
        flow = metadata.flow
        # JSON and its kin have 1 or 2.
        return 10 if flow is not None and calls().row(flow.id) is not None else -1


class LLMContentview:
    """Registers the view."""

    def load(self, loader: object) -> None:
        contentviews.add(LLM())
