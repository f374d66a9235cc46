"""Several endpoints: one that fails or lies is left for another; two that contradict each other stop it."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from indexed import contents
from indexer_chain import RecordedChain, inference_log, serve
from whole_chain import liar, make_whole_chain, settle_group, without

from indexer import rpc as rpc_module
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.errors import (
    EndpointsDisagreeError,
    FinalBlockChangedError,
    InconsistentLogsError,
    MissingGroupError,
    RpcUnreachableError,
    SequenceGapError,
    SettingsError,
    WrongChainError,
)
from indexer.sync import Indexer
from indexer.tallies import compared, read_report, require_match

NOBODY = "http://127.0.0.1:9/key"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_module, "_PAUSE_S", 0.0)


@pytest.fixture
def chain() -> RecordedChain:
    return make_whole_chain()


@pytest.fixture
def url(chain: RecordedChain) -> Iterator[str]:
    with serve(chain) as url:
        yield url


def indexer_of(chain: RecordedChain, path: Path, *urls: str) -> Indexer:
    indexer = Indexer(Endpoints.of_urls(urls, 5.0), Database(f"sqlite:///{path}"), chain.deployment, 1000)
    indexer.open()
    return indexer


def incidents(path: Path) -> list[Any]:
    with sqlite3.connect(path) as database:
        names = "kind, first_block, last_block, endpoint, resolved"
        return database.execute(f"SELECT {names} FROM incident ORDER BY id").fetchall()


def require_whole(chain: RecordedChain, url: str, path: Path) -> None:
    """The database holds what an indexer stores that knows the honest endpoint only."""
    fresh = path.with_name("fresh.db")
    indexer_of(chain, fresh, url).sync_once()
    assert contents(path) == contents(fresh)


def test_names_show_neither_path_nor_key() -> None:
    urls = [
        "https://one.example/secret",
        "http://two.example:8545/s3cret",
        "https://one.example/other?k=secret",
    ]
    names = Endpoints.of_urls(urls).names
    assert names == (
        "https://one.example:443 (no. 1)",
        "http://two.example:8545",
        "https://one.example:443 (no. 2)",
    )
    assert Endpoints.of_urls(urls).in_order()[2].another().shown_url == names[2]


@pytest.mark.parametrize(
    ("urls", "problem"),
    [([], "is missing"), ([NOBODY, NOBODY], "comes twice"), (["ftp://host"], "is not of the form http")],
)
def test_unusable_urls(urls: list[str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        Endpoints.of_urls(urls)


def test_dead_endpoint_is_left_for_another(chain: RecordedChain, url: str, path: Path) -> None:
    endpoints = Endpoints.of_urls([NOBODY, url], 5.0)
    database = Database(f"sqlite:///{path}")
    indexer = Indexer(endpoints, database, chain.deployment, 1000)
    indexer.open()
    assert indexer.sync_once().inferences == 26
    assert endpoints.current.shown_url == url
    require_match(compared(Endpoints.of_urls([NOBODY, url]), read_report(database)))
    assert incidents(path) == []
    require_whole(chain, url, path)


def test_no_endpoint_answers(chain: RecordedChain, path: Path) -> None:
    with pytest.raises(RpcUnreachableError, match=r"127\.0\.0\.1:9 "):
        indexer_of(chain, path, NOBODY, "http://127.0.0.1:10/key")


@pytest.mark.parametrize("answer", [(200, b"<html>busy</html>"), (500, b"oops"), (200, b"[]"), (429, b"")])
def test_unusable_answers_make_it_use_another(
    chain: RecordedChain, url: str, path: Path, answer: tuple[int, bytes]
) -> None:
    broken = liar(chain, lambda logs: logs)
    with serve(broken) as bad:
        indexer = indexer_of(chain, path, bad, url)
        broken.raw_answer = answer
        assert indexer.sync_once().inferences == 26
        broken.raw_answer = None
        settle_group(chain, {})
        assert indexer.sync_once().inferences == 1
    require_whole(chain, url, path)


def test_what_was_stored_before_the_failure_is_kept(chain: RecordedChain, url: str, path: Path) -> None:
    broken = liar(chain, lambda logs: logs)

    def breaks(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if any(int(log["blockNumber"], 16) > 10 for log in logs):
            raise ValueError("disk error")
        return logs

    broken.alter_logs = breaks
    with serve(broken) as bad:
        indexer = Indexer(
            Endpoints.of_urls([bad, url], 5.0), Database(f"sqlite:///{path}"), chain.deployment, 3
        )
        indexer.open()
        result = indexer.sync_once()
    assert (result.from_block, result.to_block, result.inferences) == (3, 26, 26)
    asked = [int(params[0]["fromBlock"], 16) for method, params in chain.requests if method == "eth_getLogs"]
    assert min(asked) > 3
    require_whole(chain, url, path)


def test_stale_replica_makes_it_use_another(chain: RecordedChain, url: str, path: Path) -> None:
    stale = liar(chain, lambda logs: logs)
    stale.blocks, stale.counters = chain.blocks[:15], chain.counters[:15]
    stale.final = 10
    indexer_of(chain, path, url).sync_once()
    settle_group(chain, {"amount": 1})
    with serve(stale) as behind:
        assert indexer_of(chain, path, behind, url).sync_once().inferences == 1
    require_whole(chain, url, path)


def test_wrong_chain_beside_the_right_one(chain: RecordedChain, url: str, path: Path) -> None:
    other = liar(chain, lambda logs: logs)
    other.chain_id = 1
    with serve(other) as wrong, pytest.raises(WrongChainError, match=f"{wrong} serves chain 1, but"):
        indexer_of(chain, path, url, wrong)


def test_endpoint_of_another_chain_that_was_away_is_found_out(
    chain: RecordedChain, url: str, path: Path
) -> None:
    other = liar(chain, lambda logs: logs)
    other.chain_id, other.raw_answer = 1, (500, b"")
    with serve(other) as wrong:
        indexer = indexer_of(chain, path, wrong, url)
        other.raw_answer = None
        with pytest.raises(WrongChainError):
            indexer.sync_once()


def fork(chain: RecordedChain, depth: int) -> RecordedChain:
    """Another node that took another branch for the last blocks."""
    other = copy.deepcopy(chain)
    other.reorganise(depth)
    return other


@pytest.mark.parametrize("order", [1, -1])
def test_two_that_disagree_about_a_final_block_stop_it(
    chain: RecordedChain, url: str, path: Path, order: int
) -> None:
    with serve(fork(chain, 10)) as other:
        urls = [url, other][::order]
        indexer = indexer_of(chain, path, *urls)
        with pytest.raises(EndpointsDisagreeError) as caught:
            indexer.sync_once()
    assert f"{urls[0]} and {urls[1]} disagree about the hash of block 22, which both call final" in str(
        caught.value
    )
    assert contents(path)["inference"] == []


def test_two_that_disagree_about_hot_blocks_do_not(chain: RecordedChain, url: str, path: Path) -> None:
    with serve(fork(chain, 4)) as other:
        assert indexer_of(chain, path, url, other).sync_once().inferences == 26
    require_whole(chain, url, path)


def test_endpoint_that_is_not_as_far_is_asked_about_what_it_calls_final(
    chain: RecordedChain, url: str, path: Path
) -> None:
    late = fork(chain, 10)
    late.final = 15
    with serve(late) as other:
        assert indexer_of(chain, path, url, other).sync_once().inferences == 26


def test_final_block_that_changes_at_one_endpoint_stops_it(
    chain: RecordedChain, url: str, path: Path
) -> None:
    indexer_of(chain, path, url).sync_once()
    changed = fork(chain, 10)
    changed.final = 10
    with serve(changed) as other:
        indexer = indexer_of(chain, path, other, url)
        with pytest.raises(EndpointsDisagreeError, match="about the hash of block 22"):
            indexer.sync_once()


def test_final_block_that_changes_at_all_endpoints(chain: RecordedChain, url: str, path: Path) -> None:
    indexer_of(chain, path, url).sync_once()
    chain.reorganise(10)
    with serve(liar(chain, lambda logs: logs)) as other:
        indexer = indexer_of(chain, path, url, other)
        with pytest.raises(FinalBlockChangedError):
            indexer.sync_once()
    assert [(kind, resolved) for kind, _, _, _, resolved in incidents(path)] == [("endpoint", 0)]


LIES: list[tuple[str, Callable[[RecordedChain], Any]]] = [
    ("an inference", lambda chain: without(chain, "InferenceSettled", 4)),
    ("the last inference", lambda chain: without(chain, "InferenceSettled", 25)),
    ("a group", lambda chain: without(chain, "GroupSettled", 2)),
    ("the last group", lambda chain: without(chain, "GroupSettled", 13)),
    ("the end", lambda chain: lambda logs: logs[:20]),
    ("everything", lambda chain: lambda logs: []),
    ("an inference twice", lambda chain: lambda logs: logs[:4] + logs[3:]),
    ("foreign hash", lambda chain: lambda logs: [{**log, "blockHash": "0x" + "66" * 32} for log in logs]),
    ("removed", lambda chain: lambda logs: [{**log, "removed": True} for log in logs]),
    ("unknown", lambda chain: lambda logs: [{**log, "topics": log["topics"][:1]} for log in logs]),
]


@pytest.mark.parametrize("lie", [lie for _, lie in LIES], ids=[name for name, _ in LIES])
def test_lying_endpoint_is_left_for_an_honest_one(
    chain: RecordedChain, url: str, path: Path, lie: Callable[[RecordedChain], Any]
) -> None:
    with serve(liar(chain, lie(chain))) as bad:
        indexer = indexer_of(chain, path, bad, url)
        assert indexer.sync_once().inferences == 26
        ((kind, first, last, endpoint, resolved),) = incidents(path)
        assert (kind, endpoint, resolved) == ("endpoint", bad, 1)
        assert 3 <= first <= last <= 26
        assert indexer.verifier.verify().digest == indexer_of(chain, path, url).verifier.verify().digest
    require_whole(chain, url, path)


def test_all_endpoints_lie(chain: RecordedChain, path: Path) -> None:
    first, second = (liar(chain, without(chain, "InferenceSettled", n)) for n in (4, 9))
    with serve(first) as one, serve(second) as two:
        indexer = indexer_of(chain, path, one, two)
        for _ in range(2):
            with pytest.raises(SequenceGapError):
                indexer.sync_once()
        assert [(e, resolved) for _, _, _, e, resolved in incidents(path)] == [(one, 0)]
        first.alter_logs = lambda logs: logs
        assert indexer.sync_once().inferences == 26
    assert {resolved for *_, resolved in incidents(path)} == {1}


def test_groups_that_no_endpoint_has(chain: RecordedChain, url: str, path: Path) -> None:
    """That all of them say the same makes it no more believable."""
    chain.mine(inference_log(chain.counters[-1]["seq"], amount=5))
    with serve(liar(chain, lambda logs: logs)) as other, pytest.raises(MissingGroupError, match="block 27"):
        indexer_of(chain, path, url, other).sync_once()


def test_errors_of_groups_are_errors_of_logs() -> None:
    assert issubclass(MissingGroupError, InconsistentLogsError)


@pytest.mark.parametrize("order", [1, -1])
def test_event_that_one_endpoint_leaves_out_is_noticed(
    chain: RecordedChain, url: str, path: Path, order: int
) -> None:
    """No number and no group counts it: only the other endpoint tells."""
    with serve(liar(chain, without(chain, "GroupSkipped"))) as bad:
        indexer = indexer_of(chain, path, *[bad, url][::order])
        for _ in range(2):
            with pytest.raises(EndpointsDisagreeError, match="about the events of block 19"):
                indexer.sync_once()
    assert [(kind, first, last, resolved) for kind, first, last, _, resolved in incidents(path)] == [
        ("rows", 19, 19, 0)
    ]
    with serve(liar(chain, lambda logs: logs)) as other:
        indexer_of(chain, path, url, other).sync_once()
    require_whole(chain, url, path)


def test_final_blocks_are_confirmed_once(chain: RecordedChain, url: str, path: Path) -> None:
    other = liar(chain, lambda logs: logs)
    with serve(other) as second:
        indexer_of(chain, path, url, second).sync_once()
        assert _asked(other) == [(3, 22)]
        other.requests.clear()
        settle_group(chain, {"amount": 1})
        chain.final = other.final = 24
        indexer = indexer_of(chain, path, url, second)
        indexer.sync_once()
        indexer.sync_once()
        assert _asked(other) == [(23, 24)]
    assert incidents(path) == []


def test_confirmation_waits_for_an_endpoint(chain: RecordedChain, url: str, path: Path) -> None:
    other = liar(chain, lambda logs: logs)
    with serve(other) as second:
        indexer = indexer_of(chain, path, url, second)
        other.raw_answer = (500, b"")
        indexer.sync_once()
        other.raw_answer = None
        other.requests.clear()
        indexer_of(chain, path, url, second).sync_once()
        assert _asked(other) == [(3, 22)]


def test_second_endpoint_that_lies_confirms_nothing(chain: RecordedChain, url: str, path: Path) -> None:
    with serve(liar(chain, without(chain, "InferenceSettled", 4))) as bad:
        assert indexer_of(chain, path, url, bad).sync_once().inferences == 26
        assert [(kind, endpoint) for kind, _, _, endpoint, _ in incidents(path)] == [("endpoint", bad)]
    require_whole(chain, url, path)


def _asked(chain: RecordedChain) -> list[tuple[int, int]]:
    logs = [params[0] for method, params in chain.requests if method == "eth_getLogs"]
    return [(int(where["fromBlock"], 16), int(where["toBlock"], 16)) for where in logs]
