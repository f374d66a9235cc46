"""Measures the indexer: `bench_indexer.py [--blocks N] [--long]` prints one `name value` per line.

A made-up chain of our real events is served by a process of its own, which is not counted. Each way of
indexing it runs in a fresh process, three times, and the best of them counts (once with `--long`): what else
runs on the machine only makes it slower. CPU seconds are those of the program from the first request to the
last commit, and those of all of Postgres' processes. At the end a real node makes blocks of a second, and it
is measured how long each takes to be counted. `--long` adds a chain of two million events, which takes ten
minutes more and 4 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from postgres import run_postgres
from replay_chain import deployment
from sqlalchemy import create_engine, text

from indexer.chain import SettlementChain
from indexer.counters import next_seq_call
from indexer.database import Database
from indexer.decode import INDEXED_CONTRACTS, EventDecoder
from indexer.ranges import RangeReader
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from indexer.tallies import compared, read_report, require_match
from veritally.memory import collect_rarely, keep_freed_memory

_BLOCKS = 4_000
_LONG_BLOCKS = 33_000
_NAIVE_BLOCKS = 100
_BLOCKS_PER_REQUEST = 1_000
_TRIES = 3
"""Of each way; the one that took the fewest CPU seconds counts."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Prints the figures, or runs one of the measured processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=_BLOCKS, help="length of the chain; 62 events a block")
    parser.add_argument("--long", action="store_true", help="also index two million events")
    parser.add_argument("--run", nargs=3, metavar=("WAY", "RPC", "DATABASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        way, rpc_url, database_url = arguments.run
        print(json.dumps(measured(_WAYS[way], rpc_url, database_url)))
        return
    figures = _figures(arguments.blocks)
    for name, value in chain(figures, _tip_figures(), _long_figures() if arguments.long else ()):
        print(f"{name} {value:.0f}" if value >= 100 else f"{name} {value:.3g}", flush=True)


def _figures(blocks: int) -> Iterator[tuple[str, float]]:
    with replay_node(blocks) as rpc_url:
        no_sink = min((_run("no_sink", rpc_url, "") for _ in range(_TRIES)), key=_all_cpu_s)
        yield "events", no_sink["events"]
        yield "no_sink_events_per_cpu_s", no_sink["events"] / no_sink["cpu_s"]
        yield from _both_databases(rpc_url, _TRIES)
    with replay_node(_NAIVE_BLOCKS) as rpc_url, tempfile.TemporaryDirectory() as folder:
        runs = (_run("naive", rpc_url, f"sqlite:///{folder}/naive{n}.db") for n in range(_TRIES))
        naive = min(runs, key=_all_cpu_s)
        yield "naive_events_per_cpu_s", naive["events"] / naive["cpu_s"]


def _tip_figures() -> Iterator[tuple[str, float]]:
    from bench_tip import tip_figures  # web3.py would count among the memory of the others

    return tip_figures()


def _long_figures() -> Iterator[tuple[str, float]]:
    """The same figures with many more events: none of them may be worse per event."""
    with replay_node(_LONG_BLOCKS) as rpc_url:
        for name, value in _both_databases(rpc_url, tries=1):
            yield f"{name}_2m", value


def _both_databases(rpc_url: str, tries: int) -> Iterator[tuple[str, float]]:
    sqlite = [_into_sqlite(rpc_url) for _ in range(tries)]
    yield from _of("sqlite", min(sqlite, key=_all_cpu_s))
    postgres = [_into_postgres(rpc_url) for _ in range(tries)]
    yield from _of("postgres", min(postgres, key=_all_cpu_s))
    yield "postgres_server_cpu_s", min(postgres, key=_all_cpu_s)["server_cpu_s"]
    yield "peak_memory_mb", max(run["peak_mb"] for run in (*sqlite, *postgres))


def _into_sqlite(rpc_url: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "indexer.db"
        run = _run("indexer", rpc_url, f"sqlite:///{file}")
        return run | {"octets": file.stat().st_size}


def _into_postgres(rpc_url: str) -> dict[str, float]:
    with run_postgres() as url:
        empty_octets = database_octets(url)
        run = _run("indexer", rpc_url, url)
        return run | {"octets": database_octets(url) - empty_octets}


def _all_cpu_s(run: dict[str, float]) -> float:
    return run["cpu_s"] + run["server_cpu_s"]


def _of(name: str, run: dict[str, float]) -> Iterator[tuple[str, float]]:
    yield f"{name}_events_per_cpu_s", run["events"] / _all_cpu_s(run)
    yield f"{name}_cpu_s", _all_cpu_s(run)
    yield f"{name}_wall_s", run["wall_s"]
    yield f"{name}_peak_memory_mb", run["peak_mb"]
    yield f"{name}_disk_bytes_per_event", run["octets"] / run["events"]


@contextmanager
def replay_node(blocks: int) -> Iterator[str]:
    """A process that serves the made-up chain; gives its URL."""
    command = [sys.executable, str(Path(__file__).with_name("replay_rpc.py")), str(blocks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
        try:
            assert node.stdout is not None
            yield f"http://127.0.0.1:{int(node.stdout.readline())}"
        finally:
            node.kill()


def _run(way: str, rpc_url: str, database_url: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--run", way, rpc_url, database_url]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def measured(way: Callable[[str, str], Callable[[], int]], rpc_url: str, url: str) -> dict[str, float]:
    """What the work that `way` prepares takes: number of events, seconds, and memory at its peak."""
    index = way(rpc_url, url)
    start_s, start_cpu_s, start_server_s = time.perf_counter(), time.process_time(), server_cpu_s(url)
    events = index()
    cpu_s, wall_s = time.process_time() - start_cpu_s, time.perf_counter() - start_s
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak_kb = int(status.split("VmHWM:")[1].split()[0])
    return {
        "events": events,
        "cpu_s": cpu_s,
        "wall_s": wall_s,
        "server_cpu_s": server_cpu_s(url) - start_server_s,
        "peak_mb": peak_kb / 1024,
    }


def _indexer(rpc_url: str, database_url: str) -> Callable[[], int]:
    """Our indexer, with all roll-ups; the contract's counters must agree afterwards."""
    keep_freed_memory()  # as the program does
    collect_rarely()
    rpc, database = JsonRpc(rpc_url), Database(database_url)
    indexer = Indexer(rpc, database, deployment(), _BLOCKS_PER_REQUEST)
    indexer.open()

    def index() -> int:
        events = indexer.sync_once().events
        require_match(compared(rpc, read_report(database)))
        return events

    return index


def _no_sink(rpc_url: str, _database_url: str) -> Callable[[], int]:
    """Reading and decoding alone."""
    keep_freed_memory()
    collect_rarely()
    contracts = {name: bytes.fromhex(deployment().address_of(name)[2:]) for name in INDEXED_CONTRACTS}
    chain = SettlementChain(JsonRpc(rpc_url), deployment().chain_id, contracts["Settlement"])
    reader = RangeReader(chain, contracts, next_seq_call(), _BLOCKS_PER_REQUEST)
    decoder = EventDecoder(contracts)

    def index() -> int:
        return sum(
            len(rows) for found in reader.read(1, chain.heads()) for rows in decoder.decode(found.logs)
        )

    return index


def _naive(rpc_url: str, database_url: str) -> Callable[[], int]:
    """web3.py and the ORM, without roll-ups and checks."""
    from bench_naive import index_naively  # web3.py would count among the memory of the others

    return index_naively(rpc_url, database_url, deployment().settlement)


_WAYS: dict[str, Callable[[str, str], Callable[[], int]]] = {
    "indexer": _indexer,
    "no_sink": _no_sink,
    "naive": _naive,
}


def server_cpu_s(database_url: str) -> float:
    """CPU seconds of a Postgres server and all of its processes, the ended ones among them; 0 for SQLite."""
    if not database_url.startswith("postgresql"):
        return 0.0
    pid_file = Path(database_url.rsplit("=", 1)[1], "data", "postmaster.pid")
    server = int(pid_file.read_text(encoding="utf-8").split()[0])
    children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="utf-8").split()
    return (_ticks(server, (11, 12, 13, 14)) + sum(_ticks(int(c), (11, 12)) for c in children)) / _TICKS_PER_S


def _ticks(pid: int, fields: tuple[int, ...]) -> int:
    values = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return sum(int(values[field]) for field in fields)


def database_octets(url: str) -> int:
    """Size of a Postgres database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        size: Any = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return int(size)


if __name__ == "__main__":
    main()
