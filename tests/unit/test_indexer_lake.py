"""DuckDB, DuckLake and ClickHouse count in an export exactly what the indexed database's roll-ups say."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest
from clickhouse import SQL, ClickHouse
from exported import LAKE, chain_of_all_events
from foreign_rows import add_foreign_history
from indexer_chain import KEY, RecordedChain, group_log, inference_log
from indexer_command import Run
from postgres import PostgresError, run_postgres

from indexer.amounts import join
from indexer.database import Database
from veritally.tiers import Tier

_OTHER_MODEL = "33" * 32
_MONDAY_S = 1_763_942_400
_DAY_S = 86_400

FOREIGN_ROWS = {"recorded_settlement": 3, "token_transfer": 1}

Cell = tuple[Any, ...]


@pytest.fixture
def chain() -> RecordedChain:
    """Five weeks: every block is two days after the one before."""
    chain = chain_of_all_events()
    seq = chain.counters[-1]["seq"]
    for block in range(8):
        logs = [inference_log(seq + i, amount=10**20 + i) for i in range(3 + block)]
        logs[0]["data"] = logs[0]["data"].replace("11" * 32, _OTHER_MODEL)
        groups = [group_log(Tier.SIGNED, settled, 0, 0, KEY) for settled in (1, len(logs) - 1)]
        groups[0]["topics"][2] = f"0x{_OTHER_MODEL}"
        last = inference_log(seq + len(logs), Tier.ZKML), group_log(Tier.ZKML, 1, 0, 0, KEY)
        chain.mine(logs[0], groups[0], *logs[1:], groups[1], *last)
        seq += len(logs) + 1
    chain.mine()
    for number, block in enumerate(chain.blocks):
        block["timestamp"] = hex(_MONDAY_S + number * 2 * _DAY_S + number)
    chain.final = 9
    return chain


@pytest.fixture
def lake(run: Run, chain: RecordedChain) -> Path:
    """An export that was made in two runs, in several files."""
    assert run("sync", "--once")[0] == 0
    add_foreign_history(Database("sqlite:///veritally-indexer.db"))
    assert run("export", "--to", "lake", "--blocks-per-file", "4")[0] == 0
    chain.final = len(chain.blocks) - 1
    assert run("sync", "--once")[0] == 0
    assert run("export", "--to", "lake", "--blocks-per-file", "4")[0] == 0
    return LAKE.resolve()


def statement(name: str) -> str:
    return (SQL / name).read_text()


def rollup_cells(table: str, keys: str) -> dict[Cell, tuple[int, int]]:
    """Cells of a roll-up, with names in place of numbers."""
    limbs = "sum(amount_e20), sum(amount_e10), sum(amount_e0)"
    with sqlite3.connect("veritally-indexer.db") as database:
        rows = database.execute(
            f"SELECT {keys}, sum(inferences), {limbs} FROM {table}"
            " JOIN deployment ON deployment.id = deployment_id JOIN address ON address.id = asset_id"
            f"{' JOIN model ON model.id = model_id' if 'model' in keys else ''} GROUP BY {keys}"
        ).fetchall()
    return {tuple(row[:-4]): (row[-4], join(*row[-3:])) for row in rows}


def totals() -> dict[Cell, tuple[int, int]]:
    found = rollup_cells("rollup", "chain_id, settlement, tier, address.value, development, unbound")
    return {
        (chain, f"0x{settlement.hex()}", Tier(tier).label, f"0x{asset.hex()}", bool(dev), bool(unbound)): cell
        for (chain, settlement, tier, asset, dev, unbound), cell in found.items()
    }


def day_models() -> dict[Cell, tuple[int, int]]:
    keys = "chain_id, settlement, day, tier, model.value, address.value, development, unbound"
    found = rollup_cells("rollup_day_model", keys)
    return {
        (
            chain,
            f"0x{settlement.hex()}",
            date(1970, 1, 1) + timedelta(day),
            Tier(tier).label,
            f"0x{model.hex()}",
            f"0x{asset.hex()}",
            bool(dev),
            bool(unbound),
        ): cell
        for (chain, settlement, day, tier, model, asset, dev, unbound), cell in found.items()
    }


def growth() -> list[Cell]:
    weeks: dict[tuple[date, str], int] = defaultdict(int)
    for (_, _, day, tier, _, _, dev, unbound), (inferences, _) in day_models().items():
        if not dev and not unbound:
            weeks[day - timedelta(day.weekday()), tier] += inferences
    rows = []
    for (week, tier), inferences in sorted(weeks.items()):
        before = weeks.get((week - timedelta(7), tier), 0)
        percent = round(100 * (inferences - before) / before, 2) if before else None
        rows.append((week, tier, inferences, before, percent))
    return rows


def cells(rows: list[Cell]) -> dict[Cell, tuple[int, int]]:
    found = {tuple(row[:-2]): (int(row[-2]), int(row[-1])) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture
def duck(lake: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'America/Los_Angeles'")  # days are those of UTC all the same
        connection.execute(f"SET VARIABLE export = '{lake}'")
        connection.execute(statement("duckdb/views.sql"))
        connection.execute(statement("duckdb/recorded_views.sql"))
        yield connection


def require_same_in_duckdb(duck: duckdb.DuckDBPyConnection) -> None:
    assert cells(duck.execute(statement("duckdb/tallies.sql")).fetchall()) == totals()
    assert cells(duck.execute(statement("duckdb/day_tier_model.sql")).fetchall()) == day_models()
    rows = duck.execute(statement("duckdb/growth.sql")).fetchall()
    assert rows == growth()
    assert len({week for week, *_ in rows}) >= 4


def test_duckdb(duck: duckdb.DuckDBPyConnection) -> None:
    require_same_in_duckdb(duck)
    for table, rows in (("group_settled", 28), ("channel_refunded", 1), ("registry_event", 1), ("block", 13)):
        assert duck.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,)
    for table, rows in FOREIGN_ROWS.items():
        assert duck.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,)


def test_the_last_block_counts_also_without_events(lake: Path, duck: duckdb.DuckDBPyConnection) -> None:
    with sqlite3.connect("veritally-indexer.db") as database:
        final = database.execute("SELECT final_block, last_block_timestamp_s FROM deployment").fetchone()
    rows = duck.execute("SELECT to_block, block_time_s FROM exported_deployment").fetchall()
    assert rows == [final]


def test_files_that_the_manifest_does_not_name_do_not_count(
    lake: Path, duck: duckdb.DuckDBPyConnection
) -> None:
    file = next((lake / "inference").rglob("*.parquet"))
    file.with_name("000000009000-000000009999.parquet").write_bytes(file.read_bytes())
    duck.execute(statement("duckdb/views.sql"))
    require_same_in_duckdb(duck)


def extension(name: str) -> str:
    """File of a DuckDB extension that is installed as a package."""
    found = find_spec(f"duckdb_extension_{name}")
    assert found is not None
    assert found.submodule_search_locations
    (file,) = Path(found.submodule_search_locations[0]).rglob("*.duckdb_extension")
    return str(file)


def require_same_in_ducklake(duck: duckdb.DuckDBPyConnection, catalogue: str, folder: Path) -> None:
    duck.load_extension(extension("ducklake"))
    duck.execute(f"ATTACH 'ducklake:{catalogue}' AS lake (DATA_PATH '{folder}')")
    for name in 2 * ("tables", "add_files", "recorded"):  # twice: nothing is added again
        duck.execute(statement(f"ducklake/{name}.sql"))
    for table in ("inference", "block", *FOREIGN_ROWS):
        assert (
            duck.execute(f"SELECT count(*) FROM lake.{table}").fetchone()
            == duck.execute(f"SELECT count(*) FROM {table}").fetchone()
        )
    duck.execute("DROP VIEW inference; USE lake")
    require_same_in_duckdb(duck)


def test_ducklake_with_a_file_as_catalogue(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    require_same_in_ducklake(duck, str(tmp_path / "catalogue"), tmp_path / "data")


def test_ducklake_with_a_catalogue_in_postgres(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path, postgres_folder: str
) -> None:
    duck.load_extension(extension("postgres_scanner"))
    catalogue = f"postgres:host={postgres_folder} user=postgres dbname=postgres"
    require_same_in_ducklake(duck, catalogue, tmp_path / "data")


@pytest.fixture
def postgres_folder() -> Iterator[str]:
    """The folder with the socket of an empty server. CI must have one."""
    try:
        with run_postgres() as url:
            yield url.rsplit("=", 1)[1]
    except PostgresError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    engine = ClickHouse(tmp_path / "clickhouse")
    yield engine
    engine.close()


def test_clickhouse(lake: Path, clickhouse: ClickHouse) -> None:
    clickhouse.run("tables")
    clickhouse.run("recorded_tables")
    for _ in range(2):  # the second time nothing is added
        clickhouse.load(lake)
        tallies = [(int(chain_id), *rest) for chain_id, *rest in clickhouse.run("tallies")]
        assert cells(tallies) == totals()
    days = [
        (int(chain_id), settlement, date.fromisoformat(day), *rest)
        for chain_id, settlement, day, *rest in clickhouse.run("day_tier_model")
    ]
    assert cells(days) == day_models()
    weeks = [
        (date.fromisoformat(week), tier, int(now), int(before), percent)
        for week, tier, now, before, percent in clickhouse.run("growth")
    ]
    assert weeks == growth()
    for table, count in FOREIGN_ROWS.items():
        ((stored,),) = clickhouse.ask(f"SELECT count() FROM {table} WHERE status = 'recorded, unverified'")
        assert int(stored) == count
    ((stored,),) = clickhouse.ask("SELECT count() FROM inference")
    assert int(stored) == sum(count for count, _ in totals().values())
