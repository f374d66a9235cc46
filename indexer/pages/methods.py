"""The page that defines every number: made from the same catalogue that computes them."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.analytics.catalogue import METRICS
from indexer.analytics.cube import sql
from indexer.analytics.metric import Metric
from indexer.pages.blocks import Heading, Table, TableCell
from indexer.pages.render import render
from indexer.pages.source import StateView


@dataclass(frozen=True)
class Definition:
    """A metric as the page shows it."""

    metric: Metric
    columns: Table
    statements: tuple[tuple[str, str], ...]
    """Names and texts of its SQL."""


def methods(state: StateView | None, now_s: int) -> str:
    """All definitions."""
    return render("methods.html", state, now_s, "/methods", definitions=[_definition(m) for m in METRICS])


def _definition(metric: Metric) -> Definition:
    rows = tuple((TableCell(c.name), TableCell(c.kind.value), TableCell(c.meaning)) for c in metric.columns)
    table = Table(f"Columns of {metric.name}", (Heading("column"), Heading("kind"), Heading("meaning")), rows)
    return Definition(metric, table, tuple((name, sql(name)) for name in metric.sql))
