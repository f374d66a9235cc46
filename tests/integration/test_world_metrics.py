"""The metrics on synthetic worlds: they find what is true, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import world
from world_scenario import Scenario, Trend

from indexer.analytics.analysis import Analysis
from indexer.analytics.catalogue import METRICS
from indexer.analytics.metric import Rows
from indexer.analytics.weeks import Window
from indexer.database import Database

_TIERS = ("", "signed", "tee", "zkml")
BY_NAME = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True)
class Built:
    """A world, what is true of it, and what the metrics say."""

    truth: dict[str, Any]
    analysis: Analysis

    def records(self, name: str) -> list[Any]:
        return list(self.analysis.answer(BY_NAME[name]).records())


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Builds a world of each trend when it is first asked for."""

    @cache
    def built(trend: Trend) -> Built:
        folder: Path = tmp_path_factory.mktemp("worlds") / trend
        world.build(folder, Scenario(inferences=8_000, payers=500, weeks=12, trend=trend))
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        database = Database(f"sqlite:///{folder / world.DATABASE}")
        return Built(truth, Analysis(database))

    return built


@pytest.fixture
def growing(worlds: Any) -> Built:
    return worlds(Trend.GROWING)


@pytest.mark.parametrize("trend", Trend)
@pytest.mark.parametrize("rows", Rows)
def test_verdict_is_true(worlds: Any, trend: Trend, rows: Rows) -> None:
    built = worlds(trend)
    verdict = built.analysis.verdict(rows)
    assert str(verdict.word) == built.truth["verdict"]
    assert verdict.delta == pytest.approx(sum(verdict.parts.values()))


def test_whale_moves_the_raw_share_and_not_the_verdict(worlds: Any) -> None:
    flat = worlds(Trend.FLAT)
    before, now = flat.truth["windows"]["before"], flat.truth["windows"]["now"]
    verdict = flat.analysis.verdict()
    assert now["share"] - before["share"] > 0.05
    assert abs(verdict.delta) < 0.03
    assert str(verdict.word) == "no clear change"


@pytest.mark.parametrize("trend", Trend)
def test_shares_are_true(worlds: Any, trend: Trend) -> None:
    built = worlds(trend)
    now, before = built.truth["windows"]["now"], built.truth["windows"]["before"]
    assert built.analysis.window() == Window(now["first_week"], now["end_week"])
    shares = {row["weighting"]: row for row in built.records("strong-share")}
    assert shares["raw"]["share"] == pytest.approx(now["share"])
    assert shares["raw"]["n_eff"] == pytest.approx(now["n_eff"])
    assert shares["raw"]["payers"] == now["payers"]
    assert shares["payer-equal"]["share"] == pytest.approx(now["payer_equal_share"])
    assert shares["capped"]["share"] == pytest.approx(now["capped_share"])
    verdict = built.analysis.verdict()
    assert (verdict.share_before, verdict.share_now) == pytest.approx(
        (before["capped_share"], now["capped_share"])
    )
    assert (verdict.n_eff_before, verdict.n_eff_now) == pytest.approx(
        (before["n_eff_capped"], now["n_eff_capped"])
    )
    payers = next(row for row in built.records("concentration") if row["kind"] == "payers")
    assert payers["top1"] == pytest.approx(now["largest_payer_share"])


def test_counts_per_week_are_true(growing: Built) -> None:
    found = {(row["week"], row["tier"]): row["inferences"] for row in growing.records("weekly-count-share")}
    weeks = {week["week"]: week for week in growing.truth["weeks"]}
    assert len(found) == 4 * 3
    assert found == {(week, tier): weeks[week][_TIERS[tier]] for week, tier in found}


def test_pairs_are_labelled_that_deserve_it_and_no_others(growing: Built) -> None:
    roles = growing.truth["roles"]
    expected = {(rule, pair["payer"], pair["prover"]) for rule, pair in roles["self"].items()}
    expected.add(("round-trip", *(roles["self"]["payout"][who] for who in ("payer", "prover"))))
    expected |= {("captive", payer, roles["captive"]["prover"]) for payer in roles["captive"]["payers"]}
    expected |= {
        (rule, payer, roles["ring"]["prover"])
        for rule in ("cohort", "round-trip")
        for payer in roles["ring"]["payers"]
    }
    found = {
        (row["rule"], row["payer"], row["prover"]): row["inferences"]
        for row in growing.records("labelled-pairs")
    }
    assert set(found) == expected
    assert sum(n for (rule, *_), n in found.items() if rule == "cohort") == roles["ring"]["inferences"]
    for rule, pair in roles["self"].items():
        assert found[rule, pair["payer"], pair["prover"]] == pair["inferences"]


def test_doubtful_inferences_are_those_of_the_enclave_and_the_circuit(growing: Built) -> None:
    tainted = growing.truth["tainted"]
    found = {row["cause"]: row for row in growing.records("doubts")}
    enclave, contradiction = found["EnclaveCompromised"], found["ContradictionShown"]
    assert enclave["subject"] == tainted["enclave"]["key"]
    assert enclave["since"] == tainted["enclave"]["compromised_at_s"]
    assert 0 < enclave["inferences"] == tainted["enclave"]["inferences"]
    assert contradiction["model"] == tainted["contradiction"]["model"]
    assert 0 < contradiction["inferences"] == tainted["contradiction"]["zkml_inferences"]
    assert contradiction["first_declared"] == tainted["contradiction"]["shown_at_s"]
