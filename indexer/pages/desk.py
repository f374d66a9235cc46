"""What the sections of the overview ask: metrics by name, in one window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from indexer.analytics.answer import Answer
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.weeks import Window
from indexer.pages.source import AnalysisView

Record: TypeAlias = Mapping[str, Any]
"""A row of an answer by the names of its columns; what kind each is, the metric says."""

CHART_WEEKS = 26
"""Most weeks in a chart over time."""


def records_of(answer: Answer) -> list[Record]:
    """The rows of an answer by the names of its columns."""
    return list(answer.records())


@dataclass(frozen=True)
class Desk:
    """An analysis, and what it is asked about."""

    analysis: AnalysisView
    now: Window
    rows: Rows = Rows.RAW

    @property
    def history(self) -> Window:
        """The weeks of charts over time."""
        state = self.analysis.state
        return Window(max(state.first_week, self.now.end - CHART_WEEKS), self.now.end)

    def answer(self, name: str, window: Window | None = None, rows: Rows | None = None) -> Answer:
        """What a metric says."""
        scope = Scope(window or self.now, self.rows if rows is None else rows)
        return self.analysis.answer(BY_NAME[name], scope)

    def records(self, name: str, window: Window | None = None) -> list[Record]:
        """The same, row by row."""
        return records_of(self.answer(name, window))
