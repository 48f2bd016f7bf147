"""What the Python exports know of a request, in terms of Python source."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from llm_sidecar.export.literal import Code, literal
from llm_sidecar.export.request import Request, Variable

_OF_THE_CLIENT = frozenset(("accept", "accept-encoding", "user-agent", "content-type", "idempotency-key"))
"""Headers that every SDK sets itself."""

_STANDARD_LIBRARY = ("base64", "json", "os")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with a JSON object as its body. Secrets are `Code`."""

    request: Request
    api: str
    body: dict[str, Any]

    @property
    def path(self) -> str:
        return urlsplit(self.request.url).path

    @property
    def host(self) -> str:
        return urlsplit(self.request.url).hostname or ""

    @property
    def origin(self) -> str:
        url = urlsplit(self.request.url)
        return f"{url.scheme}://{url.netloc}"

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True

    def base_url(self, endpoint: str) -> str | None:
        """The URL before the path `endpoint`, without its query; None when the path ends otherwise."""
        return self.origin + self.path.removesuffix(endpoint) if self.path.endswith(endpoint) else None

    def header(self, name: str) -> str | Code | None:
        """A header's value; without the scheme where it is a Bearer token."""
        value = self.request.headers.get(name)
        return None if value is None else code(self.request, re.sub(r"(?i)^bearer +", "", value))

    def headers(self, *but: str) -> dict[str, Any]:
        """The headers that the SDK would not send by itself, without those in `but`."""
        return {
            name.title(): code(self.request, value)
            for name, value in self.request.headers.items()
            if name not in _OF_THE_CLIENT and name not in but and not name.startswith(("x-stainless-", "x-fern-"))
        }

    def query(self, *but: str) -> dict[str, Any]:
        """The URL's parameters, without those in `but`."""
        pairs = parse_qsl(urlsplit(self.request.url).query, keep_blank_values=True)
        return {name: code(self.request, value) for name, value in pairs if name not in but}

    def known(self, parameters: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The body's fields that the SDK has a parameter for, and the others."""
        known = {name: value for name, value in self.body.items() if name in parameters}
        return known, {name: value for name, value in self.body.items() if name not in parameters}


def code(request: Request, text: str) -> str | Code:
    """The text; an expression that reads the environment where it holds secrets."""
    pieces = request.split(text)
    if not any(isinstance(piece, Variable) for piece in pieces):
        return text
    return Code(" + ".join(f'os.environ["{p.name}"]' if isinstance(p, Variable) else literal(p) for p in pieces))


def coded(request: Request, value: Any) -> Any:
    """`code` for every string in a JSON value."""
    if isinstance(value, str):
        return code(request, value)
    if isinstance(value, dict):
        return {code(request, name): coded(request, item) for name, item in value.items()}
    if isinstance(value, list):
        return [coded(request, item) for item in value]
    return value


def names(text: str) -> frozenset[str]:
    """A set of the words."""
    return frozenset(text.split())


def present(**arguments: Any) -> dict[str, Any]:
    """The arguments that say something."""
    return {name: value for name, value in arguments.items() if value is not None and value != {}}


def script(package: str, imports: str, *statements: str) -> str:
    """A whole script: how to install the package, the imports, the statements."""
    text = "\n\n".join(statements)
    needed = [f"import {name}\n" for name in _STANDARD_LIBRARY if re.search(rf"\b{name}\.\w+[\[(]", text)]
    head = "".join(needed) + ("\n" if needed else "") + imports
    return f"# pip install {package}\n{head}\n\n{text}\n"
