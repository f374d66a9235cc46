"""Writes docs/metrics.md from the catalogue of metrics: `make_metrics_doc.py [--check]`.

The introduction is tools/metrics_intro.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from generated_files import write_or_check

from indexer.analytics.answer import Kind
from indexer.analytics.catalogue import METRICS
from indexer.analytics.metric import METHODOLOGY, Metric

_ROOT = Path(__file__).resolve().parent.parent
_INTRODUCTION = Path(__file__).parent / "metrics_intro.md"
_DOC = _ROOT / "docs" / "metrics.md"
_SQL = "../indexer/analytics/sql"

_UNITS = {
    Kind.TEXT: "text",
    Kind.COUNT: "number",
    Kind.SHARE: "share of 1",
    Kind.NUMBER: "number, not whole",
    Kind.SECONDS: "seconds",
    Kind.TIME: "time, UTC",
    Kind.WEEK: "date of the Monday",
    Kind.TIER: "signed, tee or zkml",
    Kind.AMOUNT: "base units, decimal string",
    Kind.ADDRESS: "address",
    Kind.ID: "32 bytes, hex",
    Kind.FLAG: "true or false",
}


def document() -> str:
    """The whole page."""
    introduction = _INTRODUCTION.read_text(encoding="utf-8").replace("METHODOLOGY", METHODOLOGY)
    return "\n".join(
        [introduction.rstrip(), "", *_overview(), *(line for m in METRICS for line in _section(m))]
    )


def _overview() -> Iterator[str]:
    yield from ("## All metrics", "", "| | name | question |", "|---|---|---|")
    for metric in METRICS:
        yield f"| {metric.id} | [{metric.name}](#{metric.name}) | {_cell(metric.question)} |"
    yield ""


def _section(metric: Metric) -> Iterator[str]:
    yield from (f"## {metric.name}", "", f"**{metric.id}. {metric.title}.** {metric.question}", "")
    yield from (_formula(metric.formula), "", "| column | unit | meaning |", "|---|---|---|")
    for column in metric.columns:
        yield f"| `{column.name}` | {_UNITS[column.kind]} | {_cell(column.meaning)} |"
    files = ", ".join(f"[{name}.sql]({_SQL}/{name}.sql)" for name in metric.sql)
    yield from ("", f"SQL: {files}" if files else "No SQL of its own.", "")


def _formula(text: str) -> str:
    """Asterisks and underscores of a formula are no emphasis."""
    return text.replace("*", r"\*").replace("_", r"\_")


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    sys.exit(write_or_check({_DOC: document()}))
