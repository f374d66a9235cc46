"""Fills the templates."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from indexer.analytics.metric import METHODOLOGY
from indexer.pages import formats
from indexer.pages.source import StateView
from indexer.pages.svg import FILLS

NAVIGATION = (
    {"href": "/", "name": "Overview"},
    {"href": "/models", "name": "Models"},
    {"href": "/provers", "name": "Provers"},
    {"href": "/payers", "name": "Payers"},
    {"href": "/methods", "name": "Methods"},
)


def render(template: str, state: StateView | None, now_s: int, here: str = "", **content: Any) -> str:
    """A page. `content["standalone"]` makes a file of its own of it, without links to other pages."""
    alone = bool(content.pop("standalone", False))
    return (
        _environment()
        .get_template(template)
        .render(
            state=state,
            now_s=now_s,
            age=age(state, now_s),
            here=here,
            methodology=METHODOLOGY,
            navigation=NAVIGATION,
            stylesheet=Markup(static("page.css")) if alone else "",  # noqa: S704
            stylesheet_version=version("page.css"),
            fills={tier.label: fill for tier, fill in FILLS.items()},
            **content,
        )
    )


def age(state: StateView | None, now_s: int) -> str:
    """How old the data is, in words."""
    if state is None:
        return ""
    seconds = max(0, now_s - state.block_time_s)
    return "just now" if seconds < 2 else f"{formats.duration(seconds)} ago"


@cache
def static(name: str) -> str:
    """Text of a file in static/."""
    return resources.files("indexer.pages").joinpath("static", name).read_text(encoding="utf-8")


@cache
def version(name: str) -> str:
    """Changes when a file in static/ does."""
    return hashlib.sha256(static(name).encode()).hexdigest()[:12]


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("indexer.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("count", "short", "moment", "machine_time", "percent", "tier_name", "tier_label", "amount"):
        made.filters[name] = getattr(formats, name)
    return made
