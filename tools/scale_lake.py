"""How fast DuckDB and ClickHouse answer the committed questions over an export."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from scale_queries import timings_ms

import indexer.export

_SQL = Path(indexer.export.__file__).with_name("sql")
_QUESTIONS = ("tallies", "day_tier_model", "growth")
_TRIES = 5

Figures = Iterator[tuple[str, float]]


def duckdb_figures(lake: Path) -> Figures:
    """Over the Parquet files as they are."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"SET VARIABLE export = '{lake}'")
        connection.execute((_SQL / "duckdb" / "views.sql").read_text(encoding="utf-8"))
        for name in _QUESTIONS:
            statement = (_SQL / "duckdb" / f"{name}.sql").read_text(encoding="utf-8")
            median, most = timings_ms(lambda s: connection.execute(s).fetchall(), statement, _TRIES)
            yield f"{name}_p50_ms", median
            yield f"{name}_max_ms", most


def clickhouse_figures(lake: Path, folder: Path) -> Figures:
    """Loads all files into MergeTree, then asks the roll-up that grew with them."""
    from chdb import session as chdb

    session = chdb.Session(str(folder))
    for statement in (_SQL / "clickhouse" / "tables.sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            session.query(statement)
    insert = (_SQL / "clickhouse" / "insert.sql").read_text(encoding="utf-8")
    manifest = json.loads((lake / "manifest.json").read_text(encoding="utf-8"))
    files = [file for one in manifest["deployments"] for some in one["ranges"] for file in some["files"]]
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    for file in files:
        session.query(f"SET insert_deduplication_token = '{file['sha256']}'")
        session.query(insert, params={"table": file["table"], "path": str(lake / file["path"])})
    rows = sum(file["rows"] for file in files)
    yield "load_rows_per_cpu_s", rows / (time.process_time() - start_cpu_s)
    yield "load_wall_s", time.perf_counter() - start_s
    parts = "SELECT sum(bytes_on_disk), sumIf(rows, table = 'inference') FROM system.parts WHERE active"
    octets, inferences = json.loads(session.query(parts, "JSONCompact").bytes())["data"][0]
    yield "disk_bytes_per_row", int(octets) / int(inferences)  # replaced parts stay for some minutes
    for name in _QUESTIONS:
        statement = (_SQL / "clickhouse" / f"{name}.sql").read_text(encoding="utf-8")
        median, most = timings_ms(session.query, statement, _TRIES)
        yield f"{name}_p50_ms", median
        yield f"{name}_max_ms", most
    raw = "SELECT tier, count(), sum(toUInt256(amount_base_units)) FROM inference GROUP BY tier"
    median, most = timings_ms(session.query, raw, _TRIES)
    yield "raw_totals_p50_ms", median
    yield "raw_totals_max_ms", most
    session.close()
