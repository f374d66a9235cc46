"""Builds a synthetic world and shows it: `world.py [--folder FOLDER] [--port PORT] [--no-serve] [options]`.

A made-up history is served as a node serves it, half of it first; then the last blocks are reorganised. The
real indexer follows, verifies everything, and says what came out. A world is built only once. docs/world.md
describes the history.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
from world_node import add_options, scenario_of
from world_scenario import Scenario

from indexer.migrations import NEWEST
from veritally.processes import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".build" / "world"
DATABASE = "world.db"
_BUILT = "world.json"
"""Says what the folder was built from; written last."""
_DEPLOYMENT = ("--deployment", "deployment.json")
_BLOCKS_PER_REQUEST = 20_000


class WorldFailedError(Exception):
    """A step did not do what it should; the message says which."""


def main() -> int:
    """Builds, verifies, reports, serves."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the world is, or will be")
    parser.add_argument("--port", type=int, default=8480, help="of page and API; 0 takes a free one")
    parser.add_argument("--no-serve", action="store_true", help="stop after building")
    add_options(parser)
    arguments = parser.parse_args()
    try:
        show(arguments.folder, scenario_of(arguments), None if arguments.no_serve else arguments.port)
    except (WorldFailedError, ValueError) as error:
        print(f"world: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def show(folder: Path, scenario: Scenario, port: int | None) -> None:
    """Builds a world unless it is there, reports its verdict, and serves it if there is a port."""
    build(folder, scenario)
    _indexer(folder, "report")
    if port is not None:
        with suppress(KeyboardInterrupt):
            _indexer(folder, "serve", "--port", str(port))


def build(folder: Path, scenario: Scenario) -> None:
    """Makes a world's database, unless it was made from the same scenario by the same programs.

    Raises:
        WorldFailedError: a step failed.
    """
    meant = asdict(scenario) | {"made_by": _programs()}
    if _is_built(folder, meant):
        print(f"the world of {scenario.inferences:,} inferences is there already: {folder}")
        return
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    for name in (_BUILT, DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (folder / name).unlink(missing_ok=True)
    print(f"making a world of {scenario.inferences:,} inferences: {_described(scenario)}", flush=True)
    with _node(folder, scenario) as url:
        source = ("--rpc-url", url, *_DEPLOYMENT)
        reading = ("--blocks-per-request", str(_BLOCKS_PER_REQUEST), *source)
        _indexer(folder, "sync", "--once", *reading)
        httpx.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "world_goOn"}).raise_for_status()
        print("the chain was reorganised, and goes on", flush=True)
        _indexer(folder, "sync", "--once", *reading)
        _indexer(folder, "verify", *source)
        _indexer(folder, "import", "transfers", *reading)
    (folder / _BUILT).write_text(json.dumps(meant, indent=2) + "\n", encoding="utf-8")
    print(f"built in {time.monotonic() - start:.0f} s: {folder / DATABASE}", flush=True)


def _is_built(folder: Path, meant: dict[str, Any]) -> bool:
    try:
        return bool(json.loads((folder / _BUILT).read_text(encoding="utf-8")) == meant)
    except (FileNotFoundError, json.JSONDecodeError):
        return False


def _programs() -> str:
    """Hash of whatever decides how a world looks like and how it is stored."""
    files = sorted([*Path(__file__).parent.glob("world*.py"), Path(__file__).with_name("replay_chain.py")])
    content = b"".join(file.read_bytes() for file in files)
    return f"{NEWEST}-{hashlib.sha256(content).hexdigest()[:16]}"


def _described(scenario: Scenario) -> str:
    return f"{scenario.payers:,} payers, {scenario.weeks} weeks, {scenario.trend}, seed {scenario.seed}"


@contextmanager
def _node(folder: Path, scenario: Scenario) -> Iterator[str]:
    """A process that serves the world; gives its URL."""
    options = [f"--{name}={value}" for name, value in asdict(scenario).items()]
    command = [sys.executable, str(Path(__file__).with_name("world_node.py")), str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) as node:
        try:
            assert node.stdout is not None
            if not (port := node.stdout.readline()):
                raise WorldFailedError("the world could not be made; the lines above say why")
            yield f"http://127.0.0.1:{int(port)}"
        finally:
            node.kill()


def _indexer(folder: Path, *words: str) -> None:
    """Runs a command of the indexer on the world's database."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VERITALLY_INDEXER_")}
    done = subprocess.run(
        [sys.executable, "-m", "indexer", *words, "--database-url", f"sqlite:///{DATABASE}"],
        cwd=folder,
        env=ours,
        check=False,
        preexec_fn=die_with_parent,
    )
    if done.returncode:
        raise WorldFailedError(f"`veritally-indexer {words[0]}` ended with exit code {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
