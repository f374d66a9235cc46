"""The chart of those who come back: for each week after the first one, a column for each tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from indexer.pages.formats import TIER_NAMES, percent, plural
from indexer.pages.svg import INK, Element, Mark, across, axis, element, grid, mark, markup, nice_top, picture

_TOP_PX, _PLOT_PX, _FOOT_PX = 10, 170, 46
_HEIGHT_PX = _TOP_PX + _PLOT_PX + _FOOT_PX
_GAP = 0.14
"""Of a week's width stays empty on either side."""
_BETWEEN = 0.12
"""Of a column's width stays empty beside it."""
_LEAST_SLOTS = 4
"""Fewer weeks leave room at the right, so that columns stay columns."""
_LEAST_TOP = 0.04
"""A scale ends at this share at least."""
_LABELS = 8
"""Most weeks that are named on a phone."""
_ELSEWHERE = 0.4
"""How solid those are who came back at another tier."""


@dataclass(frozen=True)
class Returned:
    """Of the payers who began with one tier, those who paid again some weeks later."""

    tier: int
    weeks_later: int
    payers: int
    active: int
    same_tier: int

    @property
    def share(self) -> float:
        """Of them paid again, at any tier."""
        return self.active / self.payers

    @property
    def same_tier_share(self) -> float:
        """Of them paid again, most often at the tier that they began with."""
        return self.same_tier / self.payers


def returned_weeks(identity: str, title: str, found: Sequence[Returned]) -> Markup:
    """Columns from the first week later on; the solid part stayed at its tier."""
    top = min(nice_top(max(_LEAST_TOP, *(one.share for one in found))), 1.0)
    ticks = [(step / 4, f"{100 * top * step / 4:.3g} %") for step in range(5)]
    svg = picture(identity, title, _said(found), _HEIGHT_PX)
    grid(svg, ticks, _TOP_PX, _PLOT_PX)
    weeks = range(1, max(one.weeks_later for one in found) + 1)
    slots = max(len(weeks), _LEAST_SLOTS)
    tiers = sorted({one.tier for one in found})
    width = (1 - 2 * _GAP) / slots / len(tiers)
    for one in found:
        left = (one.weeks_later - 1 + _GAP) / slots + width * tiers.index(one.tier)
        _column(svg, one, top, x=across(left + width * _BETWEEN / 2), width=across(width * (1 - _BETWEEN)))
    _names(svg, weeks, slots)
    return Markup('<div class="chart">{}{}</div>').format(
        axis(ticks, _HEIGHT_PX, _TOP_PX, _PLOT_PX), markup(svg)
    )


def _column(svg: Element, one: Returned, top: float, **across_: str) -> None:
    """All who came back, and in front of them those who stayed at their tier."""
    when = f"{plural(one.weeks_later, 'week')} later"
    for share, what, solid in (
        (one.share, "paid again", _ELSEWHERE),
        (one.same_tier_share, "paid again at this tier", 1.0),
    ):
        height = _PLOT_PX * share / top
        place: dict[str, Any] = {"y": _TOP_PX + _PLOT_PX - height, "height": height, "fill_opacity": solid}
        of = Mark(one.tier, share, percent(share), f"{what} {when}, of {plural(one.payers, 'payer')}")
        mark(svg, "rect", of, **across_, **place, data_later=one.weeks_later)


def _names(svg: Element, weeks: Sequence[int], slots: int) -> None:
    """Numbers of weeks below the columns, and what they count."""
    step = -(-len(weeks) // _LABELS)
    for index, later in enumerate(weeks):
        kind = "tick" if index % step == 0 else "tick wide-only"
        place: dict[str, Any] = {"x": across((index + 0.5) / slots), "y": _TOP_PX + _PLOT_PX + 17}
        element("text", svg, str(later), **place, text_anchor="middle", class_=kind, fill=INK)
    foot = {"x": across(len(weeks) / slots / 2), "y": _HEIGHT_PX - 8, "text_anchor": "middle"}
    element("text", svg, "weeks later", **foot, class_="tick", fill=INK)


def _said(found: Sequence[Returned]) -> str:
    """The first and the last week of each tier in words; the table has all."""
    told = []
    for tier in sorted({one.tier for one in found}):
        own = [one for one in found if one.tier == tier]
        ends = own if len(own) == 1 else [own[0], own[-1]]
        shares = ", ".join(f"{percent(one.share)} {plural(one.weeks_later, 'week')} later" for one in ends)
        told.append(f"{TIER_NAMES[tier]}: {shares}")
    return f"Payers who paid again, by the tier that they began with. {'; '.join(told)}. The table has all."
