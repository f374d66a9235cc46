"""What is labelled, doubtful and recorded is what a plain calculation over single inferences says."""

from __future__ import annotations

from collections import Counter

import pytest
from made_cubes import FIRST_WEEK, MadeCube, Trade, address, model_id, some_trades

from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.metric import Rows

FIRST, END = FIRST_WEEK + 2, FIRST_WEEK + 6
LABELS = (
    (3, 901, "self", "same"),
    (4, 902, "suspected", "captive"),
    (4, 902, "suspected", "cohort"),
    (5, 902, "suspected", "cohort"),
    (5, 902, "self", "payout"),
)
PAIRS = {label[:2] for label in LABELS}
KEY, ROUTE = "0x" + "22" * 32, "0x01020304"


@pytest.fixture
def made() -> MadeCube:
    made = MadeCube(some_trades(5, 900), range(FIRST_WEEK, FIRST_WEEK + 10))
    made.label(*LABELS)
    return made


def inside(made: MadeCube) -> list[Trade]:
    return [t for t in made.trades if t.payer and FIRST <= t.wk < END]


@pytest.mark.parametrize(("name", "label"), [("self-dealing", "self"), ("suspected", "suspected")])
def test_labelled_inferences(made: MadeCube, name: str, label: str) -> None:
    trades = inside(made)
    total = Counter(t.counted for t in trades)
    expected = []
    for rule in sorted({found[3] for found in LABELS if found[2] == label}):
        pairs = {found[:2] for found in LABELS if found[2:] == (label, rule)}
        for tier in (1, 2, 3):
            mine = [t for t in trades if (t.payer, t.prover) in pairs and t.counted == tier]
            if mine:
                payers, provers = {t.payer for t in mine}, {t.prover for t in mine}
                share = len(mine) / total[tier]
                expected.append((rule, "1", tier, len(payers), len(provers), len(mine), share))
    answer = made.answer(BY_NAME[name], FIRST, END, label=label)
    assert list(answer.rows) == expected
    assert len(expected) > 2


def test_each_inference_is_in_one_class(made: MadeCube) -> None:
    few = [Trade(FIRST, 50 + n, prover=950, achieved=2) for n in range(9)]
    enough = [Trade(FIRST - 1, 50 + n, prover=951) for n in range(9)] + [Trade(FIRST, 59, prover=951)]
    more = MadeCube([*made.trades, *few, *enough], range(FIRST_WEEK, FIRST_WEEK + 10))
    more.label(*LABELS, (50, 950, "self", "same"))
    trades = inside(more)
    classes: dict[str, list[Trade]] = {
        "self": [],
        "suspected": [],
        "too few payers to judge": [],
        "not labelled": [],
    }
    for t in trades:
        said = {
            label[2] for label in (*LABELS, (50, 950, "self", "same")) if label[:2] == (t.payer, t.prover)
        }
        name = "too few payers to judge" if t.prover == 950 else "not labelled"
        classes["self" if "self" in said else "suspected" if said else name].append(t)
    expected = [
        (
            name,
            len({t.payer for t in found}),
            len({t.prover for t in found}),
            len(found),
            len(found) / len(trades),
            sum(t.counted >= 2 for t in found),
        )
        for name, found in classes.items()
    ]
    assert list(more.answer(BY_NAME["row-classes"], FIRST, END).rows) == expected
    assert all(classes.values())


def test_labelled_pairs(made: MadeCube) -> None:
    answer = made.answer(BY_NAME["labelled-pairs"], FIRST, END)
    found = {(row[0], row[1], row[2], row[3]): row[4:] for row in answer.rows}
    assert len(found) == len(LABELS)
    for payer, prover, label, rule in LABELS:
        weeks = [t.wk for t in made.trades if (t.payer, t.prover) == (payer, prover)]
        said = found[address(payer), address(prover), label, rule]
        assert said == ("1", None, len(weeks), min(weeks), max(weeks))


def taint(made: MadeCube, *trades: Trade) -> None:
    columns = (
        "wk",
        "payer",
        "prover",
        "model",
        "asset",
        "required",
        "achieved",
        "counted",
        "cause",
        "subject",
        "n",
    )
    rows = [
        (t.wk, t.payer, t.prover, t.model, t.asset, t.required, t.achieved, t.counted)
        + (("EnclaveCompromised", KEY) if t.achieved == 2 else ("ContradictionShown", ROUTE))
        + (1,)
        for t in trades
    ]
    made.insert("tainted_week", columns, rows)


@pytest.mark.parametrize("rows", Rows)
def test_tainted_inferences_move_to_signed_and_the_settled_ones_stay(made: MadeCube, rows: Rows) -> None:
    before = made.answer(BY_NAME["tainted"], FIRST, END, rows)
    assert before.column("as_settled") == before.column("as_known_today")
    assert not any(before.column("tainted"))
    doubtful = [t for t in made.trades if t.achieved > 1 and t.prover in (901, 902) and t.wk > FIRST]
    taint(made, *doubtful)
    answer = made.answer(BY_NAME["tainted"], FIRST, END, rows)
    assert answer.column("as_settled") == before.column("as_settled")
    trades = [t for t in inside(made) if rows is Rows.RAW or (t.payer, t.prover) not in PAIRS]
    for week, tier, as_settled, share, today, share_today, tainted in answer.rows:
        weekly = [t for t in trades if t.wk == week]
        assert as_settled == sum(t.counted == tier for t in weekly)
        assert today == sum((1 if t in doubtful else t.counted) == tier for t in weekly)
        assert tainted == sum(t in doubtful and t.counted == tier for t in weekly)
        assert (share, share_today) == (as_settled / len(weekly), today / len(weekly))
    assert sum(answer.column("tainted")) > 20


def test_doubts(made: MadeCube) -> None:
    doubtful = [t for t in made.trades if t.achieved > 1 and t.model in (1, 2)]
    taint(made, *doubtful)
    other = "0x" + "33" * 32
    columns = ("cause", "subject", "model", "since_s", "declared_s")
    rows = [
        ("EnclaveCompromised", KEY, None, 700, 1_000),
        ("EnclaveCompromised", KEY, None, 600, 2_000),
        ("EnclaveCompromised", other, None, 900, 1_500),
        ("ContradictionShown", ROUTE, model_id(1), 0, 1_200),
        ("ContradictionShown", ROUTE, model_id(2), 0, 1_100),
    ]
    made.insert("doubt", columns, rows)
    count = Counter((t.achieved, t.model) for t in doubtful)
    assert made.answer(BY_NAME["doubts"], FIRST, END).rows == (
        ("EnclaveCompromised", KEY, 600, 1_000, 2_000, count[2, 1] + count[2, 2], None),
        ("EnclaveCompromised", other, 900, 1_500, 1_500, 0, None),
        ("ContradictionShown", ROUTE, None, 1_200, 1_200, count[3, 1], model_id(1)),
        ("ContradictionShown", ROUTE, None, 1_100, 1_100, count[3, 2], model_id(2)),
    )


def test_recorded_ones_stand_apart(made: MadeCube) -> None:
    columns = ("wk", "form", "n", "claimed")
    made.insert(
        "recorded_week", columns, [(FIRST, "batch", 3, 700), (END - 1, "exact", 2, 2), (END, "exact", 1, 1)]
    )
    trades = [t for t in made.trades if FIRST <= t.wk < END]
    count, total = Counter(t.counted for t in trades), len(trades) + 700
    assert made.answer(BY_NAME["verified-recorded"], FIRST, END).rows == (
        ("verified", "signed", count[1], count[1], None, count[1] / total),
        ("verified", "tee", count[2], count[2], None, count[2] / total),
        ("verified", "zkml", count[3], count[3], None, count[3] / total),
        ("recorded", "batch", 3, None, 700, 700 / total),
        ("recorded", "exact", 2, None, None, None),
    )


@pytest.mark.parametrize("form", ["exact", "permit2"])
def test_payments_alone_are_no_inferences(form: str) -> None:
    made = MadeCube()
    made.insert("recorded_week", ("wk", "form", "n", "claimed"), [(FIRST, form, 2, 2)])
    rows = made.answer(BY_NAME["verified-recorded"], FIRST, END).rows
    assert rows == (("recorded", form, 2, None, None, None),)


@pytest.mark.parametrize(("problems", "verified"), [(None, None), ("", True), ("one", False)])
def test_health(made: MadeCube, problems: str | None, verified: bool | None) -> None:
    columns = "block block_time_s final_block final_block_time_s inferences next_seq incidents open_incidents"
    columns += " verified_block verified_at_s verified_digest problems"
    made.insert("health", columns.split(), [(90, 1_000, 80, 940, 12, 11, 2, 1, 70, 5_000, "0xaa", problems)])
    (row,) = made.answer(BY_NAME["health"], FIRST, END).rows
    assert row == (90, 1_000, 80, 940, 60, 12, 1, 2, 1, 70, 5_000, verified, "0xaa")
