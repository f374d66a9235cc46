"""Measures how long the HTTP interface takes: `bench_api.py [--rows N] [--tries N] [--folder F]`.

Prints one `name value` per line. Half a year of made-up inferences goes through the indexer's bulk path into
SQLite and into Postgres; then a client asks the running server over HTTP, with other parameters each time.
Answers of the statistics are kept by the server once they are computed; the first time has a line of its own.
`cpu_ms` is the mean CPU time of client and server, without that of Postgres: on a busy machine it says more.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import msgspec
from eth_utils.crypto import keccak
from postgres import run_postgres
from replay_chain import FIRST_BLOCK_TIME_S
from scale_rows import DAYS, fill
from sqlalchemy import create_engine, text

from indexer.analytics.catalogue import METRICS
from indexer.api.app import make_app
from indexer.api.serving import served
from indexer.api.source import Source
from indexer.database import Database

_ROWS, _TRIES = 2_000_000, 200
_WARM_TRIES = 3
_FIRST_DAY = datetime.fromtimestamp(FIRST_BLOCK_TIME_S, UTC).date()

Path_: TypeAlias = Callable[[random.Random], str]
"""Makes a path to ask for."""


def _span(chance: random.Random, days: int) -> str:
    """A span of so many days somewhere in the data."""
    after = _FIRST_DAY + timedelta(chance.randint(1, DAYS - days - 2))
    return f"after={after}&before={after + timedelta(days)}"


def _name(chance: random.Random, kind: str, number: int, length: int) -> str:
    return "0x" + keccak(text=f"{kind} {chance.randrange(number)}")[-length:].hex()


ROLLUPS: dict[str, Path_] = {
    "overview": lambda _: "overview",
    "tallies": lambda _: "tallies",
    "tallies_by_day": lambda chance: f"tallies?bucket=day&{_span(chance, 30)}",
    "tallies_by_month": lambda chance: f"tallies?by=asset&bucket=month&{_span(chance, 150)}",
    "tallies_of_models_30_days": lambda chance: f"tallies?by=model&{_span(chance, 30)}",
    "tallies_of_models_all": lambda chance: f"tallies?by=model&limit={chance.randint(50, 500)}",
    "tallies_of_provers_by_week": lambda chance: f"tallies?by=prover&bucket=week&{_span(chance, 84)}",
    "tallies_of_payers_1_day": lambda chance: f"tallies?by=payer&limit=100&{_span(chance, 1)}",
    "series_by_hour_7_days": lambda chance: f"series?bucket=hour&{_span(chance, 7)}",
    "series_by_week": lambda chance: f"series?bucket=week&{_span(chance, 170)}",
    "series_of_a_payer": lambda chance: f"series?bucket=day&payer={_name(chance, 'payer', 5_000, 20)}",
    "series_of_a_model": lambda chance: f"series?bucket=day&model={_name(chance, 'model', 64, 32)}",
    "models": lambda _: "models",
    "model": lambda chance: f"models/{_name(chance, 'model', 64, 32)}",
    "prover": lambda chance: f"provers/{_name(chance, 'prover', 50, 20)}",
    "payer": lambda chance: f"payers/{_name(chance, 'payer', 5_000, 20)}",
    "routes": lambda _: "routes",
    "enclaves": lambda _: "enclaves",
    "incidents": lambda _: "incidents",
    "health": lambda _: "health",
}
"""Answered from roll-ups."""
ROWS: dict[str, Path_] = {
    "inferences": lambda chance: f"inferences?limit={chance.randint(40, 60)}",
    "inferences_of_a_prover": lambda chance: f"inferences?prover={_name(chance, 'prover', 50, 20)}",
    "inferences_of_a_payer": lambda chance: f"inferences?payer={_name(chance, 'payer', 5_000, 20)}",
}
"""Answered from rows."""


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=_ROWS, help="inferences, about")
    parser.add_argument("--tries", type=int, default=_TRIES, help="requests of each kind")
    parser.add_argument("--folder", type=Path, help="where the data goes while it is measured")
    parser.add_argument("--engine", choices=["sqlite", "postgres"], help="one of them only")
    asked = parser.parse_args()
    print(f"load_average {os.getloadavg()[0]:.1f}", flush=True)
    if asked.engine != "postgres":
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            _measure("sqlite", f"sqlite:///{folder}/indexer.db", asked.rows, asked.tries)
    if asked.engine != "sqlite":
        with run_postgres("shared_buffers=1GB", "max_wal_size=4GB") as url:
            _measure("postgres", url, asked.rows, asked.tries)
    print(f"load_average_at_end {os.getloadavg()[0]:.1f}", flush=True)


def _measure(engine: str, url: str, rows: int, tries: int) -> None:
    _say(f"{engine}_rows", fill(Database(url), rows))
    _tidy(url)
    started_s = time.perf_counter()
    source = Source(url)
    _say(f"{engine}_statistics_loaded_s", time.perf_counter() - started_s)
    started_s = time.perf_counter()
    source.warm()
    _say(f"{engine}_receipts_and_names_loaded_s", time.perf_counter() - started_s)
    with served(make_app(source), "127.0.0.1", 0) as address:
        connection = http.client.HTTPConnection(address.removeprefix("http://"))
        for metric in METRICS:
            (first_ms,) = _timings_ms(connection, [f"metrics/{metric.name}"])
            _say(f"{engine}_metric_{metric.name}_first_ms", first_ms)
        kinds: dict[str, Path_] = {
            **ROLLUPS,
            **ROWS,
            "metric": lambda chance: f"metrics/{chance.choice(METRICS).name}",
        }
        kinds["receipt"] = _receipts(connection)
        for name, path in kinds.items():
            chance = random.Random(name)
            _timings_ms(connection, [path(chance) for _ in range(_WARM_TRIES)])
            started_s = time.process_time()
            _report(f"{engine}_{name}", _timings_ms(connection, [path(chance) for _ in range(tries)]))
            _say(f"{engine}_{name}_cpu_ms", (time.process_time() - started_s) * 1_000 / tries)


def _report(name: str, timings_ms: list[float]) -> None:
    cuts = statistics.quantiles(timings_ms, n=100, method="inclusive")
    for label, value in (("p50", cuts[49]), ("p95", cuts[94]), ("p99", cuts[98])):
        _say(f"{name}_{label}_ms", value)


def _timings_ms(connection: http.client.HTTPConnection, paths: list[str]) -> list[float]:
    found = []
    for path in paths:
        started_s = time.perf_counter()
        _asked(connection, path)
        found.append((time.perf_counter() - started_s) * 1_000)
    return found


def _asked(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", f"/v1/{path}")
    response = connection.getresponse()
    body = response.read()
    if response.status not in (200, 503):
        raise SystemExit(f"/v1/{path}: {response.status} {body[:300]!r}")
    return body


def _receipts(connection: http.client.HTTPConnection) -> Path_:
    """Receipts of the newest rows. Their groups have made-up roots: they are found, and refused."""
    page = msgspec.json.decode(_asked(connection, "inferences?limit=500"))
    hashes = [row["receipt_hash"] for row in page["rows"]]
    return lambda chance: f"receipts/{chance.choice(hashes)}"


def _tidy(url: str) -> None:
    """What a database does by itself while nobody waits."""
    engine = create_engine(url)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def _say(name: str, value: float) -> None:
    print(f"{name} {value:.0f}" if value >= 1_000 else f"{name} {value:.2f}", flush=True)


if __name__ == "__main__":
    main()
