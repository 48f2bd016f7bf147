"""What all handlers of the page share: login, headers, rendering off the proxy's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import tornado.web
from mitmproxy.tools.web import app as mitmweb_app

from llm_sidecar.calls import Reading, calls
from llm_sidecar.views.page import rendering
from llm_sidecar.views.page.rendering import render

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self' ws:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Stricter than mitmweb's: no inline style, no data: images, nothing that is not named."""

_WORKERS = ThreadPoolExecutor(2, thread_name_prefix="page")


def prepare() -> None:
    """Make ready to serve, in a thread."""
    _WORKERS.submit(rendering.prepare)


async def work[T](function: Callable[[], T]) -> T:
    """Run it in a thread: a large call must not hold up the proxy."""
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, function)


class PageHandler(mitmweb_app.RequestHandler):
    """A page behind mitmweb's login, which leads back to it."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Content-Security-Policy", CSP)
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-cache")

    def get_template_path(self) -> str:
        return str(Path(mitmweb_app.__file__).parent / "templates")

    def auth_fail(self, invalid_password: bool) -> None:
        # mitmweb's login page has its style inline.
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
        self.render("login.html", invalid_password=invalid_password)

    def post(self, *args: str) -> None:
        """The login form has been sent, and the password was right."""
        self.redirect(self.request.uri or "/llm", status=303)

    async def show(self, template: str, make: Callable[[], dict[str, Any]]) -> None:
        """Answer with a template, filled in with what `make` returns; both in a thread."""
        self.finish(await work(lambda: render(template, **make())))

    async def reading(self, id: str) -> Reading:
        """The call, whole. Raises a 404 that says so."""
        if reading := await calls().read(id):
            return reading
        raise tornado.web.HTTPError(404)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code == 404:
            title = "No such call"
            message = "It may have been cleared, or be older than what is kept."
        else:
            title = f"{status_code} {self._reason}"
            message = "The page could not be made. The proxy's log says why; traffic is not affected."
        self.finish(render("problem.html", title=title, message=message))
