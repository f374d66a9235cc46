"""Each rule labels what it says, one step beside it nothing, and never a payer as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_cubes import FIRST_WEEK, LIMBS, MadeCube, Trade, address

from indexer.amounts import split
from indexer.analytics.labels import RULES, load_labels
from indexer.analytics.money_back import ROUND_TRIP_S, Movement, returned_base_units

PROVER, OTHER, OWNER = 900, 901, 77
SQL_OF = {"same": "label_same", "owner": "label_owner", "captive": "label_captive", "cohort": "label_cohort"}


def labels(made: MadeCube) -> set[tuple[int, int, str]]:
    """Payer, prover and rule of all labels."""
    load_labels(None, made.cube, 0)  # type: ignore[arg-type]
    for rule, name in SQL_OF.items():
        assert {row[:2] for row in made.select(name)} == {
            (payer, prover)
            for payer, prover, _, found, *_ in made.cube.select("pair_labels")
            if found == rule
        }
    return {(payer, prover, rule) for payer, prover, _, rule, *_ in made.cube.select("pair_labels")}


def confidence(made: MadeCube, pair: tuple[int, int]) -> float:
    load_labels(None, made.cube, 0)  # type: ignore[arg-type]
    (found,) = {row[5] for row in made.cube.select("pair_labels") if row[:2] == pair}
    return float(found)


def busy(payer: int, count: int, prover: int = PROVER, **more: Any) -> list[Trade]:
    """Inferences spread over four weeks."""
    return [Trade(FIRST_WEEK + n % 4, payer, prover, **more) for n in range(count)]


def everywhere(payer: int, provers: int, rows: int) -> list[Trade]:
    """A payer with so many other provers and so many other inferences."""
    return [Trade(FIRST_WEEK, payer, 2_000 + n % provers) for n in range(rows)]


def test_payer_who_is_the_prover() -> None:
    trades = [
        Trade(FIRST_WEEK, PROVER, PROVER),
        Trade(FIRST_WEEK, PROVER, OTHER),
        Trade(FIRST_WEEK, 1, PROVER),
    ]
    assert labels(MadeCube(trades)) == {(PROVER, PROVER, "same")}


def owned(trades: Sequence[Trade], **owners: int) -> set[tuple[int, int, str]]:
    made = MadeCube(trades)
    made.insert("model_owner", ("model", "owner"), [(int(m[1:]), address(o)) for m, o in owners.items()])
    return labels(made)


def test_owner_of_all_that_the_prover_serves() -> None:
    trades = [
        Trade(FIRST_WEEK, OWNER, model=1),
        Trade(FIRST_WEEK + 1, 1, model=2),
        Trade(FIRST_WEEK, OWNER, OTHER, 3),
    ]
    assert owned(trades, m1=OWNER, m2=OWNER, m3=5) == {(OWNER, PROVER, "owner")}
    assert owned(trades, m1=OWNER, m2=5, m3=5) == set()
    assert owned(trades, m1=OWNER, m3=5) == set()  # nobody registered model 2
    assert owned([*trades, Trade(FIRST_WEEK, 0, model=4)], m1=OWNER, m2=OWNER, m4=5) == set()


def test_captive_prover() -> None:
    trades = [*busy(1, 50), *busy(2, 40), *[t for n in range(10) for t in busy(10 + n, 1)]]
    made = MadeCube(trades)
    assert labels(made) == {(1, PROVER, "captive"), (2, PROVER, "captive")}
    assert confidence(made, (1, PROVER)) == pytest.approx(0.7)
    assert labels(MadeCube(trades[:-1])) == set()  # 99 inferences
    assert labels(MadeCube([*trades, Trade(FIRST_WEEK, 30)])) == set()  # less than 90 %
    assert (
        labels(MadeCube([replace(t, wk=min(t.wk, FIRST_WEEK + 2)) for t in trades])) == set()
    )  # three weeks
    assert confidence(MadeCube(busy(1, 100)), (1, PROVER)) == pytest.approx(0.8)


def test_one_payer_who_is_enough_takes_no_other_along() -> None:
    assert labels(MadeCube([*busy(1, 90), *busy(2, 10)])) == {(1, PROVER, "captive")}
    assert labels(MadeCube([*busy(1, 89), *busy(2, 11)])) == {(1, PROVER, "captive"), (2, PROVER, "captive")}


def test_equally_busy_payers_come_in_the_order_of_their_addresses() -> None:
    """Numbers of addresses differ between databases; labels do not."""
    made = MadeCube([*busy(1, 85), *busy(2, 5), *busy(3, 5), *busy(4, 5)])
    assert labels(made) == {(1, PROVER, "captive"), (2, PROVER, "captive")}
    for run in (made.cube.execute, made.duck.execute):
        run("UPDATE address SET value = ? WHERE id = 2", [address(5)])
    assert labels(made) == {(1, PROVER, "captive"), (3, PROVER, "captive")}


@pytest.mark.parametrize(("provers", "rows", "spared"), [(19, 400, True), (18, 400, False), (19, 399, False)])
def test_payer_with_many_provers_and_inferences_is_spared(provers: int, rows: int, spared: bool) -> None:
    made = MadeCube([*busy(1, 100), *everywhere(1, provers, rows)])
    assert ((1, PROVER, "captive") in labels(made)) is not spared


def ring(size: int = 10, **more: Any) -> list[Trade]:
    """Payers who begin with the same amount within an hour, and buy ten inferences each."""
    return [
        Trade(
            FIRST_WEEK + n,
            payer,
            amount=7 if n == 0 else payer,
            into_week_s=1_000 + 399 * (payer - 1),
            **more,
        )
        for payer in range(1, size + 1)
        for n in range(10)
    ]


def altered(trades: list[Trade], payers: int, **changes: Any) -> list[Trade]:
    """The first inferences of the first payers, otherwise."""
    return [replace(t, **changes) if t.payer <= payers and t.wk == FIRST_WEEK else t for t in trades]


def test_cohort() -> None:
    made = MadeCube(ring())
    assert labels(made) == {(payer, PROVER, "cohort") for payer in range(1, 11)}
    assert confidence(made, (1, PROVER)) == pytest.approx(0.9)
    assert labels(MadeCube(ring(9))) == set()
    amounts = MadeCube(altered(ring(), 2, amount=8))
    assert labels(amounts) == {(payer, PROVER, "cohort") for payer in range(3, 11)}
    assert confidence(amounts, (3, PROVER)) == pytest.approx(0.8)
    assert labels(MadeCube(altered(ring(), 3, amount=8))) == set()
    hours = MadeCube(altered(ring(), 3, into_week_s=100_000))
    assert labels(hours) == {(payer, PROVER, "cohort") for payer in range(4, 11)}
    assert confidence(hours, (4, PROVER)) == pytest.approx(0.8)
    assert labels(MadeCube(altered(ring(), 4, into_week_s=100_000))) == set()


def test_hour_of_a_cohort_has_3600_seconds() -> None:
    def two_times(gap_s: int) -> list[Trade]:
        late = [replace(t, into_week_s=1_000 + gap_s) for t in ring() if t.payer > 5]
        return [replace(t, into_week_s=1_000) for t in ring() if t.payer <= 5] + late

    assert len(labels(MadeCube(two_times(3_599)))) == 10
    assert labels(MadeCube(two_times(3_600))) == set()


def test_cohort_of_unequally_busy_payers_is_none() -> None:
    """Counts of 10, nine times, and once much more: the variation is 0.5 with 27 more, above that with 28."""
    for more, found in ((19, True), (40, False)):
        extra = [Trade(FIRST_WEEK + 1, 1, amount=7) for _ in range(more)]
        mean = (100 + more) / 10
        variance = (9 * (10 - mean) ** 2 + (10 + more - mean) ** 2) / 10
        assert (variance <= 0.25 * mean**2) is found
        assert bool(labels(MadeCube([*ring(), *extra]))) is found


def test_cohort_of_another_token_is_another_amount() -> None:
    assert labels(MadeCube(altered(ring(), 3, asset=991))) == set()


def test_labels_stay_on_the_pair_and_go_when_the_rows_do() -> None:
    trades = [*busy(1, 100), *busy(1, 100, OTHER), *[t for n in range(40) for t in busy(10 + n, 2, OTHER)]]
    assert labels(MadeCube(trades)) == {(1, PROVER, "captive")}
    made = MadeCube(trades)
    labels(made)
    made.cube.execute("DELETE FROM settled_week WHERE prover = ?", (PROVER,))
    made.duck.execute("DELETE FROM settled_week WHERE prover = ?", (PROVER,))
    assert labels(made) == set()


def money(
    paid: Sequence[tuple[int, int]], back: Sequence[tuple[int, int]], from_pay_address: bool, **pair: int
) -> set[tuple[int, int, str]]:
    """Labels after payments and transfers (time, amount) between payer 1 and the prover."""
    who = (pair.get("payer", 1), PROVER, 990)
    made = MadeCube([Trade(FIRST_WEEK, who[0])])
    columns = ("payer", "prover", "asset", "time_s", "n", *LIMBS)
    made.insert("payment", columns, [(*who, time_s, 1, *split(amount)) for time_s, amount in paid])
    columns = ("payer", "prover", "asset", "from_pay_address", "time_s", *LIMBS)
    rows = [(*who, from_pay_address, time_s, *split(amount)) for time_s, amount in back]
    made.insert("transfer_back", columns, rows)
    return labels(made)


TEN = [(n, 10**21) for n in range(10)]


@pytest.mark.parametrize("from_pay_address", [False, True])
def test_round_trip(from_pay_address: bool) -> None:
    half = 5 * 10**21
    found = {(1, PROVER, "round-trip")}
    assert money(TEN, [(9, half)], from_pay_address) == found
    assert money(TEN, [(9, half - 1)], from_pay_address) == set()
    assert money(TEN[1:], [(9, half)], from_pay_address) == set()  # nine payments
    assert (
        money(TEN, [(9 + ROUND_TRIP_S, half)], from_pay_address) == set()
    )  # only the last one is seven days old
    assert money(TEN, [(4 + ROUND_TRIP_S, half)], from_pay_address) == found
    assert money(TEN, [(5 + ROUND_TRIP_S, half)], from_pay_address) == found
    assert money(TEN, [(6 + ROUND_TRIP_S, half)], from_pay_address) == set()


def test_round_trip_counts_each_unit_once() -> None:
    """Four payments come back twice over: that is four."""
    assert money(TEN, [(3, 4 * 10**21), (3, 4 * 10**21)], False) == set()


def test_payer_with_many_provers_makes_no_round_trip() -> None:
    made = MadeCube([Trade(FIRST_WEEK, 1), *everywhere(1, 19, 499)])
    columns = ("payer", "prover", "asset", "time_s", "n", *LIMBS)
    made.insert("payment", columns, [(1, PROVER, 990, n, 1, 0, 0, 5) for n in range(10)])
    columns = ("payer", "prover", "asset", "from_pay_address", "time_s", *LIMBS)
    made.insert("transfer_back", columns, [(1, PROVER, 990, 0, 9, 0, 0, 50)])
    assert labels(made) == set()


def test_payout_is_more_than_was_ever_paid_and_out_of_a_pay_address() -> None:
    found = {(1, PROVER, "payout")}
    assert money([(5, 10)], [(9, 10)], True) == set()
    assert money([(5, 10)], [(9, 6), (2, 5)], True) == found
    assert money([(5, 10)], [(9, 11)], False) == set()
    assert money([(5, 10)], [(9, 11)], True, payer=PROVER) == {(PROVER, PROVER, "same")}


MOVES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4)), max_size=7).map(sorted)


@given(MOVES, MOVES)
def test_returned_money_is_the_most_that_can_be_matched(
    paid: list[tuple[int, int]], back: list[tuple[int, int]]
) -> None:
    """Unit by unit, by augmenting paths; a day stands for a second."""
    day_s = 86_400
    units = [(time, n) for n, (time, amount) in enumerate(paid) for _ in range(amount)]
    returned = [time for time, amount in back for _ in range(amount)]
    partner: dict[int, int] = {}

    def matched(unit: int, tried: set[int]) -> bool:
        for n, time in enumerate(returned):
            if units[unit][0] <= time <= units[unit][0] + 7 and n not in tried:
                tried.add(n)
                if n not in partner or matched(partner[n], tried):
                    partner[n] = unit
                    return True
        return False

    expected = sum(matched(unit, set()) for unit in range(len(units)))
    found = returned_base_units(
        [Movement(time * day_s, amount) for time, amount in paid],
        [Movement(time * day_s, amount) for time, amount in back],
    )
    assert found == expected


def test_every_rule_has_a_name_and_a_version_of_its_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.version.isdigit() and rule.says for rule in RULES)
