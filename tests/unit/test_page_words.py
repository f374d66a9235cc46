"""What the overview says around its numbers, and about which of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from page_sites import Source, make
from page_world import World

from indexer.analytics.analysis import State
from indexer.analytics.answer import Answer
from indexer.analytics.metric import Metric, Rows, Scope
from indexer.analytics.tiers import TierSet
from indexer.analytics.verdict import Verdict, VerdictWord
from indexer.analytics.weeks import Window
from indexer.pages import section_delivery, section_shares, section_trend
from indexer.pages.desk import Desk
from indexer.pages.formats import count, percent
from indexer.pages.section_health import freshness
from indexer.pages.source import AnalysisView


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> AnalysisView:
    source: Source = make(tmp_path_factory.mktemp("words"), World(weeks=9, payers=400))
    assert source.analysis is not None
    return source.analysis


@dataclass(frozen=True)
class Changed:
    """An analysis some of whose answers are others."""

    analysis: AnalysisView
    verdicts: dict[tuple[Rows, TierSet], VerdictWord]
    health: dict[str, Any]

    @property
    def state(self) -> State:
        return self.analysis.state  # type: ignore[return-value]

    def window(self, weeks: int = 4, end: int | None = None) -> Window:
        return self.analysis.window(weeks, end)

    def answer(self, metric: Metric, scope: Scope | None = None) -> Answer:
        found = self.analysis.answer(metric, scope)
        if metric.name != "health":
            return found
        (row,) = found.records()
        return Answer(found.columns, (tuple((dict(row) | self.health).values()),))

    def verdict(self, rows: Rows = Rows.RAW, of: TierSet = TierSet.STRONG) -> Verdict:
        found = self.analysis.verdict(rows, of)
        return replace(found, word=self.verdicts.get((rows, of), found.word))


def desk_of(analysis: AnalysisView, rows: Rows = Rows.RAW) -> Desk:
    return Desk(analysis, analysis.window(), rows)


@pytest.mark.parametrize("rows", Rows)
def test_head_of_the_page_is_about_the_chosen_rows(analysis: AnalysisView, rows: Rows) -> None:
    desk, verdict = desk_of(analysis, rows), analysis.verdict(rows)
    growing = section_trend.headline(desk)
    assert f"{percent(verdict.share_before)} to {percent(verdict.share_now)}" in growing.interval
    assert percent(verdict.share_now) in section_shares.headline(desk).note
    assert analysis.verdict(Rows.RAW).share_now != analysis.verdict(Rows.STRICT).share_now


def test_verdicts_that_differ_stand_at_the_head_and_at_each_tier(analysis: AnalysisView) -> None:
    words = {(Rows.STRICT, of): VerdictWord.SHRINKING for of in (TierSet.STRONG, TierSet.ZKML)}
    same, other = desk_of(analysis), desk_of(Changed(analysis, words, {}))
    without = "without self-dealing and suspected pairs: shrinking"
    assert without not in section_trend.headline(same).note + section_trend.trend(same).answer
    assert section_trend.headline(other).note.endswith(f"; {without}")
    tee, zkml = section_trend.trend(other).answer.split("TEE alone: ")[1].split("zkML alone: ")
    assert (without in tee, without in zkml) == (False, True)
    strict = section_trend.headline(replace(other, rows=Rows.STRICT))
    raw = analysis.verdict().word
    assert (strict.value, strict.note.split("; ")[-1]) == ("Shrinking", f"all paid inferences: {raw}")


@pytest.mark.parametrize("verified", [None, 17])
def test_command_that_verifies_names_the_block_of_the_digest(
    analysis: AnalysisView, verified: int | None
) -> None:
    digest = {"verified_block": verified, "digest": None if verified is None else "0x" + "ab" * 32}
    section = freshness(desk_of(Changed(analysis, {}, digest)))
    block = analysis.state.block_number if verified is None else verified
    assert section.commands[0].text.endswith(f"--to-block {block}")
    assert section.stats[-1].value == count(verified)


def premium(model: str, asset: str, tier: int, inferences: int, times: float) -> dict[str, Any]:
    return {"model": model, "asset": asset, "tier": tier, "inferences": inferences, "premium": times}


def test_prices_of_a_model_in_two_tokens_are_two_prices_of_one_model() -> None:
    found = [
        premium("a", "usdc", 2, 10, 1.5),
        premium("a", "dai", 2, 30, 1.7),
        premium("a", "dai", 3, 5, 5.0),
        premium("b", "usdc", 2, 20, 1.6),
    ]
    assert section_delivery._busiest(found) == [[found[1], found[2]], [found[3]]]
    assert [stat.note for stat in section_delivery._price_stats(found)] == [
        "the middle one of 3\N{NO-BREAK SPACE}prices, by model and token",
        "the middle one of 1\N{NO-BREAK SPACE}price, by model and token",
    ]


def test_amounts_in_tables_have_their_unit(analysis: AnalysisView) -> None:
    figure = section_delivery._refunds(desk_of(analysis))
    names = [heading.text for heading in figure.table.headings]
    assert names == ["asset", "refunds", "payers", "amount (base units)", "inferences", "per inference"]
