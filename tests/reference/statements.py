"""What goes into the reference ledger and what comes out of it. Addresses are 20 bytes.

Who signed what is said here, not checked: a payment names its signer and the terms that it signed, evidence
the key that signed the group's digest, or the statements that were proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from veritally.labels import Labels
from veritally.payments import PaymentScheme
from veritally.tiers import Tier

NOBODY = bytes(20)


@dataclass(frozen=True)
class Receipt:
    hash: bytes
    request_hash: bytes
    response_hash: bytes
    payer: bytes
    amount_base_units: int
    served_at_s: int
    nonce: int
    floor: int
    flags: int = 0


@dataclass(frozen=True)
class Upto:
    scheme: ClassVar = PaymentScheme.UPTO
    signer: bytes
    to: bytes
    max_base_units: int
    nonce: int
    deadline_s: int
    valid_after_s: int = 0


@dataclass(frozen=True)
class Voucher:
    scheme: ClassVar = PaymentScheme.BATCH_SETTLEMENT
    signer: bytes
    channel: Channel
    max_base_units: int


@dataclass(frozen=True)
class Exact:
    scheme: ClassVar = PaymentScheme.EXACT
    signer: bytes
    to: bytes
    value_base_units: int
    nonce: bytes
    valid_before_s: int
    valid_after_s: int = 0


@dataclass(frozen=True)
class Channel:
    id: bytes
    payer: bytes
    receiver: bytes
    authorizer: bytes
    token: bytes


Terms: TypeAlias = Upto | Voucher | Exact


@dataclass(frozen=True)
class Payment:
    first: int
    count: int
    terms: Terms


@dataclass(frozen=True)
class Proof:
    request_hash: bytes
    response_hash: bytes
    valid: bool


@dataclass(frozen=True)
class Group:
    model_id: bytes
    prover: bytes
    route: bytes
    asset: bytes
    receipts: tuple[Receipt, ...]
    payments: tuple[Payment, ...]
    evidence: bytes | tuple[Proof, ...] | None
    """Who signed the digest (None: it is no signature), or the proofs."""
    authorized_by: bytes | None = None


@dataclass(frozen=True)
class InferenceSettled:
    seq: int
    receipt_hash: bytes
    payer: bytes
    tier: Tier
    model_id: bytes
    prover: bytes
    asset: bytes
    request_hash: bytes
    response_hash: bytes
    amount_base_units: int
    served_at_s: int
    floor: int
    scheme: PaymentScheme
    labels: Labels


@dataclass(frozen=True)
class ReceiptSkipped:
    receipt_hash: bytes
    payer: bytes
    prover: bytes
    reason: str


@dataclass(frozen=True)
class GroupSettled:
    root: bytes
    model_id: bytes
    prover: bytes
    route: bytes
    tier: Tier
    settled: int
    skipped: int
    labels: Labels
    key: bytes | None


@dataclass(frozen=True)
class GroupSkipped:
    model_id: bytes
    prover: bytes
    route: bytes
    group_index: int
    reason: str


Event: TypeAlias = InferenceSettled | ReceiptSkipped | GroupSettled | GroupSkipped
Outcome: TypeAlias = tuple[int, int, str]
"""Settled, skipped, and why the whole group was skipped."""


@dataclass(frozen=True)
class Route:
    tier: Tier
    stopped: bool = False


@dataclass(frozen=True)
class Enclave:
    model_id: bytes
    prover: bytes
    key: bytes
    """Its name in the registry."""
    valid_until_s: int
    revoked: bool = False


class Refused(Exception):
    """Carries the name of the contract's error."""


def require(condition: bool, error: str) -> None:
    if not condition:
        raise Refused(error)
