from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from indexed import contents, count, indexer_of
from indexer_chain import (
    FIRST_BLOCK,
    KEY,
    PAYER,
    USDC,
    RecordedChain,
    group_skipped_log,
    receipt_skipped_log,
)

from indexer import sync as sync_module
from indexer.rpc import JsonRpc


def test_every_event_becomes_a_row(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    result = indexer_of(chain, rpc, path).sync_once()
    assert (result.from_block, result.to_block, result.inferences, result.events) == (FIRST_BLOCK, 9, 3, 8)
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT inference.id >> 20, inference.id & 1048575, seq, tier, floor, development, unbound,"
            " amount_e0, block.timestamp_s, hex(payer.value), hex(asset.value)"
            " FROM inference JOIN block ON block.id = inference.id >> 20"
            " LEFT JOIN address payer ON payer.id = payer_id JOIN address asset ON asset.id = asset_id"
            " ORDER BY inference.id"
        ).fetchall()
    payer, usdc = PAYER[2:].upper(), USDC[2:].upper()
    assert rows == [
        (3, 0, 0, 1, 1, 0, 0, 5, 1_764_000_006, payer, usdc),
        (3, 2, 1, 2, 1, 1, 0, 0, 1_764_000_006, "", usdc),
        (6, 0, 2, 3, 1, 0, 0, 7, 1_764_000_012, payer, usdc),
    ]
    stored = contents(path)
    assert [row[-2:] for row in stored["group_settled"]] == [(0, 0), (1, 0), (0, 0)]
    assert [row[6] for row in stored["group_settled"]] == [KEY] * 3
    assert len(stored["group_skipped"]) == len(stored["receipt_skipped"]) == 1
    assert [(number, events) for number, *_, events in stored["block"] if events] == [(3, 4), (6, 2), (8, 2)]
    assert [row[-1] for row in stored["asset"]] == [6]


def test_skips_keep_reason_and_its_name(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    selector = bytes.fromhex("4fd16c0b")
    chain.mine(group_skipped_log(0, selector), receipt_skipped_log(bytes.fromhex("4e487b71") + bytes(32)))
    indexer_of(chain, rpc, path).sync_once()
    with sqlite3.connect(path) as database:
        groups = database.execute("SELECT group_index, reason_name, reason FROM group_skipped").fetchall()
        receipts = database.execute("SELECT reason_name, reason FROM receipt_skipped ORDER BY id").fetchall()
    assert groups == [(1, None, bytes(4)), (0, None, selector)]
    assert receipts == [(None, b""), ("Panic", bytes.fromhex("4e487b71") + bytes(32))]


def test_running_again_changes_nothing(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    before = contents(path)
    again = indexer.sync_once()
    assert (again.inferences, again.events, again.to_block) == (0, 0, 9)
    indexer_of(chain, rpc, path).sync_once()
    assert contents(path) == before


@pytest.mark.parametrize("blocks_per_request", [1, 2, 3, 5])
def test_content_does_not_depend_on_the_ranges(
    chain: RecordedChain, rpc: JsonRpc, path: Path, blocks_per_request: int
) -> None:
    indexer_of(chain, rpc, path).sync_once()
    other = path.with_name("other.db")
    indexer_of(chain, rpc, other, blocks_per_request).sync_once()
    assert contents(other) == contents(path)


def test_goes_on_where_it_stopped(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    chain.settle({"amount": 1}, {"amount": 2})
    chain.requests.clear()
    assert indexer.sync_once().inferences == 2
    asked = [params[0]["fromBlock"] for method, params in chain.requests if method == "eth_getLogs"]
    assert asked == [hex(10)]
    fresh = path.with_name("fresh.db")
    indexer_of(chain, rpc, fresh).sync_once()
    assert contents(fresh) == contents(path)


@pytest.mark.parametrize("survived", [0, 1, 2, 3])
def test_failed_commit_leaves_whole_ranges_only(
    chain: RecordedChain, rpc: JsonRpc, path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """The transaction of range number `survived` breaks after all its statements."""
    real, calls = sync_module.write_range, []

    def write_then_break(*arguments: Any) -> Any:
        learnt = real(*arguments)
        calls.append(arguments)
        if len(calls) > survived:
            raise KeyboardInterrupt
        return learnt

    monkeypatch.setattr(sync_module, "write_range", write_then_break)
    with pytest.raises(KeyboardInterrupt):
        indexer_of(chain, rpc, path, blocks_per_request=2).sync_once()
    assert contents(path)["deployment"][0][3] == FIRST_BLOCK + 2 * survived
    monkeypatch.setattr(sync_module, "write_range", real)
    indexer_of(chain, rpc, path, blocks_per_request=2).sync_once()
    fresh = path.with_name("fresh.db")
    indexer_of(chain, rpc, fresh).sync_once()
    assert contents(path) == contents(fresh)


KILLED = """
import os, signal, sys
from indexer import cli, sync
real, ranges = sync.write_range, []
def write_then_die(*arguments):
    learnt = real(*arguments)
    ranges.append(arguments)
    if len(ranges) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return learnt
sync.write_range = write_then_die
cli.main(sys.argv[1:])
"""


def test_killed_process_resumes(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    deployment = path.with_name("deployment.json")
    chain.deployment.save(deployment)
    arguments = ["sync", "--once", "--rpc-url", rpc.shown_url, "--database-url", f"sqlite:///{path}"]
    arguments += ["--deployment", str(deployment), "--blocks-per-request", "1"]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], env=os.environ, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert count(path, "inference") == 2
    assert contents(path)["deployment"][0][3] == FIRST_BLOCK + 2
    indexer_of(chain, rpc, path).sync_once()
    fresh = path.with_name("fresh.db")
    indexer_of(chain, rpc, fresh).sync_once()
    assert contents(path) == contents(fresh)


def test_asks_for_nothing_above_the_head_that_it_read(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer_of(chain, rpc, path, blocks_per_request=4).sync_once()
    asked = [(p[0]["fromBlock"], p[0]["toBlock"]) for method, p in chain.requests if method == "eth_getLogs"]
    assert sorted(asked) == [("0x3", "0x6"), ("0x7", "0x9")]
