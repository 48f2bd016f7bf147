"""The LLM page, `/llm` on mitmweb's port: what an app and a model said to each other, at a glance.

Server-rendered. What changes while a page is open is rendered here too, and put in place by small scripts.
"""

from __future__ import annotations

from typing import ClassVar

from llm_sidecar import mitmweb
from llm_sidecar.views.page.call_handlers import AnswerPart, CallPage, EventsPage, RequestPage, ResponsePage
from llm_sidecar.views.page.compare_handlers import ComparePage
from llm_sidecar.views.page.files import Blob, Static
from llm_sidecar.views.page.index import Index
from llm_sidecar.views.page.list_handlers import ListPage, ListPart, ProblemsPart, RunsPart
from llm_sidecar.views.page.serving import prepare


class Page:
    """Adds the page to mitmweb."""

    RULES: ClassVar[list] = [
        (r"/", Index),
        (r"/llm/?", ListPage),
        (r"/llm/list", ListPart),
        (r"/llm/runs", RunsPart),
        (r"/llm/problems", ProblemsPart),
        (r"/llm/calls/([^/]+)", CallPage),
        (r"/llm/calls/([^/]+)/answer", AnswerPart),
        (r"/llm/calls/([^/]+)/request", RequestPage),
        (r"/llm/calls/([^/]+)/response", ResponsePage),
        (r"/llm/calls/([^/]+)/events", EventsPage),
        (r"/llm/calls/([^/]+)/blob/(\d{1,6})", Blob),
        (r"/llm/compare", ComparePage),
        (r"/llm/static/(.+)", Static),
    ]

    def load(self, loader: object) -> None:
        mitmweb.add_handlers(self.RULES)
        prepare()

    def done(self) -> None:
        mitmweb.remove_handlers(self.RULES)
