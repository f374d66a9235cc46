"""The catalogue of metrics is complete, and docs/metrics.md says what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from make_metrics_doc import document

from indexer.analytics.catalogue import BY_NAME, METRICS
from indexer.analytics.cube import sql
from indexer.analytics.metric import METHODOLOGY, Metric

ROOT = Path(__file__).parents[2]
DOC = ROOT / "docs" / "metrics.md"
OURS = {
    *("count-share", "weekly-count-share", "value-share", "payer-equal-share", "capped-share"),
    *("weekly-capped-share", "concentration", "strong-share", "weekly-strong-share", "change", "verdict"),
    *("why-it-changed", "growth"),
}


def test_names_are_unique_and_in_order() -> None:
    assert len(BY_NAME) == len(METRICS)
    assert BY_NAME.keys() >= OURS
    assert [int(metric.id[1:]) for metric in METRICS] == sorted(int(metric.id[1:]) for metric in METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", metric.name)
    assert metric.title
    assert metric.question.endswith("?")
    assert metric.formula.endswith(".")
    names = [column.name for column in metric.columns]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    for name in metric.sql:
        assert sql(name).startswith("--")
        assert ";" not in sql(name)


def test_the_document_is_current() -> None:
    assert DOC.read_text(encoding="utf-8") == document()


def test_the_document_tells_all() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert f"`{METHODOLOGY}`" in text
    for metric in METRICS:
        assert f"\n## {metric.name}\n" in text
        assert f"(#{metric.name})" in text
        for column in metric.columns:
            assert f"| `{column.name}` |" in text


def test_links_of_the_document_lead_somewhere() -> None:
    text = DOC.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (DOC.parent / target).exists(), target
    headings = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings
