"""What is settled together: requests under one payment, groups of them, and what a transaction holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from veritally.chain import TRANSACTION_GAS_CAP
from veritally.payments import PaymentScheme, SignedPayment
from veritally.receipts import GroupTerms, Receipt
from veritally.settlement import ZkProof
from veritally.tiers import Tier

BASE_GAS = 1_000_000
"""Must be there on top: what one payment may burn, and what is kept back for the next group."""
_RECEIPT_GAS = {Tier.SIGNED: 20_000, Tier.TEE: 20_000, Tier.ZKML: 750_000}
"""Must be there for one receipt; a proof needs the room that its route reserves."""
_PAYMENT_GAS = 100_000
_GROUP_GAS = 80_000
_GROUP_ROOM = {Tier.SIGNED: 0, Tier.TEE: 0, Tier.ZKML: 1_350_000}
"""Must be there for a group and is hardly used, so that the next group has it, too."""
MOST_CALLDATA_BYTES = 110_000
"""Below what nodes take of a transaction, with room for its envelope."""
_GROUP_BYTES = 800
_RECEIPT_BYTES = 128
_PAYMENT_BYTES = {
    PaymentScheme.UPTO: 640,
    PaymentScheme.UPTO_WITH_PERMIT: 900,
    PaymentScheme.BATCH_SETTLEMENT: 800,
    PaymentScheme.EXACT: 480,
}
_MOST_RECEIPTS = 400
"""Of one payment in one transaction."""


@dataclass(frozen=True)
class Item:
    """A request that is computed, as far as settling it goes."""

    job_id: bytes
    receipt_hash: bytes
    terms: GroupTerms
    tier: Tier
    receipt: Receipt
    payment: SignedPayment | None
    """The newest voucher for requests of a channel; None for a request that costs nothing."""
    channel_id: bytes | None
    proof: ZkProof | None
    alone: bool
    """A transaction that it shared failed as a whole."""
    computed_at_s: float
    """Unix time."""


@dataclass(frozen=True)
class Bundle:
    """Requests of one group that one payment pays for: collected at once, or not at all."""

    items: tuple[Item, ...]

    @property
    def payment(self) -> SignedPayment | None:
        """What pays for all of them."""
        return self.items[0].payment

    @property
    def group(self) -> tuple[GroupTerms, Tier]:
        """What all receipts of its group share."""
        return self.items[0].terms, self.items[0].tier

    @property
    def gas(self) -> int:
        """Gas that must be there for it."""
        payment = 0 if self.payment is None else _PAYMENT_GAS
        return payment + len(self.items) * _RECEIPT_GAS[self.items[0].tier]

    @property
    def calldata_bytes(self) -> int:
        """The most that it adds to a transaction."""
        payment = 0 if self.payment is None else _PAYMENT_BYTES[self.payment.scheme]
        return payment + sum(_RECEIPT_BYTES + _proof_bytes(item.proof) for item in self.items)

    def halves(self) -> tuple[Bundle, Bundle]:
        """Two bundles of half as many requests."""
        middle = len(self.items) // 2
        return replace(self, items=self.items[:middle]), replace(self, items=self.items[middle:])


def bundle(items: Iterable[Item]) -> list[Bundle]:
    """Requests by payment: one bundle for each, and one per channel and group with its newest voucher."""
    found: dict[tuple[object, ...], list[Item]] = {}
    for item in items:
        payer = item.job_id if item.channel_id is None else item.channel_id
        found.setdefault((payer, item.terms, item.tier), []).append(item)
    return [Bundle(tuple(part)) for members in found.values() for part in _parts(members)]


def pack(bundles: Sequence[Bundle]) -> list[list[Bundle]]:
    """Bundles by transaction, in their order; those that must be alone are."""
    batches = [[item] for item in bundles if item.items[0].alone]
    open_batch: list[Bundle] = []
    for item in bundles:
        if item.items[0].alone:
            continue
        if open_batch and not fits([*open_batch, item]):
            batches.append(open_batch)
            open_batch = []
        open_batch = [*open_batch, item]
    return [*batches, open_batch] if open_batch else batches


def fits(bundles: Sequence[Bundle]) -> bool:
    """Whether they fit one transaction."""
    groups = {item.group for item in bundles}
    size = sum(item.calldata_bytes for item in bundles) + len(groups) * _GROUP_BYTES
    return gas_floor(bundles) <= TRANSACTION_GAS_CAP and size <= MOST_CALLDATA_BYTES


def gas_floor(bundles: Sequence[Bundle]) -> int:
    """Gas that a transaction with these must have at least."""
    groups = {item.group for item in bundles}
    room = max((_GROUP_ROOM[tier] for _, tier in groups), default=0)
    return BASE_GAS + room + len(groups) * _GROUP_GAS + sum(item.gas for item in bundles)


def by_group(bundles: Sequence[Bundle]) -> list[list[Bundle]]:
    """Bundles by group, in the order in which each group first comes."""
    groups: dict[tuple[GroupTerms, Tier], list[Bundle]] = {}
    for item in bundles:
        groups.setdefault(item.group, []).append(item)
    return list(groups.values())


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """As many as fit one transaction each. A proof is a good part of one."""
    most = 8 if items[0].tier is Tier.ZKML else _MOST_RECEIPTS
    for first in range(0, len(items), most):
        yield items[first : first + most]


def _proof_bytes(proof: ZkProof | None) -> int:
    return 0 if proof is None else 256 + len(proof.proof) + 32 * len(proof.instances)
