"""A way from mitmweb's own page to this one: its page as it is, and one link beside it."""

from __future__ import annotations

from mitmproxy.tools.web.app import IndexHandler

_LINK = b'<link rel="stylesheet" href="/llm/static/link.css"><script src="/llm/static/link.js" defer></script>'


class Index(IndexHandler):
    """mitmweb's page. Should it change so that the place for the link is not found, it is served as it is."""

    def render_string(self, template_name: str, **kwargs: object) -> bytes:
        page = super().render_string(template_name, **kwargs)
        return page.replace(b"</head>", _LINK + b"</head>", 1)
