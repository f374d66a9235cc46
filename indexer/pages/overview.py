"""The overview: the questions in the order in which people ask them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from indexer.analytics.metric import Rows
from indexer.pages.desk import Desk
from indexer.pages.render import render
from indexer.pages.section_delivery import asked_delivered, cost
from indexer.pages.section_flows import flows
from indexer.pages.section_shares import share_now
from indexer.pages.section_trend import trend
from indexer.pages.section_trust import concentration, freshness, labelled, tainted
from indexer.pages.source import AnalysisView, PageSource

SECTIONS = (share_now, trend, asked_delivered, flows, cost, concentration, labelled, tainted, freshness)
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
    content: dict[str, Any] = {"notice": "", "sections": (), "window": None, "strict": False, "query": ""}
    if analysis is not None and analysis.state.first_week < analysis.state.end_week:
        content |= _answers(analysis, choice)
    state = None if analysis is None else analysis.state
    return render("overview.html", state, now_s, "/", standalone=standalone, week_choices=WEEK_CHOICES, **content)


def _answers(analysis: AnalysisView, choice: Choice) -> dict[str, Any]:
    desk = Desk(analysis, analysis.window(choice.weeks), choice.rows)
    return {
        "sections": tuple(section(desk) for section in SECTIONS),
        "window": desk.now,
        "strict": choice.rows is Rows.STRICT,
        "query": f"&weeks={choice.weeks}&rows={choice.rows.name.lower()}",
    }
