"""The flow chart: from which tier payers went to which, from one week to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from indexer.pages.formats import count
from indexer.pages.svg import INK, Element, Mark, element, mark, markup, picture

_HEIGHT_PX, _GAP_PX, _NODE_PX, _NAMES_PX = 260, 14, 8, 104
_LEAST_PX = 16.0
"""Height that a node takes at least, so that its name fits."""
_FLOWING = 0.45


@dataclass(frozen=True)
class Flow:
    """Payers who went from one place to another."""

    source: str
    target: str
    payers: int


@dataclass(frozen=True)
class Place:
    """A place that payers come from or go to."""

    key: str
    name: str
    kind: str
    """Class that gives the colour."""


def flow_chart(
    identity: str,
    title: str,
    description: str,
    flows: Sequence[Flow],
    places: tuple[Sequence[Place], Sequence[Place]],
) -> Markup:
    """Bands from left to right, as thick as the number of payers."""
    left, right = (_Side(flows, side, places[number]) for number, side in enumerate(("source", "target")))
    scale = min(left.scale, right.scale)
    height_px = max(left.lay(scale), right.lay(scale))
    svg = picture(identity, title, description, round(height_px), "flows")
    svg.set("viewBox", f"0 0 100 {round(height_px)}")
    svg.set("preserveAspectRatio", "none")
    for flow in sorted(flows, key=lambda flow: (left.order(flow.source), right.order(flow.target))):
        _band(svg, flow, left, right, flow.payers * scale)
    text = Markup('<div class="chart flow">{}{}{}</div>')
    return text.format(
        _names(left, height_px, at_left=True), markup(svg), _names(right, height_px, at_left=False)
    )


class _Side:
    """The places at one edge, from the top down."""

    def __init__(self, flows: Sequence[Flow], side: str, places: Sequence[Place]) -> None:
        self.payers = {p.key: sum(f.payers for f in flows if getattr(f, side) == p.key) for p in places}
        self.places = [place for place in places if self.payers[place.key]]
        room = _HEIGHT_PX - _GAP_PX * (len(self.places) - 1) - _LEAST_PX * len(self.places)
        self.scale = room / max(sum(self.payers.values()), 1)
        self.top_px: dict[str, float] = {}
        self._used_px: dict[str, float] = {}

    def lay(self, scale: float) -> float:
        """Gives each place its room; returns the height of all."""
        y = 0.0
        for place in self.places:
            self.top_px[place.key] = y
            self._used_px[place.key] = y
            y += max(self.payers[place.key] * scale, _LEAST_PX) + _GAP_PX
        self.scale = scale
        return y - _GAP_PX

    def take(self, key: str, height_px: float) -> float:
        """The top of the next band at a place."""
        top = self._used_px[key]
        self._used_px[key] = top + height_px
        return top

    def order(self, key: str) -> int:
        return [place.key for place in self.places].index(key)

    def of(self, key: str) -> Place:
        return self.places[self.order(key)]


def _band(svg: Element, flow: Flow, left: _Side, right: _Side, height_px: float) -> None:
    y0, y1 = left.take(flow.source, height_px), right.take(flow.target, height_px)
    b0, b1 = y0 + height_px, y1 + height_px
    path = (
        f"M0 {y0:.2f}C50 {y0:.2f} 50 {y1:.2f} 100 {y1:.2f}L100 {b1:.2f}C50 {b1:.2f} 50 {b0:.2f} 0 {b0:.2f}Z"
    )
    source, target = left.of(flow.source), right.of(flow.target)
    of = Mark(None, flow.payers, count(flow.payers), f"{source.name} to {target.name}")
    kind = source.kind if source.kind != "outside" else target.kind
    band = mark(svg, "path", of, d=path, class_=f"mark band {kind}", fill=INK, fill_opacity=_FLOWING)
    band.set("data-from", flow.source)
    band.set("data-to", flow.target)


def _names(side: _Side, height_px: float, at_left: bool) -> Markup:
    """Names and numbers beside the bands; the description says the same to screen readers."""
    svg = element("svg", class_="names", width=_NAMES_PX, height=round(height_px), aria_hidden="true")
    x_node = _NAMES_PX - _NODE_PX if at_left else 0
    x, anchor = (x_node - 6, "end") if at_left else (_NODE_PX + 6, "start")
    for place in side.places:
        y, payers = side.top_px[place.key], side.payers[place.key]
        node_px = max(payers * side.scale, 2.0)
        element(
            "rect", svg, x=x_node, y=y, width=_NODE_PX, height=node_px, class_=f"node {place.kind}", fill=INK
        )
        middle = y + max(node_px, _LEAST_PX) / 2 + 4
        element(
            "text",
            svg,
            f"{place.name} {count(payers)}",
            x=x,
            y=middle,
            text_anchor=anchor,
            class_="tick",
            fill=INK,
        )
    return markup(svg)
