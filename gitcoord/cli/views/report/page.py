"""Renders the report as one HTML page that needs no network and no other file.

Titles, ids, names and paths are untrusted: the template escapes everything that it prints, and makes control
characters visible, as for a terminal. The page's content security policy allows only its own style and
script, by their digests.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from gitcoord.cli.views.output import clean
from gitcoord.cli.views.report.page_data import make_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from gitcoord.events import AnyEvent
    from gitcoord.planning.model import Plan
    from gitcoord.progress.make_metrics import Metrics
    from gitcoord.progress.make_picture import Picture

_PAGES = "gitcoord.cli.views.report"


def report_page(plan: "Plan", picture: "Picture", metrics: "Metrics", events: "Sequence[AnyEvent]") -> str:
    """Returns the page as HTML."""
    from markupsafe import Markup

    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            page=make_page(plan, picture, metrics, events),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            style_hash=Markup(_digest(style)),  # noqa: S704 - base64
            script_hash=Markup(_digest(script)),  # noqa: S704 - base64
        )
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    """Returns text on one line, with control characters, bidi marks and surrogates escaped."""
    return clean(value) if type(value) is str else value


def _asset(name: str) -> str:
    return files(_PAGES).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
