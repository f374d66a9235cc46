"""`/v1/metrics`: the statistics of docs/metrics.md."""

from __future__ import annotations

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.catalogue import BY_NAME, METRICS
from indexer.analytics.cube import sql
from indexer.analytics.metric import Metric, Scope
from indexer.analytics.weeks import week_of_monday
from indexer.api.errors import NotTogetherError, UnknownThingError
from indexer.api.parameters import AskedMetric
from indexer.api.reply import Reply
from indexer.api.source import Source
from indexer.api.standing import described_window

LIST_COLUMNS = (
    Column("name", Kind.TEXT, "for addresses and commands"),
    Column("id", Kind.TEXT, "M1 to M20, as in docs/metrics.md"),
    Column("title", Kind.TEXT, "short"),
    Column("question", Kind.TEXT, "what it answers"),
    Column("formula", Kind.TEXT, "exact definition"),
)


def listed(source: Source) -> Reply:
    """All statistics."""
    rows = tuple((m.name, m.id, m.title, m.question, m.formula) for m in METRICS)
    return Reply(source.analysed, Answer(LIST_COLUMNS, rows), is_statistic=True)


def metric(source: Source, name: str, asked: AskedMetric) -> Reply:
    """One of them, over a window of full final weeks.

    Raises:
        UnknownThingError: there is none of this name.
        NotTogetherError: the window ends on no Monday, behind the last full week, or before the first.
    """
    found, scope = metric_of(name), _scope(source, asked)
    answer = source.analysis.answer(found, scope)
    about = {"id": found.id, "name": found.name, "title": found.title}
    words = {"question": found.question, "formula": found.formula}
    extra = {"metric": about | words, "window": described_window(scope.now), "rows_counted": asked.rows.value}
    return Reply(source.analysed, answer, extra, is_statistic=True)


def metric_of(name: str) -> Metric:
    """The metric of a name.

    Raises:
        UnknownThingError: there is none.
    """
    if name not in BY_NAME:
        raise UnknownThingError(f"there is no metric {name!r}; /v1/metrics lists all of them")
    return BY_NAME[name]


def sql_of(name: str) -> str:
    """The SQL that a metric runs, one statement after another.

    Raises:
        UnknownThingError: there is no metric of this name.
    """
    return "\n".join(f"-- {file}.sql\n{sql(file).strip()}\n" for file in metric_of(name).sql)


def _scope(source: Source, asked: AskedMetric) -> Scope:
    state, end = source.analysis.state, None
    if asked.until is not None:
        if asked.until.weekday():
            raise NotTogetherError("until", "is no Monday, and weeks end on Mondays")
        end = week_of_monday(asked.until)
        if not state.first_week < end <= state.end_week and end != state.end_week:
            raise NotTogetherError(
                "until", "lies outside the full, final weeks; see `window` of /v1/overview"
            )
    return Scope(source.analysis.window(asked.weeks, end), asked.rows.rows)
