"""The cube holds the full, final weeks of the database, and follows it, in SQLite and in Postgres."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cubes import random_rows
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from settled_world import ADDRESSES, CHAIN_ID, FIRST_WEEK, Settled, World, address, deployment_of
from sqlalchemy import text

from indexer.amounts import join
from indexer.analytics import analysis as analysis_module
from indexer.analytics import loading as loading_module
from indexer.analytics.analysis import Analysis, State
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.cube import Cube
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.weeks import Window, start_s
from indexer.database import Database
from indexer.errors import NothingIndexedError, UnknownDeploymentError
from indexer.incidents import ENDPOINT, ROLLUPS, ROWS, Incident, record

COUNT = BY_NAME["count-share"]
OTHER_SETTLEMENT = "0x" + "6f" * 20


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'indexer.db'}"


@pytest.fixture
def world(url: str) -> World:
    return World(url)


def begin(week: int) -> int:
    """The first second of a week, counted from the first one."""
    return start_s(FIRST_WEEK + week)


def inferences(analysis: Analysis, weeks: int = 8) -> int:
    scope = Scope(Window(FIRST_WEEK, FIRST_WEEK + weeks))
    return sum(analysis.answer(COUNT, scope).column("inferences"))


def cells(cube: Cube) -> Counter[Any]:
    """Number and amount in each cell, with names in place of numbers."""
    statement = (
        "SELECT wk, COALESCE(p.value, ''), r.value, m.value, a.value, required, achieved, counted, scheme,"
        " development, unbound, n, amount_e20, amount_e10, amount_e0 FROM settled_week"
        " LEFT JOIN address AS p ON p.id = payer JOIN address AS r ON r.id = prover"
        " JOIN model AS m ON m.id = model JOIN address AS a ON a.id = asset"
    )
    return {row[:-4]: (row[-4], join(*row[-3:])) for row in cube._connection.execute(statement)}


def expected(rows: list[Settled]) -> dict[Any, tuple[int, int]]:
    found: dict[Any, list[int]] = {}
    for r in rows:
        labelled = r.development or r.unbound
        names = [to_checksum_address(address(n)) if n else "" for n in (r.payer, r.prover, r.asset)]
        key = (
            *(FIRST_WEEK + r.week, names[0], names[1], f"0x{keccak(text=r.model).hex()}", names[2], r.floor),
            *(r.tier, 1 if labelled else r.tier, 1 if r.payer else 0, int(r.development), int(r.unbound)),
        )
        cell = found.setdefault(key, [0, 0])
        cell[0] += 1
        cell[1] += r.amount
    return {key: tuple(cell) for key, cell in found.items()}


def test_cube_holds_what_was_settled(world: World) -> None:
    rows = random_rows(11, 800)
    world.settle(rows, begin(8))
    analysis = Analysis(world.database)
    assert cells(analysis._cube) == expected(rows)
    assert dict(analysis._cube.select("weeks")) == Counter(FIRST_WEEK + row.week for row in rows)
    assert analysis._cube._connection.execute("SELECT id > 0, decimals FROM asset").fetchall() == [(1, 6)] * 2
    assert analysis.state == State(
        CHAIN_ID,
        to_checksum_address(ADDRESSES["Settlement"]),
        world.cursor.final_block,
        f"0x{world.cursor.final_block.to_bytes(32).hex()}",
        begin(8),
        FIRST_WEEK,
        FIRST_WEEK + 8,
    )


def test_a_week_counts_when_it_is_full_and_final(world: World) -> None:
    world.settle([Settled(0, "a", 1), Settled(1, "a", 2, offset_s=604_799)], begin(2) - 1)
    analysis = Analysis(world.database)
    assert (analysis.state.first_week, analysis.state.end_week) == (FIRST_WEEK, FIRST_WEEK + 1)
    assert inferences(analysis) == 1
    world.settle([], begin(2), final=False)
    analysis.refresh()
    assert analysis.state.end_week == FIRST_WEEK + 1
    world.settle([Settled(2, "b", 3)], begin(2))
    analysis.refresh()
    assert analysis.state.end_week == FIRST_WEEK + 2
    assert inferences(analysis) == 2
    assert analysis.window() == Window(FIRST_WEEK - 2, FIRST_WEEK + 2)
    assert analysis.window(3, FIRST_WEEK + 9) == Window(FIRST_WEEK + 6, FIRST_WEEK + 9)


def test_weeks_without_inferences_are_weeks(world: World) -> None:
    world.settle([Settled(0, "a", 1), Settled(3, "a", 2)], begin(6))
    analysis = Analysis(world.database)
    assert analysis._cube.select("weeks") == [(FIRST_WEEK + week, int(week in (0, 3))) for week in range(6)]
    weekly = analysis.answer(BY_NAME["weekly-count-share"], Scope(Window(FIRST_WEEK, FIRST_WEEK + 6)))
    assert [record["share"] for record in weekly.records() if record["tier"] == 2] == [
        0,
        None,
        None,
        1,
        None,
        None,
    ]


def test_history_begins_with_the_first_inference(world: World) -> None:
    world.call_compromised(bytes(32), begin(0))
    world.settle([Settled(2, "a", 1)], begin(5))
    analysis = Analysis(world.database)
    assert (analysis.state.first_week, analysis.state.end_week) == (FIRST_WEEK + 2, FIRST_WEEK + 5)


def test_without_a_full_week(world: World) -> None:
    world.settle([Settled(0, "a", 1)], begin(0) + 9)
    analysis = Analysis(world.database)
    assert analysis.state.first_week == analysis.state.end_week == FIRST_WEEK
    assert inferences(analysis) == 0
    assert analysis.verdict().word == "not enough independent payers"


def test_only_new_weeks_are_loaded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    monkeypatch.setattr(
        loading_module, "LOADERS", (lambda _session, _cube, source: loaded.append(source.week),)
    )
    world.settle([Settled(week, "a", 1) for week in range(3)], begin(3))
    analysis = Analysis(world.database)
    assert loaded == [FIRST_WEEK, FIRST_WEEK + 1, FIRST_WEEK + 2]
    answer = analysis.answer(COUNT)
    analysis.refresh()
    world.settle([Settled(3, "a", 1)], begin(3) + 9)
    analysis.refresh()
    assert loaded[3:] == []
    assert analysis.answer(COUNT) is answer
    assert analysis.state.block_number == world.cursor.final_block
    world.settle([], begin(4))
    analysis.refresh()
    assert loaded[3:] == [FIRST_WEEK + 3]


def test_loaders_are_told_where_the_rows_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {}

    def load(session: Any, cube: Cube, source: Any) -> None:
        ids = {"first": source.first_id, "end": source.end_id}
        statement = text("SELECT COUNT(*) FROM inference WHERE id >= :first AND id < :end")
        counts[source.week - FIRST_WEEK] = session.connection().execute(statement, ids).scalar()
        blocks = {"first": source.first_block, "end": source.end_block}
        statement = text("SELECT COUNT(DISTINCT timestamp_s) FROM block WHERE id >= :first AND id < :end")
        counts["blocks", source.week - FIRST_WEEK] = session.connection().execute(statement, blocks).scalar()
        assert cube.select("weeks")[-1][0] == source.week

    monkeypatch.setattr(loading_module, "LOADERS", (load,))
    world.settle([Settled(0, "a", 1)] * 3 + [Settled(2, "a", 1, offset_s=i) for i in range(5)], begin(3))
    Analysis(world.database)
    assert counts == {0: 3, 1: 0, 2: 5, ("blocks", 0): 1, ("blocks", 1): 0, ("blocks", 2): 5}


def test_a_repaired_week_is_loaded_again(world: World) -> None:
    world.settle([Settled(week, "a", 1) for week in range(3) for _ in range(4)], begin(3))
    analysis = Analysis(world.database)
    assert inferences(analysis) == 12
    hour = (begin(1) // 3600, begin(2) // 3600)
    with world.database.writing() as session:
        id_ = session.connection().execute(text("SELECT MIN(id) FROM inference WHERE id >> 20 = 2")).scalar()
        session.connection().execute(text("DELETE FROM inference WHERE id = :id"), {"id": id_})
        lower = "UPDATE rollup_hour SET inferences = inferences - 1 WHERE hour >= :first AND hour < :end"
        session.connection().execute(text(lower), {"first": hour[0], "end": hour[1]})
    world.settle([], begin(3) + 1)
    analysis.refresh()
    assert inferences(analysis) == 11
    assert dict(analysis._cube.select("weeks"))[FIRST_WEEK + 1] == 3


@pytest.mark.parametrize("kind", [ROWS, ROLLUPS])
def test_a_repair_that_keeps_the_numbers_of_weeks_is_noticed(world: World, kind: str) -> None:
    world.settle([Settled(0, "a", 1), Settled(0, "b", 1)], begin(1))
    analysis = Analysis(world.database)
    assert analysis.answer(COUNT).column("inferences") == [2, 0, 0]
    with world.database.writing() as session:
        session.connection().execute(
            text("UPDATE inference SET tier = 3 WHERE id >> 20 = 1 AND id & 1023 = 2")
        )
        incident = Incident(1, 1, kind, "a tier was wrong", "", resolved=True)
        record(session, world.cursor, incident)
    analysis.refresh()
    assert analysis.answer(COUNT).column("inferences") == [1, 0, 1]


def test_an_answer_that_an_endpoint_gave_wrongly_loads_nothing_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settle([Settled(0, "a", 1)], begin(1))
    analysis = Analysis(world.database)
    loaded: list[int] = []
    monkeypatch.setattr(
        loading_module, "LOADERS", (lambda _session, _cube, source: loaded.append(source.week),)
    )
    with world.database.writing() as session:
        record(session, world.cursor, Incident(1, 1, ENDPOINT, "it left out a log", "node", resolved=True))
    analysis.refresh()
    assert loaded == []


def test_what_spans_weeks_is_derived_after_changes_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived = []
    monkeypatch.setattr(analysis_module, "AFTER_LOADING", (lambda _s, _c, id_: derived.append(id_),))
    world.settle([Settled(0, "a", 1)], begin(1))
    analysis = Analysis(world.database)
    assert derived == [0]
    world.settle([Settled(1, "a", 1)], begin(1) + 1)
    analysis.refresh()
    assert derived == [0]
    world.call_compromised(b"\7" * 32, begin(1) + 2)
    analysis.refresh()
    assert derived == [0, 0]


def test_labels_leave_the_strict_rows_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def label(_session: Any, cube: Cube, _deployment: int) -> None:
        cube.execute(
            "INSERT INTO pair_label SELECT DISTINCT payer, prover, 'self', 'r', '1', NULL FROM settled_week"
            " JOIN address ON address.id = payer WHERE address.value = ?",
            (to_checksum_address(address("a")),),
        )

    monkeypatch.setattr(analysis_module, "AFTER_LOADING", (label,))
    world.settle([Settled(0, "a", 1), Settled(0, "b", 2), Settled(0, "b", 2)], begin(1))
    analysis = Analysis(world.database)
    scope = Scope(Window(FIRST_WEEK, FIRST_WEEK + 1), Rows.STRICT)
    assert analysis.answer(COUNT, scope).column("inferences") == [0, 2, 0]
    assert analysis.verdict(Rows.STRICT).rows == Rows.STRICT


def test_several_deployments(world: World, url: str) -> None:
    world.settle([Settled(0, "a", 1)], begin(1))
    other = World(url, OTHER_SETTLEMENT)
    other.settle([Settled(0, "b", 2, prover="elsewhere", model="elsewhere")] * 3, begin(2))
    with pytest.raises(UnknownDeploymentError):
        Analysis(world.database)
    first, second = (
        Analysis(world.database, deployment_of(s)) for s in (ADDRESSES["Settlement"], OTHER_SETTLEMENT)
    )
    assert (inferences(first), inferences(second)) == (1, 3)
    assert (first.state.end_week, second.state.end_week) == (FIRST_WEEK + 1, FIRST_WEEK + 2)
    assert len(first._cube._connection.execute("SELECT * FROM address").fetchall()) == 3
    assert len(first._cube._connection.execute("SELECT * FROM model").fetchall()) == 1


def test_nothing_to_analyse(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(NothingIndexedError):
        Analysis(database)
    assert not (tmp_path / "none.db").exists()
    database.prepare()
    with pytest.raises(NothingIndexedError, match="final"):
        Analysis(database)


def test_nothing_is_final(world: World) -> None:
    world.settle([Settled(0, "a", 1)], begin(1), final=False)
    with world.database.writing() as session:
        session.connection().execute(text("UPDATE deployment SET final_block = NULL"))
    with pytest.raises(NothingIndexedError, match="final"):
        Analysis(world.database)


def test_many_threads_get_one_answer(world: World) -> None:
    world.settle(random_rows(12, 300), begin(8))
    analysis = Analysis(world.database)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(analysis.answer(COUNT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(answer is answers[0] for answer in answers)


def test_answers_are_kept_up_to_a_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_module, "MOST_KEPT", 3)
    world.settle([Settled(0, "a", 1)], begin(1))
    analysis = Analysis(world.database)
    scopes = [Scope(analysis.window(weeks)) for weeks in (1, 2, 3, 4)]
    first, second, *_ = (analysis.answer(COUNT, scope) for scope in scopes)
    assert analysis.answer(COUNT, scopes[1]) is second
    assert analysis.answer(COUNT, scopes[0]) is not first
