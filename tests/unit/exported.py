"""A chain with every kind of event, and what an export of it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
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
from indexer_command import OTHER_TOKEN

from veritally.tiers import Tier

LAKE = Path("lake")
_LATEST = 2**64 - 1


def refunded_log(amount: int) -> dict[str, Any]:
    """A ChannelRefunded log without its place."""
    topic = "0x" + keccak(text="ChannelRefunded(address,address,address,uint128)").hex()
    data = "0x" + encode(["uint128"], [amount]).hex()
    return {"topics": [topic, word(PAYER), word(PROVER), word(USDC)], "data": data}


def chain_of_all_events() -> RecordedChain:
    """Six inferences of all tiers in blocks 3, 4 and 8, and one of each other event; the head is block 9."""
    chain = RecordedChain()
    chain.settle(
        {"amount": UINT96_MAX, "served_at": _LATEST, "flags": 3 << 8},
        {"amount": 1_000_000, "flags": 1 << 8},
        {"amount": 1, "flags": 1 << 8},
    )
    chain.mine(
        inference_log(3, Tier.TEE, flags=3),
        inference_log(4, Tier.TEE, flags=3),
        group_log(Tier.TEE, 2, 0, 3, KEY),
    )
    chain.mine()
    chain.mine(group_skipped_log(1, bytes(4)), receipt_skipped_log(b""), refunded_log(2**128 - 1))
    chain.mine()
    chain.settle({"tier": Tier.ZKML, "amount": 250, "asset": OTHER_TOKEN})
    chain.mine(registry_log())
    return chain


def files_of(table: str = "*", folder: Path = LAKE) -> list[Path]:
    """Files of a table in the order of the blocks; those of all tables by default."""
    return sorted(folder.glob(f"{table}/*/*/*.parquet"))


def rows_of(table: str, folder: Path = LAKE) -> list[dict[str, Any]]:
    """All rows of an exported table."""
    return [row for file in files_of(table, folder) for row in pq.read_table(file).to_pylist()]
