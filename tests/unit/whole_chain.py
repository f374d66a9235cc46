"""A recorded chain whose transactions are whole, as the contract's: every inference has its group."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from indexer_chain import (
    KEY,
    PAYER,
    PROVER,
    UINT96_MAX,
    USDC,
    RecordedChain,
    group_log,
    group_skipped_log,
    inference_log,
    receipt_skipped_log,
    registry_log,
    word,
)

from indexer.abi import signature_of
from indexer.decode import INDEXED_CONTRACTS
from veritally.abi import load_artifact
from veritally.tiers import Tier

OTHER = "0x" + "0d" * 20

Logs = list[dict[str, Any]]


def settle_group(chain: RecordedChain, *inferences: dict[str, Any], tier: int = Tier.SIGNED) -> None:
    """Adds a block with one group: its inferences, each keywords of `inference_log`, and its event."""
    seq = chain.counters[-1]["seq"]
    logs = [inference_log(seq + i, tier, **keywords) for i, keywords in enumerate(inferences)]
    chain.mine(*logs, group_log(tier, len(logs), 0, 0, KEY))


def refund_log(amount: int) -> dict[str, Any]:
    """A ChannelRefunded log without its place."""
    topic = "0x" + keccak(text="ChannelRefunded(address,address,address,uint128)").hex()
    topics = [topic, word(PAYER), word(PROVER), word(USDC)]
    return {"topics": topics, "data": "0x" + encode(["uint128"], [amount]).hex()}


def make_whole_chain() -> RecordedChain:
    """Blocks 3 to 26 with 26 inferences, all kinds of events, empty blocks between; block 22 is final."""
    chain = RecordedChain()
    chain.mine(registry_log())
    for number in range(10):
        settle_group(chain, {"amount": 5 + number}, {"amount": UINT96_MAX}, tier=1 + number % 3)
        if number % 2:
            chain.mine()
    chain.mine(group_skipped_log(1, bytes(4)), receipt_skipped_log(b""), refund_log(2**128 - 1))
    settle_group(chain, {"amount": 10**10, "asset": OTHER, "served_at": 2**64 - 1, "flags": 1})
    settle_group(chain, {}, {"flags": 2}, {"amount": 10**20 - 1}, tier=Tier.TEE)
    settle_group(chain, {}, tier=Tier.ZKML)
    settle_group(chain, {"amount": 3})
    while len(chain.blocks) < 27:
        chain.mine()
    chain.final = 22
    return chain


def liar(chain: RecordedChain, alter: Callable[[Logs], Logs]) -> RecordedChain:
    """Another node of the same chain that alters the logs that it shows."""
    other = copy.copy(chain)
    other.requests, other.alter_logs = [], alter
    return other


def without(chain: RecordedChain, event: str, nth: int = 0) -> Callable[[Logs], Logs]:
    """Leaves out the nth log of an event, by the start of its signature."""
    found = [log for log in chain.logs if log["topics"][0] == topic_of(event)][nth]
    place = found["blockNumber"], found["logIndex"]
    return lambda logs: [log for log in logs if (log["blockNumber"], log["logIndex"]) != place]


def topic_of(event: str) -> str:
    """First topic of an event of the recorded chain."""
    (entry,) = [e for name in INDEXED_CONTRACTS for e in load_artifact(name).abi if e.get("name") == event]
    return "0x" + keccak(text=signature_of(entry)).hex()
