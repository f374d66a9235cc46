"""Compares what is indexed with what the contract counts, at the block that the cursor has reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.abi import selector_of
from indexer.chain import SettlementChain
from indexer.errors import ChainReorganisedError
from veritally.abi import load_artifact
from veritally.tiers import SETTLED_TIERS, Tier

_WORD = 32


@dataclass(frozen=True)
class TierCounter:
    """Number of inferences at a tier."""

    tier: Tier
    indexed: int
    on_chain: int


@dataclass(frozen=True)
class AmountCounter:
    """Sum of the amounts in one asset at a tier, in base units."""

    tier: Tier
    asset: bytes
    indexed_base_units: int
    on_chain_base_units: int


@dataclass(frozen=True)
class CounterComparison:
    """Both sides of every counter."""

    block_number: int
    tiers: tuple[TierCounter, ...]
    amounts: tuple[AmountCounter, ...]

    @property
    def differences(self) -> list[str]:
        """One sentence part for each counter that differs; empty when all match."""
        tiers = [
            f"{c.tier.label}: {c.indexed} indexed, {c.on_chain} on chain"
            for c in self.tiers
            if c.indexed != c.on_chain
        ]
        amounts = [
            f"{c.tier.label} amount of 0x{c.asset.hex()}: {c.indexed_base_units} indexed, "
            f"{c.on_chain_base_units} on chain"
            for c in self.amounts
            if c.indexed_base_units != c.on_chain_base_units
        ]
        return tiers + amounts

    @property
    def match(self) -> bool:
        """Whether every counter is the same on both sides."""
        return not self.differences


def next_seq_call() -> bytes:
    """Call data of `nextSeq()`."""
    return selector_of(load_artifact("Settlement").abi, "nextSeq")


def compare_counters(
    chain: SettlementChain,
    block_number: int,
    block_hash: bytes,
    counts: Mapping[Tier, int],
    amounts: Mapping[tuple[bytes, Tier], int],
) -> CounterComparison:
    """Asks for the tally of every tier, and for the amount tally of every asset in `amounts` at every tier.

    What the mappings lack counts as zero.

    Raises:
        ChainReorganisedError: the chain has another block of this number.
        NodeBehindError: the node lacks the block.
    """
    require_block(chain, block_number, block_hash)
    abi = load_artifact("Settlement").abi
    tally, amount_tally = selector_of(abi, "tally"), selector_of(abi, "amountTally")
    keys = [(asset, tier) for asset in sorted({asset for asset, _ in amounts}) for tier in SETTLED_TIERS]
    calls = [tally + _word(tier) for tier in SETTLED_TIERS]
    calls += [amount_tally + asset.rjust(_WORD, b"\0") + _word(tier) for asset, tier in keys]
    words = chain.words_at(block_number, block_hash, calls)
    tier_words, amount_words = words[: len(SETTLED_TIERS)], words[len(SETTLED_TIERS) :]
    return CounterComparison(
        block_number,
        tuple(TierCounter(t, counts.get(t, 0), w) for t, w in zip(SETTLED_TIERS, tier_words, strict=True)),
        tuple(
            AmountCounter(tier, asset, amounts.get((asset, tier), 0), word)
            for (asset, tier), word in zip(keys, amount_words, strict=True)
        ),
    )


def require_block(chain: SettlementChain, block_number: int, block_hash: bytes) -> None:
    """Checks that an indexed block still is in the chain.

    Raises:
        ChainReorganisedError: another block took its place.
        NodeBehindError: the node lacks the block.
    """
    (block,) = chain.blocks([block_number])
    if block.hash != block_hash:
        raise ChainReorganisedError(block_number, block_hash, block.hash)


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD)
