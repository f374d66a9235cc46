"""The overview: the questions in the order in which people ask them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from indexer.analytics.metric import Rows
from indexer.pages import section_shares, section_trend
from indexer.pages.desk import Desk
from indexer.pages.details import totals_table
from indexer.pages.formats import day
from indexer.pages.render import render
from indexer.pages.section_delivery import asked_delivered, cost
from indexer.pages.section_flows import flows
from indexer.pages.section_health import freshness
from indexer.pages.section_shares import share_now
from indexer.pages.section_trend import trend
from indexer.pages.section_trust import concentration, labelled, tainted
from indexer.pages.source import AnalysisView, PageSource, StateView

SECTIONS = (share_now, trend, asked_delivered, flows, cost, concentration, labelled, tainted, freshness)
_NOTHING = {
    "notice": "",
    "so_far": None,
    "sections": (),
    "headline": (),
    "window": None,
    "strict": False,
    "query": "",
}
WEEK_CHOICES = (1, 4, 8)
"""Lengths of the window that can be chosen."""


@dataclass(frozen=True)
class Choice:
    """What the reader asked for."""

    weeks: int = 4
    rows: Rows = Rows.RAW


def overview(source: PageSource, choice: Choice, now_s: int, standalone: bool = False) -> str:
    """The page; `standalone` makes a file that needs no other one."""
    analysis = source.analysis
    state = None if analysis is None else analysis.state
    content: dict[str, Any] = dict(_NOTHING)
    if analysis is not None and analysis.state.first_week < analysis.state.end_week:
        content |= _answers(analysis, choice)
    else:
        content |= _not_yet(source, state)
    return render(
        "overview.html", state, now_s, "/", standalone=standalone, week_choices=WEEK_CHOICES, **content
    )


def _not_yet(source: PageSource, state: StateView | None) -> dict[str, Any]:
    """Before the first full week."""
    totals = source.lookups.totals()
    if not totals:
        notice = "No inference has been settled yet. This page fills itself when the first ones are."
    elif state is None:
        notice = (
            "Nothing is final yet. The first shares appear when the first week with inferences is over "
            "and final."
        )
    else:
        notice = (
            f"No full week yet. The first shares appear when a block from {day(state.end_week + 1)} on is "
            "final, and a "
            "verdict when there are eight full weeks."
        )
    so_far = totals_table(totals, "Inferences by tier, label and token") if totals else None
    return {"notice": notice, "so_far": so_far}


def _answers(analysis: AnalysisView, choice: Choice) -> dict[str, Any]:
    desk = Desk(analysis, analysis.window(choice.weeks), choice.rows)
    return {
        "sections": tuple(section(desk) for section in SECTIONS),
        "headline": (section_shares.headline(desk), section_trend.headline(desk)),
        "window": desk.now,
        "strict": choice.rows is Rows.STRICT,
        "query": f"&weeks={choice.weeks}&rows={choice.rows.name.lower()}",
    }
