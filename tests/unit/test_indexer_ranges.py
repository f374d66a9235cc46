"""How ranges are sized, and what happens when the node refuses or cuts them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from indexed import contents, count, indexer_of
from indexer_chain import RecordedChain, receipt_skipped_log, serve

from indexer import ranges as ranges_module
from indexer.errors import MissingGroupError, NodeBehindError, RpcAnswerError, SequenceGapError
from indexer.rpc import JsonRpc


@pytest.fixture
def long_chain() -> RecordedChain:
    """Two inferences in every third of 60 blocks; the last 5 blocks are not final."""
    chain = RecordedChain(final=54)
    while len(chain.blocks) < 60:
        chain.settle({"amount": len(chain.blocks)}, {})
        chain.mine()
        chain.mine()
    del chain.requests[:]
    return chain


@pytest.fixture
def long_rpc(long_chain: RecordedChain) -> Iterator[JsonRpc]:
    with serve(long_chain) as url:
        yield JsonRpc(url)


def asked(chain: RecordedChain) -> list[tuple[int, int]]:
    """The ranges that were asked for, by first block."""
    logs = [params[0] for method, params in chain.requests if method == "eth_getLogs"]
    return sorted((int(where["fromBlock"], 16), int(where["toBlock"], 16)) for where in logs)


def require_all(chain: RecordedChain, path: Path) -> None:
    assert count(path, "inference") + count(path, "group_settled") == len(chain.logs) == 38 + 19
    assert contents(path)["deployment"][0][3:5] == (60, 38)


@pytest.mark.parametrize("most_blocks", [1, 2, 7, 30])
def test_refused_range_is_asked_for_in_smaller_parts(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path, most_blocks: int
) -> None:
    long_chain.most_blocks = most_blocks
    indexer_of(long_chain, long_rpc, path).sync_once()
    require_all(long_chain, path)
    assert max(last - first for first, last in asked(long_chain)) >= most_blocks


def test_node_that_refuses_single_blocks_is_given_up(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    long_chain.most_blocks = 0
    with pytest.raises(RpcAnswerError, match=r"eth_getLogs at .*max block range 0"):
        indexer_of(long_chain, long_rpc, path).sync_once()
    assert count(path, "inference") == 0


@pytest.mark.parametrize("forgets_states", [False, True])
def test_number_of_logs_that_looks_like_a_limit_is_not_believed(
    long_chain: RecordedChain,
    long_rpc: JsonRpc,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forgets_states: bool,
) -> None:
    """The node cuts every answer after ten logs and says nothing."""
    monkeypatch.setattr(ranges_module, "_LIMIT_UNIT", 10)
    long_chain.forgets_states = forgets_states
    long_chain.alter_logs = lambda logs: logs[:10]
    indexer_of(long_chain, long_rpc, path).sync_once()
    require_all(long_chain, path)


def test_cut_answer_is_noticed_by_the_contracts_number(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    """At whatever number the node cuts: the contract knows how many inferences there are after the range."""
    long_chain.alter_logs = lambda logs: logs[:7]
    with pytest.raises(SequenceGapError, match="blocks 3 to 54: expected seq 36, found seq 5"):
        indexer_of(long_chain, long_rpc, path).sync_once()
    assert count(path, "inference") == 0


def test_node_that_forgets_old_states_is_good_enough(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    long_chain.forgets_states = True
    indexer_of(long_chain, long_rpc, path, blocks_per_request=9).sync_once()
    require_all(long_chain, path)


def test_latest_state_must_be_known(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise ValueError("no state at all")

    monkeypatch.setattr(RecordedChain, "_view", refuse)
    with pytest.raises(RpcAnswerError, match=r"eth_call at .*no state at all"):
        indexer_of(long_chain, long_rpc, path).sync_once()


def test_cut_end_of_a_range_is_noticed_without_old_states(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    """The next range begins with a number that does not follow."""
    long_chain.forgets_states = True
    long_chain.alter_logs = lambda logs: logs[:-3]
    with pytest.raises(SequenceGapError, match="blocks 12 to 20: expected seq 4, found seq 6"):
        indexer_of(long_chain, long_rpc, path, blocks_per_request=9).sync_once()


def test_cut_within_a_group_is_noticed_without_old_states(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    """At once: the group's event is the last one."""
    long_chain.forgets_states = True
    long_chain.alter_logs = lambda logs: logs[:-1]
    with pytest.raises(MissingGroupError, match="blocks 3 to 11: log 0 of block 9 is an inference without"):
        indexer_of(long_chain, long_rpc, path, blocks_per_request=9).sync_once()
    assert count(path, "inference") == 0


def test_error_that_passes_is_overcome(long_chain: RecordedChain, long_rpc: JsonRpc, path: Path) -> None:
    """One answer lacks an event; the next one is whole."""
    answers: list[int] = []

    def drop_once(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answers.append(len(logs))
        return logs[1:] if len(answers) == 1 else logs

    long_chain.alter_logs = drop_once
    indexer_of(long_chain, long_rpc, path).sync_once()
    require_all(long_chain, path)


def test_what_was_read_before_the_node_failed_is_kept(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    """A node that fails after every few answers is got through all the same."""
    long_chain.missing_block = 57
    indexer = indexer_of(long_chain, long_rpc, path)
    with pytest.raises(NodeBehindError, match="lacks block 57"):
        indexer.sync_once()
    assert contents(path)["deployment"][0][3:5] == (55, 36)
    long_chain.missing_block = None
    indexer.sync_once()
    require_all(long_chain, path)


def test_what_was_read_before_a_gap_is_not_kept(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    """Where the gap begins is not known: the range before it may have been cut."""
    long_chain.forgets_states = True
    long_chain.alter_logs = lambda logs: logs[:-3] if int(logs[-1]["blockNumber"], 16) == 54 else logs
    with pytest.raises(SequenceGapError):
        indexer_of(long_chain, long_rpc, path).sync_once()
    assert contents(path)["deployment"][0][3:5] == (3, 0)


def test_ranges_are_sized_by_what_they_bring(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A range of three blocks brings about 3,000 bytes: eight times as many blocks are too much."""
    monkeypatch.setattr(ranges_module, "_FIRST_BLOCKS", 3)
    monkeypatch.setattr(ranges_module, "_TARGET_BYTES", 6_000)
    indexer_of(long_chain, long_rpc, path).sync_once()
    require_all(long_chain, path)
    lengths = [last - first + 1 for first, last in asked(long_chain)]
    assert lengths[0] == 3
    assert 4 <= max(lengths) <= 9


def test_several_ranges_are_in_flight(long_chain: RecordedChain, long_rpc: JsonRpc, path: Path) -> None:
    """The node answers none of the first three requests before it has all of them."""
    together = threading.Barrier(3)
    asked_for: list[int] = []

    def meet(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        asked_for.append(len(logs))
        if len(asked_for) <= together.parties:
            together.wait(timeout=5)
        return logs

    long_chain.alter_logs = meet
    indexer_of(long_chain, long_rpc, path, blocks_per_request=6).sync_once()
    require_all(long_chain, path)
    assert not together.broken


def test_headers_of_all_blocks_are_checked_above_the_final_one(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    indexer_of(long_chain, long_rpc, path).sync_once()
    numbers = {params[0] for method, params in long_chain.requests if method == "eth_getBlockByNumber"}
    with_logs = {log["blockNumber"] for log in long_chain.logs}
    assert numbers == {hex(n) for n in (3, *range(54, 60))} | with_logs | {"finalized"}
    kept = [row[0] for row in contents(path)["block"]]
    assert set(kept) == {int(number, 16) for number in with_logs} | set(range(54, 60))


def test_block_that_is_no_child_of_the_one_before_is_noticed(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    long_chain.blocks[57] = long_chain.blocks[57] | {"parentHash": "0x" + "99" * 32}
    with pytest.raises(Exception, match="block 57 is no child of block 56"):
        indexer_of(long_chain, long_rpc, path).sync_once()


def test_logs_of_other_events_may_be_all_there_is(
    long_chain: RecordedChain, long_rpc: JsonRpc, path: Path
) -> None:
    long_chain.mine(receipt_skipped_log(b""))
    indexer_of(long_chain, long_rpc, path).sync_once()
    assert count(path, "receipt_skipped") == 1
