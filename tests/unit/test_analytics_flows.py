"""Flows, upgrades and retention are what a plain calculation over single inferences says."""

from __future__ import annotations

from collections import Counter

import pytest
from made_cubes import FIRST_WEEK, MadeCube, Trade, some_trades

from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.metric import Rows

LABELLED = ((3, 901, "self", "same"), (4, 902, "suspected", "captive"), (4, 902, "suspected", "cohort"))
SPANS = [
    (FIRST_WEEK + 4, FIRST_WEEK + 8),
    (FIRST_WEEK + 1, FIRST_WEEK + 2),
    (FIRST_WEEK + 9, FIRST_WEEK + 10),
]
WEEKS = range(FIRST_WEEK, FIRST_WEEK + 10)


@pytest.fixture(scope="module")
def made() -> MadeCube:
    made = MadeCube(some_trades(7), WEEKS)
    made.label(*LABELLED)
    return made


def kept(made: MadeCube, rows: Rows) -> list[Trade]:
    pairs = {label[:2] for label in LABELLED}
    paid = [t for t in made.trades if t.payer]
    return paid if rows is Rows.RAW else [t for t in paid if (t.payer, t.prover) not in pairs]


def modal(trades: list[Trade], first: int, end: int) -> dict[int, int]:
    """The tier of each payer."""
    counts = Counter((t.payer, t.counted) for t in trades if first <= t.wk < end)
    found: dict[int, int] = {}
    for payer, tier in sorted(counts):
        if payer not in found or counts[payer, tier] > counts[payer, found[payer]]:
            found[payer] = tier
    return found


@pytest.mark.parametrize("rows", Rows)
@pytest.mark.parametrize(("first", "end"), SPANS)
def test_flow(made: MadeCube, first: int, end: int, rows: Rows) -> None:
    answer = made.answer(BY_NAME["tier-flow"], first, end, rows)
    trades = kept(made, rows)
    before, now = modal(trades, 2 * first - end, first), modal(trades, first, end)
    expected = Counter((before.get(payer), now.get(payer)) for payer in before.keys() | now.keys())
    assert {row[:2]: row[2] for row in answer.rows} == expected


@pytest.mark.parametrize("rows", Rows)
@pytest.mark.parametrize(("first", "end"), SPANS)
def test_upgrades(made: MadeCube, first: int, end: int, rows: Rows) -> None:
    answer = made.answer(BY_NAME["upgrades"], first, end, rows)
    trades = kept(made, rows)
    strong = {t.payer: t.wk for t in sorted(trades, key=lambda t: -t.wk) if t.counted >= 2}
    assert answer.column("week") == list(range(first, end))
    for week, stayed, up, down, up_rate, down_rate, first_strong in answer.rows:
        before, now = modal(trades, week - 1, week), modal(trades, week, week + 1)
        both = before.keys() & now.keys()
        assert stayed == len(both)
        assert up == sum(now[payer] > before[payer] for payer in both)
        assert down == sum(now[payer] < before[payer] for payer in both)
        assert (up_rate, down_rate) == ((up / stayed, down / stayed) if stayed else (None, None))
        assert first_strong == sum(first_week == week for first_week in strong.values())


@pytest.mark.parametrize("rows", Rows)
@pytest.mark.parametrize(("first", "end"), SPANS)
def test_retention(made: MadeCube, first: int, end: int, rows: Rows) -> None:
    answer = made.answer(BY_NAME["retention"], first, end, rows)
    trades = [t for t in kept(made, rows) if t.wk < end]
    weekly = {week: modal(trades, week, week + 1) for week in range(FIRST_WEEK, end)}
    begins = {payer: min(t.wk for t in trades if t.payer == payer) for payer in {t.payer for t in trades}}
    expected = []
    for week in range(max(FIRST_WEEK, 2 * first - end), end):
        for tier in (1, 2, 3):
            cohort = [p for p, began in begins.items() if began == week and weekly[week][p] == tier]
            for later in range(end - week if cohort else 0):
                now = [weekly[week + later][p] for p in cohort if p in weekly[week + later]]
                same, size = now.count(tier), len(cohort)
                expected.append((week, tier, later, size, len(now), len(now) / size, same, same / size))
    assert list(answer.rows) == expected


def test_payer_who_uses_two_tiers_alike_counts_at_the_lower() -> None:
    trades = [Trade(FIRST_WEEK, 1, achieved=3), Trade(FIRST_WEEK, 1), Trade(FIRST_WEEK + 1, 1, achieved=3)]
    made = MadeCube(trades)
    answer = made.answer(BY_NAME["tier-flow"], FIRST_WEEK + 1, FIRST_WEEK + 2)
    assert answer.rows == ((1, 3, 1),)
