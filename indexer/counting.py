"""Counts the stored inferences, block range by block range, for a comparison with the contract's counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, func, select

from indexer.abi import selector_of
from indexer.amounts import join
from indexer.chain import SettlementChain
from indexer.cursor import Cursor
from indexer.errors import NoSettlementError
from indexer.rollup_tables import RollupRow
from indexer.tables import AddressRow, InferenceRow
from veritally.abi import load_artifact
from veritally.tiers import SETTLED_TIERS

_WORD = 32


@dataclass(frozen=True)
class Counts:
    """Numbers of inferences per tier, and sums of amounts in base units per asset and tier."""

    inferences: Counter[int] = field(default_factory=Counter)
    amounts: Counter[tuple[bytes, int]] = field(default_factory=Counter)

    def __add__(self, other: Counts) -> Counts:
        inferences, amounts = Counter(self.inferences), Counter(self.amounts)
        inferences.update(other.inferences)
        amounts.update(other.amounts)
        return Counts(inferences, amounts)

    def __sub__(self, other: Counts) -> Counts:
        inferences, amounts = Counter(self.inferences), Counter(self.amounts)
        inferences.subtract(other.inferences)
        amounts.subtract(other.amounts)
        return Counts(inferences, amounts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counts) and not (self - other)

    def __bool__(self) -> bool:
        return any(self.inferences.values()) or any(self.amounts.values())

    __hash__ = None  # type: ignore[assignment]

    def add(self, tier: int, asset: bytes, inferences: int, e20: int, e10: int, e0: int) -> None:
        """Counts inferences of one tier and asset."""
        self.inferences[tier] += inferences
        self.amounts[asset, tier] += join(e20, e10, e0)

    @property
    def assets(self) -> set[bytes]:
        """Assets with a sum."""
        return {asset for asset, _ in self.amounts}

    @property
    def total(self) -> int:
        """Number of inferences of all tiers."""
        return self.inferences.total()

    def describe(self, on_chain: Counts) -> str:
        """What differs from the contract's counters, in words."""
        parts = [
            f"{tier.label}: {self.inferences[tier]} indexed, {on_chain.inferences[tier]} on chain"
            for tier in SETTLED_TIERS
            if self.inferences[tier] != on_chain.inferences[tier]
        ]
        for asset in sorted(self.assets | on_chain.assets):
            parts += [
                f"{tier.label} amount of 0x{asset.hex()}: {self.amounts[asset, tier]} indexed, "
                f"{on_chain.amounts[asset, tier]} on chain"
                for tier in SETTLED_TIERS
                if self.amounts[asset, tier] != on_chain.amounts[asset, tier]
            ]
        return "; ".join(parts)


def stored_counts(session: Session, cursor: Cursor, first_block: int, last_block: int) -> Counts:
    """Of the rows from one block to another."""
    row = InferenceRow
    keys = col(row.tier), col(AddressRow.value)
    limbs = (func.sum(column) for column in (row.amount_e20, row.amount_e10, row.amount_e0))
    first, last = cursor.first_key(max(first_block, 0)), cursor.first_key(last_block + 1)
    statement = (
        select(*keys, func.count(), *limbs)
        .join(AddressRow, col(AddressRow.id) == col(row.asset_id), isouter=True)
        .where(col(row.id) >= first, col(row.id) < last)
        .group_by(*keys)
    )
    return _counts(session.connection().execute(statement).all())


def rolled_up_counts(session: Session, cursor: Cursor) -> Counts:
    """Of the roll-up over everything."""
    statement = (
        select(RollupRow, AddressRow.value)
        .join(AddressRow, col(AddressRow.id) == col(RollupRow.asset_id), isouter=True)
        .where(col(RollupRow.deployment_id) == cursor.id)
    )
    found = session.exec(statement).all()
    return _counts(
        (row.tier, asset, row.inferences, row.amount_e20, row.amount_e10, row.amount_e0)
        for row, asset in found
    )


def counts_on_chain(
    chain: SettlementChain, block_number: int, block_hash: bytes, assets: set[bytes]
) -> Counts:
    """The contract's counters after a block, zero before it was deployed; sums are asked for these assets.

    Raises:
        RpcAnswerError: the node does not know the state any more.
        InconsistentLogsError: the node's block of this number is another one.
    """
    abi = load_artifact("Settlement").abi
    tally, amount_tally = selector_of(abi, "tally"), selector_of(abi, "amountTally")
    keys = [(asset, int(tier)) for asset in sorted(assets) for tier in SETTLED_TIERS]
    calls = [tally + tier.to_bytes(_WORD) for tier in SETTLED_TIERS]
    calls += [amount_tally + asset.rjust(_WORD, b"\0") + tier.to_bytes(_WORD) for asset, tier in keys]
    try:
        words = chain.words_at(block_number, block_hash, calls)
    except NoSettlementError:
        return Counts()
    tiers = [int(tier) for tier in SETTLED_TIERS]
    counted = Counter(dict(zip(tiers, words, strict=False)))
    return Counts(counted, Counter(dict(zip(keys, words[len(tiers) :], strict=True))))


def _counts(cells: Iterable[Any]) -> Counts:
    found = Counts()
    for tier, asset, inferences, *limbs in cells:
        found.add(tier, asset or b"", inferences, *limbs)
    return found
