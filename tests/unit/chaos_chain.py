"""A recorded chain for tests of faults: all kinds of events, a finalised block in the middle, a busy head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from indexer_chain import (
    KEY,
    UINT96_MAX,
    RecordedChain,
    group_log,
    group_skipped_log,
    inference_log,
    receipt_skipped_log,
    registry_log,
)

from indexer.chaos.check import Bench
from indexer.chaos.fault import Ask, Json, error, result
from veritally.tiers import Tier

BLOCKS = 58
FINAL_BLOCK = 44
FINALITY_BLOCKS = BLOCKS - 1 - FINAL_BLOCK


def busy_chain() -> RecordedChain:
    """A group of three inferences in every third block, skips in others, fewer of receipts than of groups."""
    chain = RecordedChain(final=FINAL_BLOCK)
    first = inference_log(0, Tier.TEE, 5, flags=1), inference_log(1, Tier.TEE, flags=1)
    chain.mine(*first, group_log(Tier.TEE, 2, 0, 1, KEY), registry_log())
    while len(chain.blocks) < BLOCKS:
        chain.mine()
        skips = group_skipped_log(1, bytes(4)), receipt_skipped_log(b"")
        chain.mine(*skips[: 1 + len(chain.blocks) % 2])
        tier = (Tier.SIGNED, Tier.TEE, Tier.ZKML)[len(chain.blocks) // 3 % 3]
        seq, flags = chain.counters[-1]["seq"], int(tier == Tier.TEE)
        amounts = 0, len(chain.blocks), UINT96_MAX
        settled = [inference_log(seq + i, tier, amount, flags=flags) for i, amount in enumerate(amounts)]
        chain.mine(*settled, group_log(tier, len(settled), 0, flags, KEY if flags else bytes(32)))
    return chain


def asker(chain: RecordedChain) -> Ask:
    """The chain's node, without HTTP."""

    def answer(request: Json) -> Json:
        try:
            return result(request, chain.answer(request["method"], request["params"]))
        except (ValueError, LookupError) as problem:
            return error(request, -32000, str(problem))

    return lambda requests: list(map(answer, requests))


def bench(chain: RecordedChain, folder: Path, **more: Any) -> Bench:
    return Bench(asker(chain), chain.deployment, folder, **more)
