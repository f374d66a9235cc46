"""What the report says of rows and verdicts that it does not show in full."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from indexed import indexer_of
from indexer_chain import serve
from market_chain import market_chain
from rich.console import Console

from indexer.analytics.analysis import Analysis
from indexer.analytics.metric import Rows
from indexer.analytics.tiers import TierSet
from indexer.analytics.verdict import Verdict, VerdictWord
from indexer.database import Database
from indexer.reporting import sections
from indexer.reporting.overview import read_overview
from indexer.reporting.terminal import print_overview
from indexer.rpc import JsonRpc


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    path: Path = tmp_path_factory.mktemp("report") / "market.db"
    chain = market_chain()
    with serve(chain) as url:
        indexer_of(chain, JsonRpc(url), path).sync_once()
    return Analysis(Database(f"sqlite:///{path}"))


def printed(analysis: Analysis) -> str:
    text = io.StringIO()
    print_overview(read_overview(analysis), Console(file=text, width=80))
    return text.getvalue()


def test_rows_that_are_left_out_are_told(analysis: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "more rows" not in printed(analysis)
    monkeypatch.setattr(sections, "MOST_ROWS", 2)
    assert "\n  and 1 more rows: `veritally-indexer metrics asked-delivered`\n" in printed(analysis)


def test_verdict_on_one_tier_that_changes_without_labelled_pairs_is_told(
    analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "    strict" not in printed(analysis)
    kept = analysis.verdict

    def verdict(rows: Rows = Rows.RAW, of: TierSet = TierSet.STRONG) -> Verdict:
        strict = (rows, of) == (Rows.STRICT, TierSet.ZKML)
        return replace(kept(rows, of), word=VerdictWord.SHRINKING) if strict else kept(rows, of)

    monkeypatch.setattr(analysis, "verdict", verdict)
    told = r"zkml alone, raw \w.*\n(?:  .*\n)*    strict +shrinking\n"
    assert re.search(told, printed(analysis))


def test_durations_have_their_unit(analysis: Analysis) -> None:
    assert re.search(r"^signed +[\d,]+ +[\d,]+ s +[\d,]+ s +[\d,]+ s$", printed(analysis), re.MULTILINE)
