"""mitmweb's master, with its type: mitmproxy's `ctx.master` is declared as the base class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from mitmproxy import ctx
from mitmproxy.tools.web.master import WebMaster
from tornado.routing import Rule
from tornado.web import RequestHandler


def master() -> WebMaster:
    """The running mitmweb: `.view` (the flows), `.app` (its Tornado application), `.events`."""
    return cast(WebMaster, ctx.master)


Rules = Sequence[tuple[str, type[RequestHandler]]]
"""URL patterns and their handlers, as Tornado takes them."""


def add_handlers(rules: Rules) -> None:
    """Serve these beside mitmweb's own pages. They win over mitmweb's where both match."""
    master().app.add_handlers(r".*", list(rules))


def remove_handlers(rules: Rules) -> None:
    """Take handlers back: when the script is loaded again, the old ones must not stay in front."""
    handlers = {handler for _, handler in rules}
    router = master().app.default_router
    router.rules = [rule for rule in router.rules if not _serves(rule, handlers)]


def _serves(rule: Rule, handlers: set[type[RequestHandler]]) -> bool:
    inner = getattr(rule.target, "rules", [])
    return any(getattr(each, "target", None) in handlers for each in inner)
