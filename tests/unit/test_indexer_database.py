from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import example, given, settings
from hypothesis import strategies as st
from indexed import contents, indexer_of
from indexer_chain import (
    UINT96_MAX,
    USDC,
    RecordedChain,
)
from sqlalchemy import MetaData, create_engine, event, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable
from sqlmodel import SQLModel, select

from indexer import rollup_tables, tables
from indexer.amounts import LIMB, join, split, split_all, split_uint96
from indexer.database import Database
from indexer.errors import (
    DatabaseError,
    OldDatabaseError,
    SettingsError,
)
from indexer.migrations import NEWEST
from indexer.migrations.upgrade import configuration
from indexer.recorded import tables as recorded_tables
from indexer.rollup_tables import RollupRow
from indexer.rpc import JsonRpc
from indexer.tables import DeploymentRow, InferenceRow
from indexer.tallies import compared, read_report

TABLES = {
    item.__tablename__
    for module in (tables, rollup_tables, recorded_tables)
    for item in vars(module).values()
    if isinstance(item, type) and issubclass(item, SQLModel) and item is not SQLModel
}


def amount_of(row: Any) -> int:
    return join(row.amount_e20, row.amount_e10, row.amount_e0)


def test_sums_are_exact_beyond_64_bits(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.settle(*[{"amount": UINT96_MAX, "served_at": 2**64 - 1}] * 3)
    indexer_of(chain, rpc, path, blocks_per_request=4).sync_once()
    chain.settle({"amount": UINT96_MAX})
    indexer_of(chain, rpc, path).sync_once()
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        row = session.get(InferenceRow, 10 << 20)
        assert row is not None
        assert (amount_of(row), row.served_at_s) == (UINT96_MAX, 2**64 - 1)
        total = session.get(RollupRow, (0, 1, row.asset_id, False, False))
        assert amount_of(total) == 4 * UINT96_MAX + 5
        assert max(total.amount_e10, total.amount_e0) < LIMB
    with sqlite3.connect(path) as plain:
        sums = "SELECT sum(amount_e20), sum(amount_e10), sum(amount_e0) FROM inference WHERE tier = 1"
        assert join(*plain.execute(sums).fetchone()) == 4 * UINT96_MAX + 5
    report = compared(rpc, read_report(database))
    assert report.counters is not None
    assert report.counters.match


@settings(deadline=None)
@given(st.lists(st.integers(0, UINT96_MAX), min_size=1, max_size=20))
@example([UINT96_MAX, 0, 2**64 - 1, 2**64, 10**10 - 1, 10**10, 10**20 - 1, 10**20, 2**63, 2**32])
def test_amounts_are_split_and_joined_exactly(amounts: list[int]) -> None:
    octets = np.frombuffer(b"".join(amount.to_bytes(12) for amount in amounts), np.uint8).reshape(-1, 12)
    for columns in (split_uint96(octets), split_all(amounts)):
        assert [join(*limbs) for limbs in zip(*columns, strict=True)] == amounts
        assert all((column < LIMB).all() and (column >= 0).all() for column in columns[1:])
    assert join(*(int(column.sum()) for column in split_uint96(octets))) == sum(amounts)
    printed = [f"{e20}{e10:010}{e0:010}" for e20, e10, e0 in zip(*split_all(amounts), strict=True)]
    assert [int(text) for text in printed] == amounts


@settings(deadline=None)
@given(st.integers(-(2**130), 2**129))
def test_one_amount_is_split_and_joined_exactly(amount: int) -> None:
    e20, e10, e0 = split(amount)
    assert join(e20, e10, e0) == amount
    assert 0 <= e10 < LIMB
    assert 0 <= e0 < LIMB


def test_keys_and_amounts_have_64_bits_in_postgres() -> None:
    ddl = str(CreateTable(InferenceRow.__table__).compile(dialect=postgresql.dialect()))
    for column in ("id", "seq", "amount_e20", "amount_e10", "amount_e0", "served_at_s"):
        assert f"{column} BIGINT NOT NULL" in ddl


def test_migrations_make_the_tables_of_the_program(path: Path) -> None:
    Database(f"sqlite:///{path}").prepare()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(configuration(connection)).get_current_head() == NEWEST
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or name in TABLES,
        }
        context = MigrationContext.configure(connection, opts=options)
        ours = MetaData()
        for name in TABLES:
            SQLModel.metadata.tables[name].to_metadata(ours)
        assert compare_metadata(context, ours) == []
        assert set(inspect(connection).get_table_names()) == TABLES | {"alembic_version"}
    engine.dispose()


def test_database_of_an_older_version_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE cursor (id INTEGER)")
    with pytest.raises(OldDatabaseError, match="made by an older version; delete the database"):
        Database(f"sqlite:///{path}").prepare()


@pytest.mark.parametrize(
    ("answer", "decimals"),
    [
        ("0x" + "0" * 62 + "12", 18),
        (None, None),
        ("0x", None),
        ("0x06", None),
        ("0x" + "f" * 64, None),
        ("0x" + "0" * 61 + "100", None),
    ],
)
def test_any_token_will_do(
    chain: RecordedChain, rpc: JsonRpc, path: Path, answer: str | None, decimals: int | None
) -> None:
    chain.decimals[USDC] = answer
    indexer_of(chain, rpc, path).sync_once()
    assert [row[-1] for row in contents(path)["asset"]] == [decimals]
    assert [params[0]["to"] for method, params in chain.requests if params[-1:] == ["latest"]] == [USDC]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "neither sqlite"),
        ("mysql://root:s3cret@host/db", "mysql is not one of"),
        ("sqlite://", "names no file"),
        ("postgresql+nodriver://u:s3cret@host/db", "unknown driver postgresql\\+nodriver"),
        ("postgresql+asyncpg://u:s3cret@host/db", "driver asyncpg is not installed"),
    ],
)
def test_unusable_database_url(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        Database(url)
    assert "s3cret" not in str(caught.value)


def test_database_is_shown_without_parameters(path: Path) -> None:
    assert Database(f"sqlite:///{path}?timeout=5").shown_url == f"sqlite:///{path}"


def test_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseError, match=f"sqlite:///{path}: file is not a database"):
        Database(f"sqlite:///{path}").prepare()


def test_cursor_comes_first_in_a_transaction(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    """It is the lock: whoever loses it must not have written anything yet."""
    indexer = indexer_of(chain, rpc, path)
    statements: list[str] = []
    indexer._database._engine.dispose()
    event.listen(
        indexer._database._engine,
        "connect",
        lambda connection, _: connection.set_trace_callback(statements.append),
    )
    indexer.sync_once()
    writes = [statement.split() for statement in statements if statement.startswith(("UPDATE", "INSERT"))]
    assert writes[0][:2] == ["UPDATE", DeploymentRow.__tablename__]
    assert {words[2] for words in writes[1:]} >= {"inference", "rollup", "rollup_day_payer", "block"}


def test_sums_carry_through_all_columns(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path)
    for _ in range(2):
        chain.settle({"tier": 2, "amount": 10**20 - 1})
        indexer.sync_once()
    with Database(f"sqlite:///{path}").transaction() as session:
        (total,) = session.exec(select(RollupRow).where(RollupRow.tier == 2, ~RollupRow.development))
        assert (total.amount_e20, total.amount_e10, total.amount_e0) == (1, LIMB - 1, LIMB - 2)
