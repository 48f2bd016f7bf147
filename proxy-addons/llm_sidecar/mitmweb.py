"""mitmweb's master, with its type: mitmproxy's `ctx.master` is declared as the base class."""

from __future__ import annotations

from typing import cast

from mitmproxy import ctx
from mitmproxy.tools.web.master import WebMaster


def master() -> WebMaster:
    """The running mitmweb: `.view` (the flows), `.app` (its Tornado application), `.events`."""
    return cast(WebMaster, ctx.master)
