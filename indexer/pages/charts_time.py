"""Charts over weeks: the shares of the tiers, and a share with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from indexer.analytics.weeks import Window
from indexer.pages.formats import days, interval, percent, short_day
from indexer.pages.svg import INK, Element, Mark, across, axis, element, grid, mark, markup, nice_top, picture

_TOP_PX, _PLOT_PX, _FOOT_PX = 22, 180, 26
_HEIGHT_PX = _TOP_PX + _PLOT_PX + _FOOT_PX
_GAP = 0.16
"""Of a column's width stays empty on either side."""
_LEAST_SLOTS = 8
"""Fewer weeks leave room at the right, so that columns stay columns."""
_LEAST_TOP = 0.04
"""A scale ends at this share at least."""
_LABELS = 6
"""Most weeks that are named below a chart."""


@dataclass(frozen=True)
class WeekShares:
    """The shares of the tiers in one week; they add up to 1."""

    week: int
    shares: tuple[tuple[int, float], ...]
    """Tier and share, the weakest first."""


@dataclass(frozen=True)
class WeekShare:
    """One share in one week."""

    week: int
    share: float
    low: float | None
    high: float | None


def stacked_weeks(identity: str, title: str, weeks: Sequence[WeekShares]) -> Markup:
    """One column per week, split into tiers."""
    ticks = [(step / 4, f"{25 * step} %") for step in range(5)]
    svg = picture(identity, title, _said([(w.week, w.shares) for w in weeks]), _HEIGHT_PX)
    grid(svg, ticks, _TOP_PX, _PLOT_PX)
    slots = _slots(weeks)
    for index, week in enumerate(weeks):
        bottom = 0.0
        for tier, share in week.shares:
            top_px = _TOP_PX + _PLOT_PX * (1 - bottom - share)
            mark(
                svg,
                "rect",
                Mark(tier, share, percent(share), f"week of {short_day(week.week)}"),
                x=across((index + _GAP) / slots),
                width=across((1 - 2 * _GAP) / slots),
                y=top_px,
                height=max(_PLOT_PX * share, 0.0),
                data_week=week.week,
            )
            bottom += share
    _weeks_below(svg, [week.week for week in weeks])
    return _beside(axis(ticks, _HEIGHT_PX, _TOP_PX, _PLOT_PX), svg)


def share_weeks(identity: str, title: str, weeks: Sequence[WeekShare], before: Window, now: Window) -> Markup:
    """A share per week with its interval; the two windows that are compared are shaded."""
    top = min(nice_top(max([_LEAST_TOP, *(w.high or w.share for w in weeks)])), 1.0)
    ticks = [(step / 4, f"{100 * top * step / 4:.3g} %") for step in range(5)]
    said = [(w.week, ((None, w.share),)) for w in weeks]
    svg = picture(identity, title, _said(said), _HEIGHT_PX)
    numbers = [week.week for week in weeks]
    _shade(svg, numbers, before, "before")
    _shade(svg, numbers, now, "now")
    grid(svg, ticks, _TOP_PX, _PLOT_PX)
    places = [((i + 0.5) / _slots(weeks), _down(week.share, top)) for i, week in enumerate(weeks)]
    for (x, y), (x_next, y_next) in pairwise(places):
        ends: dict[str, Any] = {"x1": across(x), "x2": across(x_next), "y1": y, "y2": y_next}
        element("line", svg, **ends, class_="line", stroke=INK, stroke_width=2)
    for (x, y), week in zip(places, weeks, strict=True):
        _point(svg, x, y, week, top)
    _weeks_below(svg, numbers)
    return _beside(axis(ticks, _HEIGHT_PX, _TOP_PX, _PLOT_PX), svg)


def _point(svg: Element, x: float, y: float, week: WeekShare, top: float) -> None:
    if week.low is not None and week.high is not None:
        ends: dict[str, Any] = {"y1": _down(min(week.high, top), top), "y2": _down(max(week.low, 0.0), top)}
        element("line", svg, x1=across(x), x2=across(x), **ends, class_="whisker", stroke=INK)
    between = interval(week.low, week.high)
    text = f"{percent(week.share)}{f' ({between})' if between else ''}"
    of = Mark(None, week.share, percent(week.share), f"week of {short_day(week.week)}, {text}")
    mark(svg, "circle", of, cx=across(x), cy=y, r=4, data_week=week.week, class_="mark dot", fill=INK)


def _shade(svg: Element, weeks: Sequence[int], window: Window, kind: str) -> None:
    inside = [index for index, week in enumerate(weeks) if window.first <= week < window.end]
    if not inside:
        return
    first, width = inside[0] / _slots(weeks), len(inside) / _slots(weeks)
    ends: dict[str, Any] = {"x": across(first), "width": across(width), "y": 0, "height": _TOP_PX + _PLOT_PX}
    shade = element("rect", svg, **ends, class_=f"shade {kind}", fill="#eef2f6")
    element("title", shade, f"{kind}: {days(window)}")
    middle = across(first + width / 2)
    element("text", svg, kind, x=middle, y=14, text_anchor="middle", class_="tick", fill=INK)


def _slots(weeks: Sequence[object]) -> int:
    return max(len(weeks), _LEAST_SLOTS)


def _down(share: float, top: float) -> float:
    return round(_TOP_PX + _PLOT_PX * (1 - share / top), 2)


def _weeks_below(svg: Element, weeks: Sequence[int]) -> None:
    """Names every n-th week, counted from the last one; on a phone every second of these."""
    step = -(-len(weeks) // _LABELS)
    for position, index in enumerate(range(len(weeks) - 1, -1, -step)):
        kind = "tick" if position % 2 == 0 else "tick wide-only"
        at_end = index == _slots(weeks) - 1
        x = across(1.0 if at_end else (index + 0.5) / _slots(weeks))
        element(
            "text",
            svg,
            short_day(weeks[index]),
            x=x,
            y=_HEIGHT_PX - 8,
            text_anchor="end" if at_end else "middle",
            class_=kind,
            fill=INK,
        )


def _said(weeks: Sequence[tuple[int, Sequence[tuple[int | None, float]]]]) -> str:
    """First and last week in words; the table has all."""
    if not weeks:
        return "No weeks yet."
    ends = [weeks[0], weeks[-1]] if len(weeks) > 1 else [weeks[0]]
    told = [
        f"week of {short_day(week)}: {percent(sum(s for t, s in shares if t != 1))}" for week, shares in ends
    ]
    return (
        f"Strong share (TEE and zkML) over {len(weeks)} weeks; {'; '.join(told)}. The table below has all "
        "numbers."
    )


def _beside(labels: Markup, svg: Element) -> Markup:
    return Markup('<div class="chart">{}{}</div>').format(labels, markup(svg))
