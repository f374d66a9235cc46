"""Measures what one machine carries: `bench_scale.py [--rows N] [--folder F]`.

Prints one `name value` per line. Half a year of made-up inferences goes through the indexer's bulk path into
SQLite and Postgres; then come queries, the export, and DuckDB and ClickHouse over it. Each step runs in a
fresh process, and its CPU seconds hold those of all of Postgres' processes. 20 million rows take 15 GB on the
disk, and half an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
from bench_indexer import database_octets, measured
from postgres import run_postgres
from scale_lake import clickhouse_figures, duckdb_figures
from scale_queries import RAW, ROLLUPS, timings_ms
from scale_rows import fill
from sqlalchemy import create_engine, text

from indexer.database import Database

_ROWS = 2_000_000
_ROLLUP_TRIES, _RAW_TRIES = 50, 3
_BLOCKS_PER_FILE = 100_000

Figures = Iterator[tuple[str, float]]


def main() -> None:
    """Prints the figures, or runs one of the measured steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=_ROWS, help="inferences, about")
    parser.add_argument("--folder", type=Path, help="where the data goes while it is measured")
    parser.add_argument("--step", nargs=3, metavar=("NAME", "WHERE", "ROWS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        name, where, rows = arguments.step
        for line in _STEPS[name](where, int(rows)):
            print(json.dumps(line), flush=True)
        return
    print(f"load_average {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for name, value in _figures(Path(folder), arguments.rows):
            print(f"{name} {value:.0f}" if value >= 100 else f"{name} {value:.2f}", flush=True)
    print(f"load_average_at_end {os.getloadavg()[0]:.1f}", flush=True)


def _figures(folder: Path, rows: int) -> Figures:
    sqlite, lake = folder / "indexer.db", folder / "lake"
    yield from _named("sqlite", _step("fill", f"sqlite:///{sqlite}", rows))
    yield "sqlite_disk_bytes_per_row", sqlite.stat().st_size / rows
    yield from _named("sqlite", _step("ask", f"sqlite:///{sqlite}", rows))
    yield from _named("export", _step("export", f"sqlite:///{sqlite} {lake}", rows))
    yield "export_disk_bytes_per_row", _octets(lake) / rows
    yield from _named("export_check", _step("check", str(lake), rows))
    yield from _named("duckdb", _step("duckdb", str(lake), rows))
    yield from _named("clickhouse", _step("clickhouse", str(lake), rows))
    sqlite.unlink()
    with run_postgres("shared_buffers=1GB", "max_wal_size=4GB") as url:
        empty_octets = database_octets(url)
        yield from _named("postgres", _step("fill", url, rows))
        yield "postgres_disk_bytes_per_row", (database_octets(url) - empty_octets) / rows
        yield from _named("postgres", _step("ask", url, rows))


def _step(name: str, where: str, rows: int) -> Figures:
    command = [sys.executable, __file__, "--step", name, where, str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield tuple(json.loads(line))
    if process.returncode:
        raise SystemExit(f"step {name} failed")


def _named(prefix: str, figures: Figures) -> Figures:
    return ((f"{prefix}_{name}", value) for name, value in figures)


def _measured(work: Callable[[], int], url: str = "") -> Figures:
    run = measured(lambda *_: work, "", url)
    cpu_s = run["cpu_s"] + run["server_cpu_s"]
    yield "rows", run["events"]
    yield "rows_per_cpu_s", run["events"] / cpu_s
    yield "wall_s", run["wall_s"]
    yield "peak_memory_mb", run["peak_mb"]


def _fill(url: str, rows: int) -> Figures:
    yield from _measured(lambda: fill(Database(url), rows), url)


def _ask(url: str, _rows: int) -> Figures:
    """The queries of dashboards and analysts."""
    engine = create_engine(url)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    with engine.connect() as connection:
        for kind, statements, tries in (("rollup", ROLLUPS, _ROLLUP_TRIES), ("raw", RAW, _RAW_TRIES)):
            for name, statement in statements.items():
                median, most = timings_ms(lambda s: connection.execute(text(s)).all(), statement, tries)
                yield f"{kind}_{name}_p50_ms", median
                yield f"{kind}_{name}_max_ms", most


def _export(where: str, _rows: int) -> Figures:
    """`extra_memory_mb` is what the export takes above the loaded program."""
    from indexer.export.run import export

    url, folder = where.rsplit(" ", 1)
    pa.array([0])  # loads pandas where it is installed, which no export needs
    before_mb = _measured_peak_mb()
    yield from _measured(lambda: export(Database(url), Path(folder), _BLOCKS_PER_FILE).rows)
    yield "extra_memory_mb", _measured_peak_mb() - before_mb


def _check(folder: str, _rows: int) -> Figures:
    from indexer.export.run import check

    def work() -> int:
        return sum(some.rows for entry in check(Path(folder)).deployments for some in entry.ranges)

    yield from _measured(work)


def _measured_peak_mb() -> float:
    return float(measured(lambda *_: lambda: 0, "", "")["peak_mb"])


def _clickhouse(folder: str, _rows: int) -> Figures:
    yield from clickhouse_figures(Path(folder), Path(folder).with_name("clickhouse"))


def _octets(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


_STEPS: dict[str, Callable[[str, int], Figures]] = {
    "fill": _fill,
    "ask": _ask,
    "export": _export,
    "check": _check,
    "duckdb": lambda folder, _rows: duckdb_figures(Path(folder)),
    "clickhouse": _clickhouse,
}


if __name__ == "__main__":
    main()
