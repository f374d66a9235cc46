"""The overview: every metric over the last full weeks and the verdict, of all rows and of the strict ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from indexer.analytics import writing
from indexer.analytics.analysis import Analysis, State
from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.verdict import Verdict
from indexer.analytics.weeks import Window
from indexer.reporting.frame import definition, frame, label, window_frame

TREND_WEEKS = 26
"""Of a history that is shown week by week, at most."""
_WEEKLY = "weekly-"
_LINE_COLUMNS = (
    Column("metric", Kind.TEXT, "name of the metric"),
    Column("rows", Kind.TEXT, "raw or strict"),
    Column("row", Kind.COUNT, "number of the row in the metric's answer, from 0"),
    Column("column", Kind.TEXT, "column of the answer"),
    Column("value", Kind.TEXT, "what stands there, as in JSON"),
)


@dataclass(frozen=True)
class Overview:
    """One deployment, as of its final block."""

    state: State
    now: Window
    """The weeks that it is about; they are compared with as many before."""
    verdicts: Mapping[Rows, Verdict]
    analysis: Analysis

    def answer(self, name: str, rows: Rows = Rows.RAW) -> Answer:
        """What a metric says; those that go week by week are about up to half a year."""
        window = self.now
        if name.startswith(_WEEKLY):
            history = self.state.end_week - self.state.first_week
            window = self.analysis.window(min(TREND_WEEKS, max(1, history)))
        return self.analysis.answer(BY_NAME[name], Scope(window, rows))

    @property
    def n_eff(self) -> float | None:
        """Effective payers behind the verdict on all rows: those of the window that has fewer."""
        verdict = self.verdicts[Rows.RAW]
        if verdict.n_eff_before is None or verdict.n_eff_now is None:
            return None
        return min(verdict.n_eff_before, verdict.n_eff_now)

    @property
    def verdicts_differ(self) -> bool:
        """Whether leaving out labelled pairs gives another verdict."""
        return len({verdict.word for verdict in self.verdicts.values()}) > 1


def read_overview(analysis: Analysis) -> Overview:
    """About the last full weeks."""
    verdicts = {rows: analysis.verdict(rows) for rows in (Rows.RAW, Rows.STRICT)}
    return Overview(analysis.state, analysis.window(), verdicts, analysis)


def to_document(overview: Overview) -> dict[str, Any]:
    """The overview for JSON: verdict and effective payers on top, every number below."""
    raw = overview.verdicts[Rows.RAW]
    return frame(overview.state) | {
        "window": window_frame(overview.now),
        "before": window_frame(overview.now.before),
        "verdict": raw.word.value,
        "n_eff": overview.n_eff,
        "reason": raw.reason,
        "verdicts_differ": overview.verdicts_differ,
        "verdicts": {label(rows): _verdict(verdict) for rows, verdict in overview.verdicts.items()},
        "metrics": {name: _metric(overview, name) for name in BY_NAME},
    }


def to_lines(overview: Overview) -> Answer:
    """Every number of every metric on a line of its own, for CSV; the verdicts are among the metrics."""
    lines: list[tuple[Cell, ...]] = []
    for name in BY_NAME:
        for rows in Rows:
            for index, row in enumerate(writing.json_rows(overview.answer(name, rows))):
                lines += [(name, label(rows), index, column, row[column]) for column in row]
    return Answer(_LINE_COLUMNS, tuple(lines))


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "word": verdict.word.value,
        "reason": verdict.reason,
        "share_before": verdict.share_before,
        "share_now": verdict.share_now,
        "delta": verdict.delta,
        "low": verdict.low,
        "high": verdict.high,
        "n_eff_before": verdict.n_eff_before,
        "n_eff_now": verdict.n_eff_now,
        "parts": dict(verdict.parts),
    }


def _metric(overview: Overview, name: str) -> dict[str, Any]:
    answers = {label(rows): writing.json_rows(overview.answer(name, rows)) for rows in Rows}
    return definition(BY_NAME[name]) | {"columns": writing.json_columns(overview.answer(name))} | answers
