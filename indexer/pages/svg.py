"""Elements of SVG, and what all charts share.

Charts have no view box: widths are percentages, heights are pixels, so that text keeps its size on a phone.
Colours come from the style sheet by class; the attributes stand where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from indexer.pages.formats import TIER_NAMES
from veritally.tiers import Tier

FILLS = {Tier.SIGNED: "#8593a3", Tier.TEE: "url(#pattern-tee)", Tier.ZKML: "url(#pattern-zkml)"}
"""Colour and pattern of each tier."""
INK = "#1f2933"
Element = ElementTree.Element


@dataclass(frozen=True)
class Mark:
    """One part of a chart that stands for one value: what tests and the table share."""

    tier: int | None
    value: float
    text: str
    """As the table writes it."""
    label: str = ""
    """Of what, in words."""
    kind: str = ""
    """Class that gives the colour where there is no tier."""


def element(name: str, parent: Element | None = None, text: str = "", **attributes: Any) -> Element:
    """An element; in names of attributes `_` stands for `-`."""
    written = {key.rstrip("_").replace("_", "-"): _written(value) for key, value in attributes.items()}
    made = (
        ElementTree.Element(name, written)
        if parent is None
        else ElementTree.SubElement(parent, name, written)
    )
    made.text = text or None
    return made


def picture(identity: str, title: str, description: str, height_px: int, kind: str = "plot") -> Element:
    """An SVG with the name and the description that screen readers read."""
    made = element(
        "svg",
        class_=kind,
        width="100%",
        height=height_px,
        role="img",
        aria_labelledby=f"{identity}-t {identity}-d",
    )
    element("title", made, title, id=f"{identity}-t")
    element("desc", made, description, id=f"{identity}-d")
    return made


def mark(parent: Element, name: str, of: Mark, **attributes: Any) -> Element:
    """A shape that stands for a value; pointing at it shows the value."""
    known: dict[str, Any] = {
        "class_": f"mark {of.kind}".strip(),
        "data_value": of.value,
        "data_text": of.text,
    }
    if of.tier is not None:
        tier = Tier(of.tier)
        known |= {"data_tier": tier.label, "class_": f"mark tier-{tier.label}", "fill": FILLS[tier]}
    made = element(name, parent, **{**known, **attributes})
    named = f"{of.label}: {of.text}" if of.label else of.text
    element("title", made, named if of.tier is None else f"{TIER_NAMES[Tier(of.tier)]}, {named}")
    return made


def across(share: float) -> str:
    """A place or a width, of the whole width."""
    return f"{100 * share:.4g}%"


def markup(made: Element) -> Markup:
    """The text of an element; everything in it was escaped."""
    return Markup(ElementTree.tostring(made, encoding="unicode"))  # noqa: S704


def axis(ticks: Sequence[tuple[float, str]], height_px: int, top_px: int, plot_px: int) -> Markup:
    """Labels beside a plot, from 0 at the bottom to 1 at the top; for eyes only."""
    made = element("svg", class_="axis", width=44, height=height_px, aria_hidden="true")
    for place, label in ticks:
        y = top_px + plot_px * (1 - place) + 4
        element("text", made, label, x=38, y=round(y, 1), text_anchor="end", class_="tick", fill=INK)
    return markup(made)


def grid(parent: Element, ticks: Sequence[tuple[float, str]], top_px: int, plot_px: int) -> None:
    """Lines at the ticks of the axis."""
    for place, _ in ticks:
        y = round(top_px + plot_px * (1 - place), 1)
        element("line", parent, x1="0%", x2="100%", y1=y, y2=y, class_="grid", stroke="#d5dbe1")


def nice_top(largest: float) -> float:
    """A round number at or above this one, for the end of an axis."""
    for exponent in count(-4):
        for step in (1, 2, 3, 4, 6, 8):
            if step * 10.0**exponent >= largest:
                return step * 10.0**exponent
    raise AssertionError("numbers do not end")


def _written(value: str | float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
