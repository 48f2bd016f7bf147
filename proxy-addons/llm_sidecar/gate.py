"""What every request to the web port passes before any page sees it: who asks, under which name, and from where.

mitmweb itself checks neither the Host header nor how often a password is guessed, and leaves the token in the
address bar. All pages, mitmweb's and ours, are behind this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from mitmproxy.tools.web.app import Application, AuthRequestHandler
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.web import RequestHandler, decode_signed_value

from llm_sidecar import networks, settings
from llm_sidecar.guesses import Guesses

PEER: ContextVar[str | None] = ContextVar("peer", default=None)
"""Whose wrong passwords count while a request is handled; None for requests that other sites have made."""


class Refused(RequestHandler):
    """Answers with a status and one sentence, whatever the method."""

    def initialize(self, status: int, reason: str, headers: dict[str, str]) -> None:
        self._refusal = status, reason, headers

    def check_xsrf_cookie(self) -> None:
        pass

    def prepare(self) -> None:
        status, reason, headers = self._refusal
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(reason + "\n")


class Exchange(RequestHandler):
    """Takes the token of a login URL for the cookie, and leads to the same place without it."""

    def get(self) -> None:
        self.set_signed_cookie(
            self.settings["auth_cookie_name"](), AuthRequestHandler.AUTH_COOKIE_VALUE, expires_days=400,
            httponly=True, samesite="Strict",
        )  # fmt: skip
        rest = [(k, v) for k, v in parse_qsl(self.request.query, keep_blank_values=True) if k != "token"]
        # One slash: two would lead to another host.
        place = "/" + self.request.path.lstrip("/\\")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.redirect(place + ("?" + urlencode(rest) if rest else ""), status=302)


class Gate:
    """Stands before `Application.find_handler`. `matches` tells whether a password is the right one."""

    def __init__(self, app: Application, matches: Callable[[str], bool]) -> None:
        self._app = app
        self._matches = matches
        self._guesses = Guesses()
        self._name = urlsplit(settings.web_url()).hostname or "localhost"
        self._find_handler = app.find_handler
        app.find_handler = self._find  # type: ignore[assignment,method-assign]

    def remove(self) -> None:
        self._app.find_handler = self._find_handler  # type: ignore[method-assign]

    def is_valid_password(self, given: str) -> bool:
        """`matches`, but not for a peer that has to wait."""
        peer = PEER.get()
        if not given or (peer is not None and self._guesses.wait(peer)):
            return False
        right = self._matches(given)
        if peer is not None:
            (self._guesses.right if right else self._guesses.wrong)(peer)
        return right

    def _find(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate:
        foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        PEER.set(None if foreign else request.remote_ip or "")
        if not self._is_our_name(request.host_name):
            return self._refuse(
                request, 403, f"This page is not served as {request.host_name!r}, a name that anybody may have set up. "
                "Open it as localhost, or set LLM_SIDECAR_WEB_URL to the address that you use.",
            )  # fmt: skip
        if self._is_made_by_another_page(request, foreign):
            return self._refuse(request, 403, "Other web pages may link here, and nothing else.")
        token = request.query_arguments.get("token", [b""])[-1].decode(errors="surrogateescape")
        if token or "Authorization" in request.headers or request.method == "POST":
            wait = 0.0 if self._is_logged_in(request) else self._guesses.wait(PEER.get() or "")
            if wait:
                after = math.ceil(wait)
                return self._refuse(
                    request, 429, f"Too many wrong passwords. Try again in {after} s.", {"Retry-After": str(after)}
                )
        page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if page and token and (self._is_logged_in(request) or self._matches(token)):
            return self._app.get_handler_delegate(request, Exchange)
        return self._find_handler(request, **kwargs)

    def _is_our_name(self, host: str) -> bool:
        """Not a name with a dot in it: only such a one can be pointed here from outside (DNS rebinding)."""
        host = host.lower().rstrip(".")
        if not host:
            return False
        plain = "." not in host or host.endswith(".localhost") or host == self._name
        return plain or networks.address(host) is not None

    @staticmethod
    def _is_made_by_another_page(request: HTTPServerRequest, foreign: bool) -> bool:
        """Anything but following a link. Browsers without Sec-Fetch headers still send Origin with what may act."""
        if foreign:
            link = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
            return not link or request.headers.get("Sec-Fetch-Dest", "document") != "document"
        origin = request.headers.get("Origin")
        acts = request.method not in ("GET", "HEAD", "OPTIONS")
        return acts and origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()

    def _is_logged_in(self, request: HTTPServerRequest) -> bool:
        secret, name = self._app.settings["cookie_secret"], self._app.settings["auth_cookie_name"]()
        if name not in request.cookies:
            return False
        value = decode_signed_value(secret, name, request.cookies[name].value, min_version=2)
        return value == AuthRequestHandler.AUTH_COOKIE_VALUE

    def _refuse(
        self, request: HTTPServerRequest, status: int, reason: str, headers: dict[str, str] | None = None
    ) -> HTTPMessageDelegate:
        arguments = {"status": status, "reason": reason, "headers": headers or {}}
        return self._app.get_handler_delegate(request, Refused, arguments)
