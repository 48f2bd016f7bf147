"""The templates: Jinja with autoescape, and every value made free of hidden characters on its way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from llm_sidecar import settings
from llm_sidecar.views.page import figures, listing, raw
from llm_sidecar.views.page.characters import marked, plain

_LONG = 2400
_LONG_LINES = 30
"""A text of more than these characters or lines is shown by its beginning first."""

_CONTAINER = Path("/run/llm-sidecar")
"""The public folder in a container, which the user's shell does not see."""


def _finalize(value: Any) -> Any:
    if hasattr(value, "__html__"):
        return value
    return "" if value is None else plain(str(value))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "is_long": _is_long,
        "pieces": raw.pieces,
        "count": figures.count,
        "money": figures.money,
        "percent": figures.percent,
        "seconds": figures.seconds,
        "size": figures.size,
        "shown": _shown,
    }
    environment.globals |= {
        "badges": listing.badges,
        "embeddings": listing.embeddings,
        "is_live": listing.is_live,
        "model_of": listing.model,
        "app_url": settings.app_url(),
        "bundle": settings.public_dir() / "ca-bundle.pem",
        "in_container": settings.public_dir() == _CONTAINER,
        "proxy_url": settings.proxy_url(),
    }
    return environment


def _shown(text: Any) -> Markup:
    """A text of the conversation: hidden characters are set apart, not only made visible."""
    return marked(str(text))


def _is_long(text: str) -> bool:
    return len(text) > _LONG or text.count("\n") > _LONG_LINES


_ENVIRONMENT = _environment()


def prepare() -> None:
    """Compile all templates, so that the first page is as quick as the others."""
    for name in _ENVIRONMENT.list_templates():
        _ENVIRONMENT.get_template(name)


def render(template: str, **values: Any) -> bytes:
    """The page or fragment, in UTF-8."""
    return _ENVIRONMENT.get_template(template).render(values).encode()
