"""Delivery, latency and prices are what a plain calculation over single inferences says."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from made_cubes import FIRST_WEEK, LIMBS, MadeCube, Trade, address, model_id, some_trades

from indexer.amounts import split
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.details import LONGEST_LATENCY_S
from indexer.analytics.metric import Rows

FIRST, END = FIRST_WEEK + 2, FIRST_WEEK + 6
LABELLED = (3, 901)
LIMIT = {"limit_s": LONGEST_LATENCY_S}


@pytest.fixture(scope="module")
def made() -> MadeCube:
    made = MadeCube(some_trades(11, 800), range(FIRST_WEEK, FIRST_WEEK + 10))
    made.label((*LABELLED, "self", "same"))
    return made


def inside(made: MadeCube) -> list[Trade]:
    return [t for t in made.trades if FIRST <= t.wk < END]


@pytest.mark.parametrize("rows", Rows)
def test_asked_and_delivered(made: MadeCube, rows: Rows) -> None:
    trades = [t for t in inside(made) if t.payer and (rows is Rows.RAW or (t.payer, t.prover) != LABELLED)]
    expected = []
    for required in (1, 2, 3):
        counted = [t.counted for t in trades if t.required == required]
        n, least, above = (
            len(counted),
            sum(c >= required for c in counted),
            sum(c > required for c in counted),
        )
        by_tier = [counted.count(tier) for tier in (1, 2, 3)]
        expected.append((required, n, least, least / n, above, above / n, *by_tier))
    answer = made.answer(BY_NAME["asked-delivered"], FIRST, END, rows)
    assert list(answer.rows) == expected
    assert answer.rows[1][3] < 1  # labelled evidence is less than was asked for


def test_latency(made: MadeCube) -> None:
    answer = made.answer(BY_NAME["latency"], FIRST, END, **LIMIT)
    assert answer.column("tier") == [1, 2, 3]
    for tier, n, *quantiles, stated_later, at_limit in answer.rows:
        stated = [t.latency_s for t in inside(made) if t.counted == tier]
        ordered = sorted(max(0, latency_s) for latency_s in stated)
        assert n == len(ordered)
        assert quantiles == [ordered[math.ceil(n * part / 100) - 1] for part in (50, 90, 99)]
        assert (stated_later, at_limit) == (stated.count(-1), stated.count(LONGEST_LATENCY_S))
        assert min(stated_later, at_limit) > 0


@pytest.mark.parametrize(
    ("latencies", "expected"),
    [
        ([4], (4, 4, 4)),
        ([1, 2], (1, 2, 2)),
        ([1] * 90 + [7] * 9 + [9], (1, 1, 7)),
        ([1] * 50 + [2] * 50, (1, 2, 2)),
    ],
)
def test_quantiles_at_the_limit(latencies: list[int], expected: tuple[int, ...]) -> None:
    made = MadeCube([Trade(FIRST_WEEK, 1, latency_s=latency_s) for latency_s in latencies])
    answer = made.answer(BY_NAME["latency"], FIRST_WEEK, FIRST_WEEK + 1, **LIMIT)
    assert answer.rows[0][2:5] == expected


def test_premium(made: MadeCube) -> None:
    prices: dict[tuple[int, int, int], list[int]] = {}
    for t in inside(made):
        if t.payer:
            prices.setdefault((t.model, t.asset, t.counted), []).append(t.amount)
    medians = {key: sorted(found)[(len(found) - 1) // 2] for key, found in prices.items()}
    expected = []
    for model, asset, tier in sorted(prices):
        signed = medians[model, asset, 1]
        median, n = medians[model, asset, tier], len(prices[model, asset, tier])
        n_signed = len(prices[model, asset, 1])
        premium = median / signed
        expected.append((model_id(model), address(asset), tier, n, median, n_signed, signed, premium))
    assert list(made.answer(BY_NAME["premium"], FIRST, END).rows) == expected


def test_premium_without_a_signed_price() -> None:
    trades = [
        Trade(FIRST_WEEK, 1, achieved=2),
        Trade(FIRST_WEEK, 1, model=2, amount=0),
        Trade(FIRST_WEEK, 0, amount=0),
    ]
    trades.append(Trade(FIRST_WEEK, 1, model=2, achieved=3, amount=8))
    answer = MadeCube(trades).answer(BY_NAME["premium"], FIRST_WEEK, FIRST_WEEK + 1)
    assert [row[2:] for row in answer.rows] == [
        (2, 1, 10, 0, None, None),
        (1, 1, 0, 1, 0, None),
        (3, 1, 8, 1, 0, None),
    ]


def test_skipped(made: MadeCube) -> None:
    columns = ("wk", "kind", "reason", "n")
    rows = [
        (FIRST - 1, "receipt", "BelowFloor", 50),
        (FIRST, "receipt", "BelowFloor", 2),
        (END - 1, "receipt", "BelowFloor", 3),
        (FIRST, "receipt", "AlreadySettled", 9),
        (FIRST, "group", "unknown", 1),
        (END, "group", "unknown", 50),
    ]
    made.insert("skipped_week", columns, rows)
    answer = made.answer(BY_NAME["skipped"], FIRST, END)
    assert answer.rows == (
        ("receipt", "AlreadySettled", 9),
        ("receipt", "BelowFloor", 5),
        ("group", "unknown", 1),
    )


def test_refunds(made: MadeCube) -> None:
    columns = ("wk", "payer", "prover", "asset", "n", *LIMBS)
    huge = 2**128 - 1
    rows = [
        (FIRST, 3, 901, 990, 1, *split(huge)),
        (FIRST, 3, 902, 990, 2, *split(huge)),
        (END - 1, 4, 901, 990, 1, *split(5)),
        (END, 5, 901, 990, 1, *split(6)),
        (FIRST, 4, 901, 991, 1, *split(7)),
    ]
    made.insert("refund_week", columns, rows)
    paid = Counter(t.asset for t in inside(made) if t.payer)
    answer = made.answer(BY_NAME["refunds"], FIRST, END)
    assert answer.rows == (
        (address(990), 4, 2, 3 * huge + 5, paid[990], 4 / paid[990]),
        (address(991), 1, 1, 7, paid[991], 1 / paid[991]),
    )
