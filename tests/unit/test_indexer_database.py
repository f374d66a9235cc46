from __future__ import annotations

from pathlib import Path

import pytest
from indexed import contents, indexer_of
from indexer_chain import (
    UINT96_MAX,
    USDC,
    RecordedChain,
)
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from indexer.database import Database
from indexer.errors import (
    DatabaseError,
    SettingsError,
)
from indexer.rpc import JsonRpc
from indexer.tables import CursorRow, InferenceRow, RollupRow, Uint96
from indexer.tallies import compared, read_report


def test_sums_are_exact_beyond_64_bits(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.settle(*[{"amount": UINT96_MAX, "served_at": 2**64 - 1}] * 3)
    indexer_of(chain, rpc, path, blocks_per_request=4).sync_once()
    chain.settle({"amount": UINT96_MAX})
    indexer_of(chain, rpc, path).sync_once()
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        row = session.get(InferenceRow, 10 << 20)
        assert row is not None
        assert (row.amount_base_units, row.served_at_s) == (UINT96_MAX, 2**64 - 1)
        assert session.get(RollupRow, (1, row.asset_id, False, False)).amount_base_units == 4 * UINT96_MAX + 5
    report = compared(rpc, read_report(database))
    assert report.counters is not None
    assert report.counters.match


def test_amount_column_is_exact_in_both_databases() -> None:
    ddl = str(CreateTable(InferenceRow.__table__).compile(dialect=postgresql.dialect()))
    assert "amount_base_units NUMERIC(29, 0) NOT NULL" in ddl
    assert "served_at_s NUMERIC(20, 0) NOT NULL" in ddl
    assert "id BIGINT NOT NULL" in ddl
    with pytest.raises(ValueError, match="29 digits"):
        Uint96().process_bind_param(10**29, postgresql.dialect())
    with pytest.raises(ValueError, match="29 digits"):
        Uint96().process_bind_param(-1, postgresql.dialect())


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
    assert [row[1] for row in contents(path)["asset"]] == [decimals]
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
    event.listen(indexer._database._engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    indexer.sync_once()
    writes = [statement.split()[1] for statement in statements if statement.startswith(("UPDATE", "INSERT"))]
    assert writes[0] == CursorRow.__tablename__
