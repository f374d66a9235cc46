from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from indexed import contents, count, indexer_of
from indexer_chain import (
    CHAIN_ID,
    USDC,
    RecordedChain,
    inference_log,
    word,
)

from indexer import batches as batches_module
from indexer.errors import (
    ConcurrentIndexerError,
    InconsistentLogsError,
    NodeBehindError,
    SequenceGapError,
    UndecodableEventError,
    WrongChainError,
)
from indexer.rpc import JsonRpc


def without(seq: int) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    hidden = inference_log(seq)["topics"][1]
    return lambda logs: [log for log in logs if log["topics"][1] != hidden]


@pytest.mark.parametrize(("seq", "expected", "found"), [(0, 0, 1), (1, 1, 2), (2, 3, 2)])
def test_left_out_event_is_noticed(
    chain: RecordedChain, rpc: JsonRpc, path: Path, seq: int, expected: int, found: int
) -> None:
    """Also the last one, which no later event of the range gives away."""
    chain.alter_logs = without(seq)
    indexer = indexer_of(chain, rpc, path)
    message = f"blocks 3 to 9: expected seq {expected}, found seq {found}.*nothing of these blocks was stored"
    with pytest.raises(SequenceGapError, match=message):
        indexer.sync_once()
    assert count(path, "inference") == count(path, "block") == count(path, "rollup") == 0
    chain.alter_logs = lambda logs: logs
    assert indexer.sync_once().inferences == 3


def test_repeated_sequence_number_is_noticed(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.mine(inference_log(2))
    with pytest.raises(SequenceGapError, match="expected seq 3, found seq 2"):
        indexer_of(chain, rpc, path).sync_once()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"address": USDC}, "another contract"),
        ({"removed": True}, "marked as removed"),
        ({"blockNumber": "0x2"}, "a log of block 2"),
        ({"blockNumber": "0xff"}, "a log of block 255"),
        ({"logIndex": "0x1"}, "log 1 of block 3 twice"),
        ({"blockHash": "0x" + "77" * 32}, "two hashes for block 3"),
    ],
)
def test_logs_that_do_not_fit_are_refused(
    chain: RecordedChain, rpc: JsonRpc, path: Path, change: dict[str, Any], problem: str
) -> None:
    chain.alter_logs = lambda logs: [logs[0] | change, *logs[1:]]
    with pytest.raises(InconsistentLogsError, match=f"blocks 3 to 9: .*{problem}"):
        indexer_of(chain, rpc, path).sync_once()
    assert count(path, "inference") == 0


def test_order_of_the_answer_does_not_matter(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.alter_logs = lambda logs: logs[::-1]
    assert indexer_of(chain, rpc, path).sync_once().inferences == 3


def test_unknown_event_stops(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.mine({"topics": ["0x" + "ab" * 32], "data": "0x"})
    with pytest.raises(UndecodableEventError, match="block 10, log 0: unknown event topic 0xabab"):
        indexer_of(chain, rpc, path).sync_once()


def test_node_that_is_behind_is_no_empty_chain(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path)
    chain.missing_block = 9
    with pytest.raises(NodeBehindError, match="lacks block 9"):
        indexer.sync_once()
    chain.missing_block = None
    indexer.sync_once()
    chain.logs, chain.blocks = [], chain.blocks[:6]
    with pytest.raises(NodeBehindError, match=r"lacks block 9 \(its head: 5\)"):
        indexer.sync_once()
    chain.blocks = chain.blocks[:2]
    with pytest.raises(NodeBehindError, match=r"lacks block 3 \(its head: 1\)"):
        indexer_of(chain, rpc, path.with_name("fresh.db")).sync_once()


def test_wrong_chain_is_refused(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.chain_id = 1
    with pytest.raises(WrongChainError, match=f"serves chain 1, but the deployment is on chain {CHAIN_ID}"):
        indexer_of(chain, rpc, path)
    assert not path.exists()


def test_chain_that_changes_is_noticed(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    """A balancer may come to hand requests to a node of another chain."""
    indexer = indexer_of(chain, rpc, path)
    chain.chain_id = 1
    with pytest.raises(WrongChainError, match=f"serves chain 1, but the deployment is on chain {CHAIN_ID}"):
        indexer.sync_once()
    assert count(path, "inference") == 0


def test_token_that_gave_no_answer_is_asked_again(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    """Perhaps it was the node that could not answer."""
    chain.decimals[USDC] = None
    indexer_of(chain, rpc, path).sync_once()
    indexer_of(chain, rpc, path)
    assert [row[-1] for row in contents(path)["asset"]] == [None]
    chain.decimals[USDC] = word(6)
    indexer_of(chain, rpc, path)
    assert [row[-1] for row in contents(path)["asset"]] == [6]


def test_second_indexer_is_noticed(
    chain: RecordedChain, rpc: JsonRpc, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process stores the same range while this one reads it."""
    real = batches_module.unknown_assets
    other = indexer_of(chain, rpc, path)

    def interrupted(*arguments: Any) -> list[bytes]:
        monkeypatch.setattr(batches_module, "unknown_assets", real)
        assets = real(*arguments)
        other.sync_once()
        return assets

    monkeypatch.setattr(batches_module, "unknown_assets", interrupted)
    with pytest.raises(ConcurrentIndexerError, match="the cursor left block 3"):
        indexer_of(chain, rpc, path).sync_once()
    assert count(path, "inference") == 3
