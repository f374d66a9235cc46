"""Charts of rows, one below the other: bars that are split, values with intervals, parts of a change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from indexer.pages.formats import MINUS, tier_label
from indexer.pages.svg import INK, Element, Mark, across, element, mark, markup, nice_top, picture

_ROW_PX, _LABEL_PX, _BAR_PX = 50, 15, 18
_DOT_PX = 6
_AXIS_PX = 22
_EDGE = 0.02
_LEAST_TOP = 0.04
"""A scale ends at this share at least: nobody needs thousandths of a percent."""


@dataclass(frozen=True)
class SplitRow:
    """A bar of the whole width, split by tier."""

    label: str
    note: str
    parts: tuple[Mark, ...]


@dataclass(frozen=True)
class RangeRow:
    """A value with its interval, or three values in order."""

    label: str
    note: str
    mark: Mark
    low: float | None
    high: float | None
    other: Mark | None = None
    """A second one, smaller when it is of the same tier."""


@dataclass(frozen=True)
class PartRow:
    """A part of a change, above or below zero."""

    label: str
    mark: Mark


def split_rows(identity: str, title: str, description: str, rows: Sequence[SplitRow]) -> Markup:
    """Bars of 100 %."""
    svg = picture(identity, title, description, _ROW_PX * len(rows), "rows")
    for index, row in enumerate(rows):
        y = _ROW_PX * index
        _named(svg, y, row.label, row.note)
        x = 0.0
        for part in row.parts:
            width = max(part.value, 0.0)
            place: dict[str, Any] = {
                "x": across(x),
                "width": across(width),
                "y": y + _LABEL_PX + 6,
                "height": _BAR_PX,
            }
            mark(svg, "rect", part, **place)
            x += width
    return markup(svg)


def range_rows(identity: str, title: str, description: str, rows: Sequence[RangeRow], scale: Scale) -> Markup:
    """Values with whiskers on one scale."""
    height_px = _ROW_PX * len(rows) + _AXIS_PX
    svg = picture(identity, title, description, height_px, "rows")
    _scale(svg, scale, height_px)
    for index, row in enumerate(rows):
        y = _ROW_PX * index
        middle = y + _LABEL_PX + 6 + _BAR_PX / 2
        _named(svg, y, row.label, row.note)
        if row.low is not None and row.high is not None:
            ends = {"x1": across(scale.place(row.low)), "x2": across(scale.place(row.high))}
            element("line", svg, **ends, y1=middle, y2=middle, class_="whisker", stroke=INK, stroke_width=2)
        if row.other is not None:
            _dot(svg, row.other, scale, middle, 4 if row.other.tier == row.mark.tier else _DOT_PX)
        _dot(svg, row.mark, scale, middle, _DOT_PX)
    return markup(svg)


def part_rows(identity: str, title: str, description: str, rows: Sequence[PartRow]) -> Markup:
    """Bars to the left and to the right of zero."""
    scale = symmetric([row.mark.value for row in rows])
    svg = picture(identity, title, description, _ROW_PX * len(rows), "rows")
    zero = scale.place(0.0)
    element("line", svg, x1=across(zero), x2=across(zero), y1=0, y2="100%", class_="zero", stroke=INK)
    for index, row in enumerate(rows):
        y = _ROW_PX * index
        _named(svg, y, row.label, row.mark.text)
        end = scale.place(row.mark.value)
        place = {"x": across(min(zero, end)), "width": across(abs(end - zero))}
        kind = "mark up" if row.mark.value >= 0 else "mark down"
        mark(svg, "rect", row.mark, **place, y=y + _LABEL_PX + 6, height=_BAR_PX, class_=kind, fill=INK)
    return markup(svg)


@dataclass(frozen=True)
class Scale:
    """From values to places."""

    first: float
    last: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Between 0 and 1; values beyond the ends stand at the ends."""
        first, last, at = self.first, self.last, min(max(value, self.first), self.last)
        if self.logarithmic:
            first, last, at = math.log(first), math.log(last), math.log(at)
        return _EDGE + (1 - 2 * _EDGE) * (at - first) / (last - first)


def symmetric(values: Sequence[float]) -> Scale:
    """Differences of shares around zero."""
    top = nice_top(max([abs(value) for value in values] + [_LEAST_TOP / 4]))
    ticks = tuple(
        (top * step, f"{100 * top * step:+.3g} %".replace("-", MINUS)) for step in (-1, -0.5, 0, 0.5, 1)
    )
    return Scale(-top, top, tuple((at, "0 %" if at == 0 else label) for at, label in ticks))


def from_zero(values: Sequence[float]) -> Scale:
    """Shares."""
    top = min(nice_top(max([*values, _LEAST_TOP])), 1.0)
    return Scale(0.0, top, tuple((top * n / 4, f"{100 * top * n / 4:.3g} %") for n in range(5)))


def logarithmic(ticks: Sequence[tuple[float, str]], largest: float) -> Scale:
    """From the first tick to the first one at or above the largest value."""
    used = [tick for tick, after in zip(ticks, [(0.0, ""), *ticks], strict=False) if after[0] < largest]
    used = used if len(used) > 1 else list(ticks[:2])
    return Scale(used[0][0], used[-1][0], tuple(used), logarithmic=True)


def _dot(svg: Element, shown: Mark, scale: Scale, y: float, radius_px: int) -> None:
    """Too small for a pattern: what it is, the row says."""
    kind = "dot" if shown.tier is None else tier_label(shown.tier)
    at: dict[str, Any] = {"cx": across(scale.place(shown.value)), "cy": y, "r": radius_px}
    mark(svg, "circle", shown, **at, class_=f"mark {kind}", fill=INK)


def _named(svg: Element, y: float, label: str, note: str) -> None:
    element("text", svg, label, x="0%", y=y + _LABEL_PX, class_="row", fill=INK)
    element("text", svg, note, x="100%", y=y + _LABEL_PX, text_anchor="end", class_="note", fill=INK)


def _scale(svg: Element, scale: Scale, height_px: int) -> None:
    for index, (value, label) in enumerate(scale.ticks):
        x = across(scale.place(value))
        kind = "zero" if value == 0 and scale.first < 0 else "grid"
        foot = height_px - _AXIS_PX
        element("line", svg, x1=x, x2=x, y1=_LABEL_PX + 4, y2=foot, class_=kind, stroke="#d5dbe1")
        anchor = "start" if index == 0 else "end" if index == len(scale.ticks) - 1 else "middle"
        element("text", svg, label, x=x, y=height_px - 6, text_anchor=anchor, class_="tick", fill=INK)
