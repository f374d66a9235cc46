"""The proxy that misbehaves: each fault does something, and a proxy without faults does nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from chaos_chain import FINAL_BLOCK, asker, busy_chain
from indexer_chain import CHAIN_ID, REGISTRIES, SETTLEMENT, RecordedChain

from indexer.abi import selector_of
from indexer.chaos.catalogue import FAULTS, parse_fault
from indexer.chaos.dialects import DIALECTS
from indexer.chaos.fault import Json
from indexer.chaos.node import FaultyNode, serve
from indexer.chaos.upstream import HttpUpstream, UpstreamError
from indexer.errors import SettingsError
from veritally.abi import load_artifact

HEAD_BLOCK = 57
QUIET = {"null-receipt", "null-receipts", "slow", "drip", "dropped-last", "reversed-batch"}
"""Faults that the requests below do not show, or only by their time."""


@pytest.fixture
def chain() -> RecordedChain:
    return busy_chain()


@pytest.fixture
def honest(chain: RecordedChain) -> Iterator[str]:
    with serve(FaultyNode(asker(chain))) as url:
        yield url


def logs(first: int, last: int) -> tuple[str, list[Any]]:
    where = {"address": [SETTLEMENT, *REGISTRIES.values()], "fromBlock": hex(first), "toBlock": hex(last)}
    return "eth_getLogs", [where]


def tally(block: int) -> tuple[str, list[Any]]:
    data = selector_of(load_artifact("Settlement").abi, "tally") + (1).to_bytes(32)
    return "eth_call", [{"to": SETTLEMENT, "data": f"0x{data.hex()}"}, hex(block)]


QUESTIONS: list[tuple[str, list[Any]]] = [
    ("eth_chainId", []),
    ("eth_blockNumber", []),
    ("eth_getBlockByNumber", ["finalized", False]),
    *(("eth_getBlockByNumber", [hex(n), False]) for n in (20, 21, 22, 23, 24, HEAD_BLOCK)),
    logs(3, HEAD_BLOCK),
    tally(30),
    tally(HEAD_BLOCK),
]


def requests(*questions: tuple[str, list[Any]]) -> list[Json]:
    return [
        {"jsonrpc": "2.0", "id": index, "method": method, "params": params}
        for index, (method, params) in enumerate(questions)
    ]


def seen(url: str) -> Any:
    """All that a client gets to see of the answers."""
    try:
        answer = httpx.post(url, json=requests(*QUESTIONS), timeout=5)
    except httpx.HTTPError as error:
        return type(error).__name__
    return answer.status_code, answer.content


def ask(url: str, *questions: tuple[str, list[Any]]) -> list[Any]:
    answers = httpx.post(url, json=requests(*questions), timeout=5).json()
    return [answer.get("result") for answer in answers]


def through(chain: RecordedChain, name: str, number: int | None = None, seed: int = 1) -> FaultyNode:
    return FaultyNode(asker(chain), [FAULTS[name].fault(number, seed)], seed)


def test_proxy_without_faults_says_what_the_node_says(chain: RecordedChain, honest: str) -> None:
    assert ask(honest, *QUESTIONS) == [chain.answer(method, params) for method, params in QUESTIONS]
    single = httpx.post(honest, json=requests(QUESTIONS[0])[0]).json()
    assert single == {"jsonrpc": "2.0", "id": 0, "result": hex(CHAIN_ID)}
    for body in (b"nonsense", b"[]", b"[1]", b"{}"):
        assert httpx.post(honest, content=body).status_code == 400


@pytest.mark.parametrize("name", sorted(set(FAULTS) - QUIET))
def test_fault_is_seen_until_it_ends(chain: RecordedChain, honest: str, name: str) -> None:
    node = through(chain, name)
    with serve(node) as url:
        assert any(seen(url) != seen(honest) for _ in range(8))
        node.is_faulty = False
        assert seen(url) == seen(honest)


@pytest.mark.parametrize("name", ["split-batch", "missing-answer", "shuffled-logs", "disagree", "busy-batch"])
def test_same_seed_leads_to_the_same_faults(chain: RecordedChain, name: str) -> None:
    runs = []
    for seed in (1, 1, 2):
        with serve(through(chain, name, seed=seed)) as url:
            runs.append([seen(url) for _ in range(6)])
    assert runs[0] == runs[1] != runs[2]


def test_rate_is_the_share_of_calls_that_are_hit(chain: RecordedChain) -> None:
    node = FaultyNode(asker(chain), [FAULTS["http-502"].fault(None, 1)], rate=0.3)
    body = json.dumps(requests(QUESTIONS[0])).encode()
    hits = sum(node.answer(body).status == 502 for _ in range(300))
    assert 60 < hits < 120


def test_slow_answers_take_their_time(chain: RecordedChain) -> None:
    for name, number in (("slow", 300), ("drip", 3)):
        with serve(through(chain, name, number)) as url:
            started_at_s = time.monotonic()
            assert ask(url, QUESTIONS[0]) == [hex(CHAIN_ID)]
            assert time.monotonic() - started_at_s > 0.12


def test_stale_replica_speaks_of_an_earlier_chain(chain: RecordedChain) -> None:
    with serve(through(chain, "stale-replica", 5)) as url:
        head, final, known, unknown, cut, nothing = ask(
            url,
            ("eth_blockNumber", []),
            ("eth_getBlockByNumber", ["finalized", False]),
            ("eth_getBlockByNumber", [hex(HEAD_BLOCK - 5), False]),
            ("eth_getBlockByNumber", [hex(HEAD_BLOCK - 4), False]),
            logs(3, HEAD_BLOCK),
            logs(HEAD_BLOCK - 4, HEAD_BLOCK),
        )
        (refused,) = httpx.post(url, json=requests(tally(HEAD_BLOCK))).json()
    assert (head, int(final["number"], 16)) == (hex(HEAD_BLOCK - 5), FINAL_BLOCK - 5)
    assert known == chain.blocks[HEAD_BLOCK - 5]
    assert unknown is None
    assert {int(log["blockNumber"], 16) for log in cut} <= set(range(HEAD_BLOCK - 4))
    assert nothing == []
    assert "header not found" in refused["error"]["message"]


def test_branch_fits_together(chain: RecordedChain) -> None:
    """Parents, hashes of logs, places of logs and what the contract counts."""
    fork = HEAD_BLOCK - 6
    with serve(through(chain, "reorg", 6)) as url:
        numbers = range(fork - 1, HEAD_BLOCK + 1)
        headers = ask(url, *(("eth_getBlockByNumber", [hex(n), False]) for n in numbers))
        (found,) = ask(url, logs(3, HEAD_BLOCK))
        pieces = ask(url, *(logs(n, n) for n in range(3, HEAD_BLOCK + 1)))
        counts = ask(url, *(tally(n) for n in numbers))
    for before, header in pairwise(headers):
        assert header["parentHash"] == before["hash"]
    assert [
        header["hash"] == chain.blocks[n]["hash"] for n, header in zip(numbers, headers, strict=True)
    ] == [n <= fork for n in numbers]
    by_number = {header["number"]: header["hash"] for header in headers}
    assert all(log["blockHash"] == by_number.get(log["blockNumber"], log["blockHash"]) for log in found)
    assert [log for piece in pieces for log in piece] == found
    assert len(found) == sum(int(log["blockNumber"], 16) < HEAD_BLOCK for log in chain.logs)
    assert [int(count, 16) for count in counts] == [
        chain.counters[n if n <= fork else n - 1][1] for n in numbers
    ]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_range_is_refused_in_the_words_of_a_provider(chain: RecordedChain, dialect: Any) -> None:
    with serve(through(chain, f"range-{dialect.name}", 10)) as url:
        fits, too_large = logs(3, 12), logs(16, 26)
        assert ask(url, fits) == [chain.answer(*fits)]
        answer = httpx.post(url, json=requests(too_large))
    (refused,) = answer.json()
    assert (answer.status_code, refused["error"]["code"]) == (dialect.status, dialect.code)
    assert "{" not in refused["error"]["message"]
    assert json.loads(refused["error"].get("data", "{}") if dialect.name == "infura" else "{}") in (
        {},
        {"from": "0X10", "limit": 10_000, "to": "0X19"},
    )


@pytest.mark.parametrize(
    "text", ["nothing", "cut-logs=", "cut-logs=x", "cut-logs=-1", "cut-logs=0", "html=3"]
)
def test_unusable_fault_is_refused(text: str) -> None:
    def make() -> None:
        kind, number = parse_fault(text)
        kind.fault(number, 1)

    with pytest.raises(SettingsError, match="fault"):
        make()


def test_node_behind_the_proxy_may_fail(honest: str) -> None:
    upstream = HttpUpstream(honest)
    assert upstream(requests(QUESTIONS[0]))[0]["result"] == hex(CHAIN_ID)
    upstream.close()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    gone = HttpUpstream(f"http://127.0.0.1:{port}/s3cr3t")
    with pytest.raises(UpstreamError) as caught:
        gone(requests(QUESTIONS[0]))
    assert "s3cr3t" not in str(caught.value)
    with serve(FaultyNode(gone)) as url:
        answer = httpx.post(url, json=requests(QUESTIONS[0]))
    gone.close()
    assert (answer.status_code, "gives no answer" in answer.text) == (502, True)
