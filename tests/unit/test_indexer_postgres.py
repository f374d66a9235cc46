"""A real Postgres holds what SQLite holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from indexed import indexer_of
from indexer_chain import (
    FIRST_BLOCK,
    KEY,
    UINT96_MAX,
    RecordedChain,
    group_log,
    inference_log,
    registry_log,
)
from sqlalchemy import MetaData, create_engine, select, text

from indexer import batches as batches_module
from indexer import sync as sync_module
from indexer.database import Database
from indexer.errors import ConcurrentIndexerError, DatabaseError
from indexer.export.run import export
from indexer.export.schema import TABLES
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from indexer.tallies import compared, read_report, require_match
from veritally.tiers import Tier


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


def in_postgres(chain: RecordedChain, rpc: JsonRpc, url: str, blocks_per_request: int = 1000) -> Indexer:
    indexer = Indexer(rpc, Database(url), chain.deployment, blocks_per_request)
    indexer.open()
    return indexer


def stored(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in either database."""
    engine, tables = create_engine(url), MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            table.name: sorted(
                (tuple(map(_plain, row)) for row in connection.execute(select(table))), key=repr
            )
            for table in tables.sorted_tables
        }
    engine.dispose()
    return found


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def require_same(chain: RecordedChain, rpc: JsonRpc, url: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    indexer_of(chain, rpc, path).sync_once()
    assert stored(url) == stored(f"sqlite:///{path}")


@pytest.mark.parametrize("blocks_per_request", [1, 3, 1000])
def test_same_content_as_in_sqlite(
    chain: RecordedChain, rpc: JsonRpc, url: str, path: Path, blocks_per_request: int
) -> None:
    chain.settle(*[{"amount": UINT96_MAX, "served_at": 2**64 - 1, "flags": 2}] * 3)
    chain.mine(registry_log())
    chain.settle({"amount": 10**10 - 1}, {"amount": 1}, {"amount": 10**20})
    result = in_postgres(chain, rpc, url, blocks_per_request).sync_once()
    assert (result.from_block, result.inferences, result.events) == (FIRST_BLOCK, 9, 17)
    require_same(chain, rpc, url, path)
    database = Database(url)
    require_match(compared(rpc, read_report(database)))
    with database.transaction() as session:
        sums = "SELECT sum(amount_e20) * 10^20::numeric + sum(amount_e10) * 10^10::numeric + sum(amount_e0)"
        total = session.connection().execute(text(f"{sums} FROM inference WHERE tier = 1")).scalar_one()
    assert total == 5 + 3 * UINT96_MAX + 10**10 + 10**20


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_reorganisation_is_followed(
    chain: RecordedChain, rpc: JsonRpc, url: str, path: Path, depth: int
) -> None:
    chain.settle(*[{"amount": UINT96_MAX}] * 2)
    indexer = in_postgres(chain, rpc, url)
    indexer.sync_once()
    chain.logs = [log for log in chain.logs if int(log["blockNumber"], 16) <= len(chain.blocks) - 1 - depth]
    chain.reorganise(depth)
    chain.mine(inference_log(chain.counters[-1]["seq"], Tier.TEE, 3), group_log(Tier.TEE, 1, 0, 1, KEY))
    assert indexer.sync_once().replaced_blocks == depth
    path.unlink(missing_ok=True)
    indexer_of(chain, rpc, path).sync_once()
    for table, rows in stored(f"sqlite:///{path}").items():
        if table not in ("address", "model", "asset"):
            assert stored(url)[table] == rows


def test_finality_is_followed(chain: RecordedChain, rpc: JsonRpc, url: str, path: Path) -> None:
    indexer = in_postgres(chain, rpc, url)
    for final in (0, 4, 8):
        chain.final = final
        indexer.sync_once()
        require_same(chain, rpc, url, path)


def test_transaction_that_breaks_leaves_nothing(
    chain: RecordedChain, rpc: JsonRpc, url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sync_module.write_range

    def write_then_break(*arguments: Any) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    indexer = in_postgres(chain, rpc, url)
    monkeypatch.setattr(sync_module, "write_range", write_then_break)
    with pytest.raises(KeyboardInterrupt):
        indexer.sync_once()
    before = {"alembic_version", "deployment", "pay_address_origin"}
    assert {name for name, rows in stored(url).items() if rows} == before
    monkeypatch.setattr(sync_module, "write_range", real)
    assert indexer.sync_once().inferences == 3


def test_second_indexer_is_noticed(
    chain: RecordedChain, rpc: JsonRpc, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, other = batches_module.unknown_assets, in_postgres(chain, rpc, url)

    def interrupted(*arguments: Any) -> list[bytes]:
        monkeypatch.setattr(batches_module, "unknown_assets", real)
        assets = real(*arguments)
        other.sync_once()
        return assets

    monkeypatch.setattr(batches_module, "unknown_assets", interrupted)
    with pytest.raises(ConcurrentIndexerError, match="the cursor left block 3"):
        in_postgres(chain, rpc, url).sync_once()
    assert len(stored(url)["inference"]) == 3


def test_bulk_write_that_fails_is_an_error_of_the_database(
    chain: RecordedChain, rpc: JsonRpc, url: str, path: Path
) -> None:
    indexers = {url: in_postgres(chain, rpc, url), f"sqlite:///{path}": indexer_of(chain, rpc, path)}
    for broken, indexer in indexers.items():
        engine = create_engine(broken)
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE rollup_hour"))
        engine.dispose()
        with pytest.raises(DatabaseError, match="rollup_hour"):
            indexer.sync_once()
        assert stored(broken)["inference"] == stored(broken)["rollup"] == []


def test_exports_of_both_databases_are_the_same(
    chain: RecordedChain, rpc: JsonRpc, tmp_path: Path, url: str
) -> None:
    chain.settle({"amount": UINT96_MAX, "served_at": 2**64 - 1})
    chain.mine(registry_log())
    chain.final = len(chain.blocks) - 1
    path = tmp_path / "indexer.db"
    indexer_of(chain, rpc, path).sync_once()
    in_postgres(chain, rpc, url, blocks_per_request=2).sync_once()
    for name, database_url in (("sqlite", f"sqlite:///{path}"), ("postgres", url)):
        export(Database(database_url), tmp_path / name, 4)
    exported = [
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.*")}
        for folder in (tmp_path / "sqlite", tmp_path / "postgres")
    ]
    assert exported[0] == exported[1]
    assert len(exported[0]) > len(TABLES)
