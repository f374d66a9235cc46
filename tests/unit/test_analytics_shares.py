"""Every share, interval and change is what its definition says, in SQLite and in DuckDB."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import plain_statistics as plain
import pytest
from cubes import ASSETS, FIRST_WEEK, fill, new_cube, random_rows
from scipy.stats import t
from settled_world import NOBODY, Settled

from indexer.analytics.catalogue import BY_NAME, METRICS
from indexer.analytics.growth import slopes
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.tiers import TierSet, Weighting
from indexer.analytics.weeks import Window

NOW = Window(FIRST_WEEK + 4, FIRST_WEEK + 8)
BEFORE_WEEKS, NOW_WEEKS = range(4), range(4, 8)
FLAGGED = {("payer 0", "prover 0"), ("payer 1", "prover 1"), ("payer 7", "prover 0")}
SETS = {"signed": (1,), "tee": (2,), "zkml": (3,), "strong": (2, 3)}
CAPS = {"raw": 10**9, "capped": 50, "payer-equal": 1}


class Case:
    """Random rows in a cube."""

    def __init__(self, engine: str, seed: int, payers: int, kind: Rows) -> None:
        self.rows = random_rows(seed, payers=payers)
        self.cube = new_cube(engine)
        fill(self.cube, self.rows, FLAGGED)
        self.scope = Scope(NOW, kind)
        self.flagged = FLAGGED if kind == Rows.STRICT else set()

    def answer(self, name: str) -> list[Any]:
        answer = BY_NAME[name].compute(self.cube, self.scope)
        assert answer.columns == BY_NAME[name].columns
        return answer.records()

    def paid(self, weeks: range) -> list[Settled]:
        return plain.paid(self.rows, weeks, self.flagged)


@pytest.fixture(
    params=[
        ("sqlite", 1, 60, Rows.RAW),
        ("sqlite", 2, 60, Rows.STRICT),
        ("sqlite", 3, 400, Rows.RAW),
        ("duckdb", 4, 60, Rows.STRICT),
        ("duckdb", 5, 400, Rows.RAW),
    ],
    ids=lambda p: f"{p[0]}-{p[2]}-payers-{p[3].name.lower()}",
)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(*request.param)


def close(value: Any) -> Any:
    return pytest.approx(float(value), rel=1e-12, abs=1e-12)


def check_interval(record: Any, payers: plain.Payers, cap: int) -> None:
    share, effective = plain.share(payers, cap), plain.n_eff(payers, cap)
    assert record["share"] == close(share)
    assert record["n_eff"] == close(effective)
    half = t.ppf(0.975, float(effective) - 1) * math.sqrt(plain.variance(payers, cap))
    assert record["low"] == pytest.approx(max(0, float(share) - half), rel=1e-9, abs=1e-9)
    assert record["high"] == pytest.approx(min(1, float(share) + half), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["count-share", "payer-equal-share", "capped-share"])
def test_shares_of_tiers(case: Case, name: str) -> None:
    label = {"count-share": "raw", "payer-equal-share": "payer-equal", "capped-share": "capped"}[name]
    records, rows = case.answer(name), case.paid(NOW_WEEKS)
    assert [record["tier"] for record in records] == [1, 2, 3]
    for record in records:
        payers = plain.payers_of(rows, (record["tier"],))
        assert record["inferences"] == sum(y for _, y in payers.values())
        assert record["payers"] == sum(1 for _, y in payers.values() if y)
        check_interval(record, payers, CAPS[label])
    assert sum(record["share"] for record in records) == close(1)


def test_what_the_count_share_leaves_aside(case: Case) -> None:
    for record in case.answer("count-share"):
        on_chain = [row for row in case.paid(NOW_WEEKS) if row.tier == record["tier"]]
        free = [row for row in case.rows if row.payer == NOBODY and row.week in NOW_WEEKS]
        assert record["on_chain"] == len(on_chain)
        assert record["free"] == sum(1 for row in free if plain.counted(row) == record["tier"])
    assert sum(record["free"] for record in case.answer("count-share")) > 0


@pytest.mark.parametrize(
    ("name", "label"), [("weekly-count-share", "raw"), ("weekly-capped-share", "capped")]
)
def test_weekly_shares(case: Case, name: str, label: str) -> None:
    records = case.answer(name)
    assert [(r["week"] - FIRST_WEEK, r["tier"]) for r in records] == [
        (w, k) for w in NOW_WEEKS for k in (1, 2, 3)
    ]
    for record in records:
        week = record["week"] - FIRST_WEEK
        payers = plain.payers_of(case.paid(range(week, week + 1)), (record["tier"],))
        assert record["inferences"] == sum(y for _, y in payers.values())
        check_interval(record, payers, CAPS[label])


def test_value_share_is_exact_at_any_size(case: Case) -> None:
    records, rows = case.answer("value-share"), case.paid(NOW_WEEKS)
    assert {record["asset"] for record in records} == set(ASSETS.values())
    for record in records:
        of_token = [row for row in rows if ASSETS[row.asset] == record["asset"]]
        amounts = [row.amount for row in of_token if plain.counted(row) == record["tier"]]
        assert (record["inferences"], record["amount"]) == (len(amounts), sum(amounts))
        assert record["share"] == close(sum(amounts) / sum(row.amount for row in of_token))


def test_value_share_of_every_limb() -> None:
    amounts = (10**20, 3 * 10**19, 3 * 10**10, 5 * 10**9, 7, 1)
    for low, high in zip(amounts[::2], amounts[1::2], strict=True):
        cube = new_cube("sqlite")
        fill(cube, [Settled(5, "a", 1, low), Settled(5, "a", 3, high)])
        answer = BY_NAME["value-share"].compute(cube, Scope(NOW))
        assert answer.column("share") == pytest.approx([low / (low + high), high / (low + high)], rel=1e-12)
        assert answer.column("amount") == [low, high]


def test_concentration(case: Case) -> None:
    keys = {"payers": lambda r: r.payer, "provers": lambda r: r.prover, "models": lambda r: r.model}
    records, rows = case.answer("concentration"), case.paid(NOW_WEEKS)
    assert len(records) == len(keys) * (1 + len(ASSETS))
    for record in records:
        value = record["asset"] is not None
        chosen = [row for row in rows if not value or ASSETS[row.asset] == record["asset"]]
        expected = plain.concentration(plain.sums(chosen, keys[record["kind"]], value))
        found = [record[name] for name in ("members", "n_eff", "top1", "top10", "hhi")]
        assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["strong-share", "weekly-strong-share"])
def test_strong_share(case: Case, name: str) -> None:
    records = case.answer(name)
    assert len(records) == (3 if name == "strong-share" else 12)
    for record in records:
        first = record["week"] - FIRST_WEEK if "week" in record else 0
        weeks = range(first, first + 1) if "week" in record else NOW_WEEKS
        payers = plain.payers_of(case.paid(weeks), (2, 3))
        check_interval(record, payers, CAPS[record["weighting"]])
        assert record["payers"] == len(payers)
        assert record["all_inferences"] == sum(n for n, _ in payers.values())
        assert record["method"] == ("jackknife" if len(payers) < 200 else "clustered")


def test_change(case: Case) -> None:
    records = case.answer("change")
    assert len(records) == len(SETS) * len(CAPS)
    for record in records:
        tiers, cap = SETS[record["of"]], CAPS[record["weighting"]]
        before, now = (plain.payers_of(case.paid(weeks), tiers) for weeks in (BEFORE_WEEKS, NOW_WEEKS))
        delta = plain.share(now, cap) - plain.share(before, cap)
        assert record["share_before"] == close(plain.share(before, cap))
        assert record["share_now"] == close(plain.share(now, cap))
        assert record["delta"] == close(delta)
        least = min(plain.n_eff(before, cap), plain.n_eff(now, cap))
        half = t.ppf(0.975, float(least) - 1) * math.sqrt(plain.change_variance(before, now, cap))
        assert record["low"] == pytest.approx(max(-1, float(delta) - half), rel=1e-9, abs=1e-9)
        assert record["high"] == pytest.approx(min(1, float(delta) + half), rel=1e-9, abs=1e-9)
        assert record["clear"] is bool(abs(delta) > half)


def test_why_it_changed_is_an_identity(case: Case) -> None:
    for record in case.answer("why-it-changed"):
        tiers, cap = SETS[record["of"]], CAPS[record["weighting"]]
        before, now = (plain.payers_of(case.paid(weeks), tiers) for weeks in (BEFORE_WEEKS, NOW_WEEKS))
        parts = plain.parts(before, now, cap)
        for name, part in parts.items():
            assert record[name] == close(part)
        assert sum(record[name] for name in ("switching", "mix", "entrants", "leavers")) == close(
            record["delta"]
        )
        assert (record["stayed"], record["entered"], record["gone"]) == (
            len(before.keys() & now.keys()),
            len(now.keys() - before.keys()),
            len(before.keys() - now.keys()),
        )


def test_growth(case: Case) -> None:
    for record in case.answer("growth"):
        tiers = {**SETS, "all": (1, 2, 3)}[record["of"]]
        weekly = [[r for r in case.paid(range(w, w + 1)) if plain.counted(r) in tiers] for w in range(8)]
        totals = [len(rows) for rows in weekly]
        assert (record["weeks"], record["inferences"]) == (8, totals[-1])
        assert record["last"] == close(math.log(totals[-1] / totals[-2]))
        assert record["slope"] == close(plain.slope(totals))
        assert record["low"] < record["slope"] < record["high"]


def test_the_order_of_rows_does_not_matter() -> None:
    rows = random_rows(6)
    answers = []
    for seed in range(3):
        cube = new_cube("sqlite")
        fill(cube, rows, FLAGGED)
        answers.append([metric.compute(cube, Scope(NOW)) for metric in METRICS])
        random.Random(seed).shuffle(rows)
    assert _rounded(answers[0]) == _rounded(answers[1]) == _rounded(answers[2])


def _rounded(answers: list[Any]) -> list[Any]:
    """Payers have other numbers in another order, so sums may differ in their last bits."""
    return [tuple(map(_shortened, row)) for answer in answers for row in answer.rows]


def _shortened(cell: Any) -> Any:
    return round(cell, 12) + 0.0 if isinstance(cell, float) else cell


def test_windows_without_payers() -> None:
    cube = new_cube("sqlite")
    fill(cube, [replace(row, week=6) for row in random_rows(8, 100, 10)])
    empty = Scope(Window(FIRST_WEEK + 8, FIRST_WEEK + 12))
    for metric in METRICS:
        for record in metric.compute(cube, empty).records():
            assert record.get("share") is None
            assert record.get("delta") is None
            assert record.get("inferences", 0) == 0


def test_one_payer_has_no_interval() -> None:
    cube = new_cube("sqlite")
    fill(cube, [Settled(5, "only", tier) for tier in (1, 2, 2)])
    (raw, _, equal) = BY_NAME["strong-share"].compute(cube, Scope(NOW)).records()
    assert raw["share"] == equal["share"] == pytest.approx(2 / 3)
    assert (raw["low"], raw["high"], raw["n_eff"], raw["payers"]) == (None, None, 1.0, 1)


def test_a_short_history_has_no_trend() -> None:
    cube = new_cube("sqlite")
    fill(cube, [row for row in random_rows(9) if row.week != 3])
    for record in BY_NAME["growth"].compute(cube, Scope(NOW)).records():
        assert (record["weeks"], record["slope"], record["low"], record["high"]) == (7, None, None, None)
        assert record["last"] is not None


def test_slope_of_a_steady_growth() -> None:
    totals = np.array([[100 * 2.0**week for week in range(8)], [7, 0, 7, 7, 0, 7, 7, 7]])
    assert slopes(totals) == pytest.approx([math.log(2), 0])


def test_sets_and_weights_have_the_documented_numbers() -> None:
    assert {tiers.value: list(tiers.numbers) for tiers in TierSet} == {
        "signed": [1],
        "tee": [2],
        "zkml": [3],
        "strong": [2, 3],
        "all": [1, 2, 3],
    }
    assert (Weighting.CAPPED.cap, Weighting.PAYER_EQUAL.cap) == (50, 1)
    assert Weighting.RAW.cap > 10**18


def test_interval_of_growth_rests_on_payers() -> None:
    """Payers who all do the same leave no doubt; a single one who grows may as well be missing."""
    growing = [Settled(w, f"payer {i}", 1) for w in range(8) for i in range(30) for _ in range(2 + w)]
    whale = [Settled(w, "whale", 3) for w in range(8) for _ in range(4**w // 16 + 1)]
    still = [Settled(w, f"payer {i}", 3) for w in range(8) for i in range(30)]
    cube = new_cube("sqlite")
    fill(cube, growing + whale + still)
    signed, _, zkml, *_ = BY_NAME["growth"].compute(cube, Scope(NOW)).records()
    assert signed["low"] == signed["high"] == signed["slope"] == pytest.approx(plain.slope(range(2, 10)))
    assert zkml["low"] == 0
    assert zkml["high"] > zkml["slope"] > 0
