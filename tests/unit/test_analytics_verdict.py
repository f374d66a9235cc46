"""The verdict: its four words, and how often it is wrong on made-up worlds with few heavy payers."""

from __future__ import annotations

import random

import numpy as np
import pytest
from bench_verdict import PAYERS, alarms, coverage, exchanged, naive_alarms, shifted, unchanged, whales, words
from cubes import FIRST_WEEK, fill, new_cube
from settled_world import Settled
from verdict_worlds import Judge, World, population, with_whale

from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.ratio import half_width
from indexer.analytics.tiers import TierSet
from indexer.analytics.verdict import Verdict, VerdictWord, judge, points_text
from indexer.analytics.weeks import Window

NOW = Window(FIRST_WEEK + 4, FIRST_WEEK + 8)


def payers(count: int, strong: int, weeks: range, each: int = 4) -> list[Settled]:
    """So many payers with four inferences a week, of whom the first `strong` use zkml only."""
    names = [f"payer {i}" for i in range(count)]
    return [
        Settled(w, name, 3 if i < strong else 1)
        for w in weeks
        for i, name in enumerate(names)
        for _ in range(each)
    ]


def verdict(rows: list[Settled], now: Window = NOW, kind: Rows = Rows.RAW, **labels: object) -> Verdict:
    cube = new_cube("sqlite")
    fill(cube, rows, labels.get("flagged", ()))
    return judge(cube, Scope(now, kind))


def judge_of(rows: list[Settled], of: TierSet) -> Verdict:
    cube = new_cube("sqlite")
    fill(cube, rows)
    return judge(cube, Scope(NOW), of)


BEFORE = payers(40, 8, range(4))


def test_growing() -> None:
    found = verdict(BEFORE + payers(40, 24, range(4, 8)))
    assert found.word == VerdictWord.GROWING == "growing"
    assert (found.share_before, found.share_now) == (pytest.approx(0.2), pytest.approx(0.6))
    assert found.low > 0
    assert (found.n_eff_before, found.n_eff_now) == (pytest.approx(40), pytest.approx(40))
    assert found.parts == pytest.approx({"switching": 0.4, "mix": 0, "entrants": 0, "leavers": 0})
    assert (found.before, found.now) == (Window(FIRST_WEEK, FIRST_WEEK + 4), NOW)
    assert found.reason.startswith(
        "More than noise explains: the capped strong share went from 20.0 % to 60.0 %, by +40.0"
    )


def test_shrinking() -> None:
    found = verdict(payers(40, 24, range(4)) + payers(40, 8, range(4, 8)))
    assert found.word == VerdictWord.SHRINKING == "shrinking"
    assert found.high < 0


@pytest.mark.parametrize("share", [-0.0004, 0.0, 0.0004])
def test_what_rounds_to_nothing_has_no_minus(share: float) -> None:
    assert points_text(share) == "+0.0"
    assert points_text(share - 0.01) == "-1.0"


def test_no_clear_change() -> None:
    found = verdict(BEFORE + payers(40, 9, range(4, 8)))
    assert found.word == VerdictWord.NO_CLEAR_CHANGE == "no clear change"
    assert found.low < 0 < found.delta < found.high
    assert found.reason.startswith("That may be noise: ")


def test_rounding_is_no_change() -> None:
    """Every payer's share is 2/13 in both windows; sums of them differ in the last bit."""
    judge = Judge()
    for seed in range(8, 14):
        some = np.random.default_rng(seed).integers(1, 12, (2, 40))
        judge.look_at(World(13 * some, 2 * some))
        assert judge.verdict().word == VerdictWord.NO_CLEAR_CHANGE


def test_twenty_payers_are_enough_and_nineteen_are_not() -> None:
    enough, few = (payers(n, 4, range(4)) + payers(n, 15, range(4, 8)) for n in (20, 19))
    assert verdict(enough).word == VerdictWord.GROWING
    found = verdict(few)
    assert found.word == VerdictWord.NOT_ENOUGH_PAYERS == "not enough independent payers"
    assert "19.0 independent ones" in found.reason
    assert found.share_now == pytest.approx(15 / 19)


@pytest.mark.parametrize("late", [False, True])
def test_both_windows_need_them(late: bool) -> None:
    many, few = payers(40, 4, range(4)), payers(10, 9, range(4, 8))
    if late:
        many, few = payers(40, 39, range(4, 8)), payers(10, 1, range(4))
    found = verdict(many + few)
    assert found.word == VerdictWord.NOT_ENOUGH_PAYERS
    assert ("earlier" if late else "later") in found.reason


def test_eight_full_weeks_are_needed() -> None:
    rows = BEFORE + payers(40, 24, range(4, 8))
    found = verdict([row for row in rows if row.week])
    assert found.word == VerdictWord.NOT_ENOUGH_PAYERS
    assert found.reason == "Only 7 of the 8 needed weeks are full and final."
    assert verdict(rows, Window(FIRST_WEEK + 5, FIRST_WEEK + 9)).reason.startswith("Only 7 of the 8")
    assert verdict(rows, Window(FIRST_WEEK + 7, FIRST_WEEK + 8)).word == VerdictWord.NO_CLEAR_CHANGE
    assert verdict(payers(40, 8, range(7)), Window(FIRST_WEEK + 6, FIRST_WEEK + 7)).reason.startswith(
        "Only 7"
    )
    assert verdict([]).reason == "Only 0 of the 8 needed weeks are full and final."


def test_a_whale_is_not_enough() -> None:
    few = payers(15, 3, range(8))
    whale = [Settled(w, "whale", 1 if w < 4 else 3) for w in range(8) for _ in range(2000)]
    found = verdict(few + whale)
    assert found.word == VerdictWord.NOT_ENOUGH_PAYERS
    assert found.n_eff_now < 20


def test_a_whale_among_many_is_no_growth() -> None:
    judge, chance = Judge(), np.random.default_rng(7)
    for count in (1, 5, 20, 60, 300):
        for size in (60, 1_000, 1_000_000):
            world = population(chance, count)
            still = World(world.n[[0, 0]], world.y[[0, 0]])
            judge.look_at(with_whale(still, size))
            assert judge.verdict().word in (VerdictWord.NOT_ENOUGH_PAYERS, VerdictWord.NO_CLEAR_CHANGE)


def test_the_cap_applies_to_the_whole_window() -> None:
    """One payer with 60 inferences in each of four weeks weighs 50, not 200."""
    rows = (
        BEFORE + payers(40, 8, range(4, 8)) + [Settled(w, "big", 3) for w in range(4, 8) for _ in range(60)]
    )
    found = verdict(rows)
    assert found.share_now == pytest.approx((8 * 16 + 50) / (40 * 16 + 50))


def test_strict_rows_leave_labelled_pairs_out() -> None:
    sybils = {f"sybil {i}" for i in range(40)}
    rows = payers(40, 8, range(8)) + [
        Settled(w, name, 3) for w in range(4, 8) for name in sybils for _ in range(4)
    ]
    flagged = [(name, "prover") for name in sybils]
    assert verdict(rows, flagged=flagged).word == VerdictWord.GROWING
    strict = verdict(rows, kind=Rows.STRICT, flagged=flagged)
    assert strict.word == VerdictWord.NO_CLEAR_CHANGE
    assert strict.rows == Rows.STRICT


def test_labelled_evidence_does_not_count_as_strong() -> None:
    rows = BEFORE + [
        Settled(row.week, row.payer, row.tier, development=row.tier == 3)
        for row in payers(40, 24, range(4, 8))
    ]
    found = verdict(rows)
    assert found.share_now == 0
    assert found.word == VerdictWord.SHRINKING


def test_answer_has_a_verdict_for_each_strong_tier() -> None:
    cube = new_cube("sqlite")
    fill(cube, BEFORE + payers(40, 24, range(4, 8)))
    answer = BY_NAME["verdict"].compute(cube, Scope(NOW))
    assert answer.column("of") == ["strong", "tee", "zkml"]
    assert answer.column("verdict") == ["growing", "no clear change", "growing"]
    assert judge(cube, Scope(NOW), TierSet.SIGNED).word == VerdictWord.SHRINKING


def test_no_interval_from_a_single_payer() -> None:
    assert half_width(0.1, 1.0) is None
    assert half_width(None, 30.0) is None
    assert half_width(0.01, 31.0) == pytest.approx(0.204227, abs=1e-6)


def test_intervals_hold_the_truth() -> None:
    for count in (50, 200):
        found = coverage(count, 150)
        for name in ("raw, M6", "capped, M6", "payer-equal, M6"):
            assert found.rate(name) >= 0.85, (count, name)
        assert found.rate("naive Wilson on all inferences") < 0.6


def test_false_alarms_are_rare_and_growth_is_seen() -> None:
    assert alarms(words(unchanged(200, 200))) <= 0.10
    assert naive_alarms(unchanged(200, 200)) > 0.3
    assert words(shifted(800, 40))[VerdictWord.GROWING] >= 30


def test_shuffled_windows_alarm_in_about_one_of_twenty() -> None:
    assert 0.01 <= alarms(words(exchanged(200, 300))) <= 0.09


@pytest.mark.slow
@pytest.mark.parametrize("count", PAYERS)
def test_many_worlds(count: int) -> None:
    worlds = 1000
    found = coverage(count, worlds)
    for name in ("raw, M6", "capped, M6", "payer-equal, M6"):
        assert found.rate(name) >= 0.85, name
    still, mixed = words(unchanged(count, worlds)), words(exchanged(count, worlds))
    assert alarms(still) <= 0.10
    assert alarms(mixed) <= 0.075
    if count > 50:
        assert alarms(mixed) >= 0.03
    assert words(whales(count, worlds))[VerdictWord.GROWING] == 0


def test_order_of_rows_does_not_change_the_verdict() -> None:
    rows = BEFORE + payers(40, 24, range(4, 8))
    first = verdict(rows)
    random.Random(1).shuffle(rows)
    second = verdict(rows)
    assert (second.word, second.reason) == (first.word, first.reason)
