"""The comparison of databases sees every kind of difference."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from chaos_chain import bench, busy_chain

from indexer.chaos.check import Bench
from indexer.chaos.contents import Contents, differences, read_contents, rollup_differences
from indexer.database import Database
from indexer.rollups import ROLLUPS


@pytest.fixture
def tried(tmp_path: Path) -> Bench:
    return bench(busy_chain(), tmp_path)


@pytest.fixture
def truth(tried: Bench) -> Contents:
    return tried.truth()


def changed(tried: Bench, statement: str) -> Contents:
    """What the truth's database holds after a statement."""
    path = tried.folder / "trial.db"
    with sqlite3.connect(path) as database:
        assert database.execute(statement).rowcount > 0
    database.close()
    return read_contents(Database(f"sqlite:///{path}"))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM inference WHERE seq = 7", ["inference: 1 rows missing, 0 that should not be"]),
        ("UPDATE inference SET request_hash = x'00' WHERE seq < 2", ["inference: 2 rows missing, 2 that"]),
        ("UPDATE inference SET payer_id = prover_id WHERE seq = 0", ["inference: 1 rows missing, 1 that"]),
        ("DELETE FROM group_skipped WHERE id > (5 << 20)", ["group_skipped: 17 rows missing, 0 that"]),
        ("UPDATE block SET hash = x'01' WHERE id = 50", ["block: 1 rows missing, 1 that"]),
        ("UPDATE asset SET decimals = NULL", ["asset: 1 rows missing, 1 that"]),
        ("UPDATE deployment SET next_seq = 3", ["deployment: 1 rows missing, 1 that"]),
        ("UPDATE rollup_hour SET inferences = inferences + 1 WHERE tier = 2", ["rollup_hour: 1 rows"]),
        ("UPDATE address SET value = zeroblob(20) WHERE id = 1", ["inference: ", "receipt_skipped: "]),
    ],
)
def test_difference_is_named(tried: Bench, truth: Contents, statement: str, expected: list[str]) -> None:
    found = changed(tried, statement)
    problems = differences(found, truth)
    assert all(any(problem.startswith(part) for problem in problems) for part in expected), problems
    assert not differences(truth, truth)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET inferences = inferences + 1 WHERE tier = 3",
        "UPDATE {} SET amount_e20 = amount_e20 + 1 WHERE tier = 3",
        "DELETE FROM {} WHERE tier = 2",
    ],
)
@pytest.mark.parametrize("table", [rollup.name for rollup in ROLLUPS])
def test_rollup_that_is_no_sum_is_named(tried: Bench, truth: Contents, statement: str, table: str) -> None:
    assert rollup_differences(truth) == []
    found = changed(tried, statement.format(table))
    assert rollup_differences(found) == [f"{table} is not the sum of the inferences"]


def test_part_of_the_truth_is_what_an_earlier_chain_led_to(tmp_path: Path, truth: Contents) -> None:
    shorter = busy_chain()
    del shorter.blocks[40:], shorter.counters[40:]
    shorter.logs = [log for log in shorter.logs if int(log["blockNumber"], 16) < 40]
    shorter.final = 20
    early = bench(shorter, tmp_path).truth()
    assert early.next_block == 40
    assert differences(early.below(40), truth.below(40)) == []
    assert differences(early.below(40), truth.below(44))


def test_numbers_of_addresses_do_not_matter(tried: Bench, truth: Contents) -> None:
    """A database that met the addresses in another order holds the same."""
    path = tried.folder / "trial.db"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE address SET id = id + 100")
        for column in ("payer_id", "prover_id", "asset_id"):
            database.execute(f"UPDATE inference SET {column} = {column} + 100 WHERE {column} > 0")
        for table in ("group_settled", "group_skipped", "receipt_skipped"):
            database.execute(f"UPDATE {table} SET prover_id = prover_id + 100")
        database.execute("UPDATE receipt_skipped SET payer_id = payer_id + 100 WHERE payer_id > 0")
        database.execute("UPDATE asset SET address_id = address_id + 100")
        for rollup in ROLLUPS:
            database.execute(f"UPDATE {rollup.name} SET asset_id = asset_id + 100")
        database.execute("UPDATE rollup_day_payer SET payer_id = payer_id + 100 WHERE payer_id > 0")
        database.execute("UPDATE rollup_day_prover SET prover_id = prover_id + 100")
    database.close()
    assert differences(read_contents(Database(f"sqlite:///{path}")), truth) == []
