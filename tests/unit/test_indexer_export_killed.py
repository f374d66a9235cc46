"""An export that is killed anywhere stays usable, and the next run completes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from exported import LAKE, chain_of_all_events, files_of, rows_of
from foreign_rows import add_foreign_history
from indexer_chain import RecordedChain
from indexer_command import Run

from indexer.database import Database
from indexer.export.run import check
from indexer.export.schema import TABLES
from indexer.recorded.export import check_recorded

_PROGRAM = Path(__file__).with_name("killed_export.py")


@pytest.fixture
def chain() -> RecordedChain:
    return chain_of_all_events()


def test_killed_at_every_step(run: Run, chain: RecordedChain) -> None:
    chain.final = 5
    run("sync", "--once")
    run("export", "--to", "lake")
    chain.final = 9
    run("sync", "--once")
    add_foreign_history(Database("sqlite:///veritally-indexer.db"))
    command = [sys.executable, str(_PROGRAM), "sqlite:///veritally-indexer.db", "lake"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    verified, recorded = map(int, done.stdout.split())
    assert verified > 2 * len(TABLES)
    assert recorded > 2 * 3
    ranges = check(LAKE).deployments[0].ranges
    assert [(some.from_block, some.to_block) for some in ranges] == [(3, 5), (6, 9)]
    assert {LAKE / file.path for some in ranges for file in some.files} == set(files_of())
    streams = check_recorded(LAKE).streams
    named = {LAKE / some.file.path for stream in streams for some in stream.ranges}
    assert named == set(files_of("*", LAKE / "recorded"))
    assert [stream.rows for stream in streams] == [2, 1, 1]
    assert not list(LAKE.rglob("*.partial"))
    assert [row["seq"] for row in rows_of("inference")] == list(range(6))


def test_files_of_a_killed_run_do_not_get_in_the_way(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    run("export", "--to", "lake")
    place = files_of("inference")[0].parent
    left = [place / "000000000006-000000000007.parquet", place / "000000000006-000000000008.parquet.partial"]
    left.append(LAKE / "recorded" / "token_transfer" / "1" / "transfers" / left[0].name)
    left[-1].parent.mkdir(parents=True)
    foreign = place / "notes.txt"
    for file in (*left, foreign):
        file.write_bytes(b"")
    run("export", "--to", "lake")
    assert not any(file.exists() for file in left)
    assert foreign.exists()
