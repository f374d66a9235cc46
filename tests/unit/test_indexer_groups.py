"""Every inference and every skip of a group is counted by the group's event, which comes last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from indexed import count, indexer_of
from indexer_chain import (
    KEY,
    MODEL,
    PROVER,
    RecordedChain,
    group_log,
    inference_log,
    receipt_skipped_log,
)

from indexer.errors import MissingGroupError
from indexer.rpc import JsonRpc
from veritally.tiers import Tier

FIRST = 3
"""Sequence number of the next inference of the chain."""
OTHER_PROVER = "0x" + "b7" * 20


def settled(seq: int = FIRST, **changes: str) -> dict[str, Any]:
    """An inference; with other texts in it."""
    log = inference_log(seq)
    for name, value in changes.items():
        old = {"model": MODEL.hex(), "prover": PROVER[2:]}[name]
        log["data"] = log["data"].replace(old, value.removeprefix("0x"))
    return log


def group(count: int = 1, skipped: int = 0, tier: int = Tier.SIGNED) -> dict[str, Any]:
    return group_log(tier, count, skipped, 0, KEY)


def skip(prover: str = PROVER) -> dict[str, Any]:
    log = receipt_skipped_log(b"")
    return log | {"topics": [*log["topics"][:3], "0x" + prover[2:].rjust(64, "0")]}


ACCEPTED = {
    "one": (settled(), group()),
    "skips of it": (skip(), settled(), skip(), group(1, 2)),
    "two": (settled(), skip(), group(1, 1), settled(FIRST + 1), settled(FIRST + 2), group(2)),
    "skips of a group that settled none": (skip(), skip(OTHER_PROVER), settled(), group()),
    "skips after all groups": (settled(), group(), skip()),
    "skips alone": (skip(),),
}
REFUSED = {
    "no group": ((settled(),), "log 0 of block 10 is an inference without"),
    "no inference": ((group(),), "the group of log 0 of block 10 counts 1 settled, 0 are there"),
    "too few": ((settled(), group(2)), "log 1 of block 10 counts 2 settled, 1 are there"),
    "too many": ((settled(), settled(FIRST + 1), group()), "counts 1 settled, 2 are there"),
    "behind the group": ((settled(), group(), settled(FIRST + 1)), "log 2 of block 10 is an inference"),
    "shared otherwise": (
        (settled(), group(2), settled(FIRST + 1), settled(FIRST + 2), group(1)),
        "log 1 of block 10 counts 2 settled, 1 are there",
    ),
    "another model": ((settled(model="77" * 32), group()), "log 0 of block 10 is an inference without"),
    "another prover": ((settled(prover=OTHER_PROVER), group()), "log 0 of block 10 is an inference without"),
    "another tier": ((settled(), group(tier=Tier.TEE)), "log 0 of block 10 is an inference without"),
    "no skip": ((settled(), group(1, 1)), "log 1 of block 10 counts 1 skipped, 0 are there"),
    "skip of another": ((skip(OTHER_PROVER), settled(), group(1, 1)), "counts 1 skipped, 0 are there"),
    "skip behind the group": ((settled(), group(1, 1), skip()), "counts 1 skipped, 0 are there"),
}


@pytest.mark.parametrize("logs", ACCEPTED.values(), ids=ACCEPTED)
def test_whole_groups_are_stored(
    chain: RecordedChain, rpc: JsonRpc, path: Path, logs: tuple[dict[str, Any], ...]
) -> None:
    chain.mine(*logs)
    assert indexer_of(chain, rpc, path).sync_once().events == 8 + len(logs)


@pytest.mark.parametrize(("logs", "problem"), REFUSED.values(), ids=REFUSED)
def test_incomplete_groups_are_not(
    chain: RecordedChain, rpc: JsonRpc, path: Path, logs: tuple[dict[str, Any], ...], problem: str
) -> None:
    """With one endpoint, too; what comes before them is stored."""
    chain.mine(*logs)
    with pytest.raises(MissingGroupError, match=f"blocks 10 to 10: .*{problem}"):
        indexer_of(chain, rpc, path, blocks_per_request=1).sync_once()
    assert count(path, "inference") in (0, FIRST)


def test_group_is_of_one_transaction(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.mine(settled(), group())
    chain.logs[-1]["transactionHash"] = "0x" + "99" * 32
    with pytest.raises(MissingGroupError, match="log 0 of block 10 is an inference without"):
        indexer_of(chain, rpc, path).sync_once()


def test_group_of_the_next_block_is_another(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.mine(settled())
    chain.mine(group())
    chain.logs[-1]["transactionHash"] = chain.logs[-2]["transactionHash"]
    with pytest.raises(MissingGroupError, match="log 0 of block 10 is an inference without"):
        indexer_of(chain, rpc, path).sync_once()
