"""Blocks that leave the chain are replaced; what was final may not change."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from indexed import contents, count, indexer_of
from indexer_chain import FIRST_BLOCK, UINT96_MAX, RecordedChain, word

from indexer.errors import (
    ChainReorganisedError,
    FinalBlockChangedError,
    InconsistentLogsError,
    NodeBehindError,
)
from indexer.rpc import JsonRpc
from veritally.tiers import Tier

_HASHES = ("hash", "parentHash")


def branch_off(chain: RecordedChain, depth: int) -> None:
    """Replaces the last blocks by empty ones, and settles something else behind them."""
    kept = len(chain.blocks) - depth
    chain.logs = [log for log in chain.logs if int(log["blockNumber"], 16) < kept]
    del chain.blocks[kept:], chain.counters[kept:]
    chain.branch += "'"
    for _ in range(depth - 1):
        chain.mine()
    chain.settle({"tier": Tier.TEE, "amount": UINT96_MAX, "flags": 2}, {"amount": 1})


def require_same_as_fresh(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    """The database holds what an indexer stores that never saw another chain; numbers may differ."""
    fresh = path.with_name("fresh.db")
    fresh.unlink(missing_ok=True)
    indexer_of(chain, rpc, fresh).sync_once()
    assert _without_dictionaries(contents(path)) == _without_dictionaries(contents(fresh))


def _without_dictionaries(tables: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: rows for name, rows in tables.items() if name not in ("address", "model", "asset")}


@pytest.mark.parametrize("depth", range(1, 9))
@pytest.mark.parametrize("change", [RecordedChain.reorganise, branch_off])
def test_reorganised_chain_is_followed(
    chain: RecordedChain, rpc: JsonRpc, path: Path, depth: int, change: Callable[[RecordedChain, int], None]
) -> None:
    """Up to the deployment's first block: nothing of this chain is final."""
    chain.settle({"tier": Tier.TEE, "amount": UINT96_MAX})
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    change(chain, depth)
    result = indexer.sync_once()
    assert (result.replaced_blocks, result.from_block) == (depth, 11 - depth)
    require_same_as_fresh(chain, rpc, path)
    assert indexer.sync_once().replaced_blocks == 0


def test_reorganisation_that_adds_blocks_is_followed(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path, blocks_per_request=2)
    indexer.sync_once()
    branch_off(chain, 5)
    for _ in range(3):
        chain.settle({"amount": UINT96_MAX}, {"amount": UINT96_MAX})
    assert indexer.sync_once().replaced_blocks == 5
    require_same_as_fresh(chain, rpc, path)


def test_reorganisation_between_two_ranges_is_followed(
    chain: RecordedChain, rpc: JsonRpc, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of blocks 3 to 8 are of one branch, that of block 9 is of another."""
    indexer = indexer_of(chain, rpc, path, blocks_per_request=3)
    answer, ranges = chain.answer, threading.Semaphore(0)

    def reorganise_once(method: str, params: list[Any]) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "0x9" and not chain.branch:
            assert ranges.acquire(timeout=5)
            assert ranges.acquire(timeout=5)
            chain.reorganise(5)
        found = answer(method, params)
        if method == "eth_getLogs":
            ranges.release()
        return found

    monkeypatch.setattr(chain, "answer", reorganise_once)
    indexer.sync_once()
    assert chain.branch
    require_same_as_fresh(chain, rpc, path)


def test_chain_that_never_rests_is_given_up(
    chain: RecordedChain, rpc: JsonRpc, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every header is one of a branch of its own, in whatever order the connections are served."""
    indexer = indexer_of(chain, rpc, path, blocks_per_request=1)
    answer, branches = chain.answer, itertools.count()

    def restless(method: str, params: list[Any]) -> Any:
        found = answer(method, params)
        if method == "eth_getBlockByNumber":
            return found | {name: word(keccak(f"{next(branches)}".encode())) for name in _HASHES}
        return found

    monkeypatch.setattr(chain, "answer", restless)
    with pytest.raises((ChainReorganisedError, InconsistentLogsError)):
        indexer.sync_once()
    assert [method for method, _ in chain.requests].count("eth_blockNumber") == 3
    assert count(path, "inference") == 0


@pytest.mark.parametrize("depth", [3, 4, 6])
def test_final_block_that_changes_stops(chain: RecordedChain, rpc: JsonRpc, path: Path, depth: int) -> None:
    """Block 7 is final: a branch that begins above it is followed, another one changes nothing."""
    chain.final = 7
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    before = contents(path)
    chain.reorganise(depth)
    with pytest.raises(FinalBlockChangedError, match=r"block 7 was final with hash .*nothing was changed"):
        indexer.sync_once()
    assert contents(path) == before


def test_branch_above_the_final_block_is_followed(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.final = 7
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    branch_off(chain, 2)
    assert indexer.sync_once().replaced_blocks == 2
    require_same_as_fresh(chain, rpc, path)


def test_final_block_that_changes_stops_a_backfill(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.final = 9
    indexer = indexer_of(chain, rpc, path, blocks_per_request=2)
    ranges: list[None] = []
    indexer.sync_once(lambda: len(ranges) == 1 or ranges.append(None) is not None)
    assert count(path, "inference") == 2
    chain.reorganise(8)
    with pytest.raises(FinalBlockChangedError, match="block 4 was final"):
        indexer.sync_once()


def test_replacement_that_cannot_be_read_changes_nothing(
    chain: RecordedChain, rpc: JsonRpc, path: Path
) -> None:
    """Nothing is deleted before what takes its place is there."""
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    before = contents(path)
    chain.reorganise(5)
    chain.missing_block = 8
    with pytest.raises(NodeBehindError, match="lacks block 8"):
        indexer.sync_once()
    assert contents(path) == before
    chain.missing_block = None
    indexer.sync_once()
    require_same_as_fresh(chain, rpc, path)


def test_stale_head_of_a_reorganised_chain_is_waited_for(
    chain: RecordedChain, rpc: JsonRpc, path: Path
) -> None:
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    before = contents(path)
    chain.reorganise(5)
    for stale_head in (8, 4):
        chain.stale_head = stale_head
        with pytest.raises(NodeBehindError, match=rf"lacks block 9 \(its head: {stale_head}\)"):
            indexer.sync_once()
    assert contents(path) == before
    chain.stale_head = None
    indexer.sync_once()
    require_same_as_fresh(chain, rpc, path)


@pytest.mark.parametrize("blocks_per_request", [1, 2, 3, 1000])
@pytest.mark.parametrize("final", [2, 3, 5, 6, 8, 9])
def test_content_does_not_depend_on_when_blocks_became_final(
    chain: RecordedChain, rpc: JsonRpc, path: Path, final: int, blocks_per_request: int
) -> None:
    indexer = indexer_of(chain, rpc, path, blocks_per_request)
    for number in (0, FIRST_BLOCK + 1, final):
        chain.final = max(chain.final, number) if number <= final else chain.final
        indexer.sync_once()
    fresh = path.with_name("fresh.db")
    indexer_of(chain, rpc, fresh).sync_once()
    assert contents(path) == contents(fresh)
    kept = [row[0] for row in contents(path)["block"]]
    assert kept == [n for n in range(FIRST_BLOCK, 10) if n >= final or n in (3, 6, 8)]
