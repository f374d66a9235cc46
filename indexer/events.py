"""The settlement events, decoded. Hashes, ids and addresses are bytes; a payer is None where nobody paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from veritally.labels import Labels
from veritally.payments import PaymentScheme
from veritally.tiers import Tier


@dataclass(frozen=True)
class LogPosition:
    """Where an event is in the chain."""

    row_id: int
    """Block number and log index in one integer; see `indexer.wire.Log.row_id`."""
    transaction_hash: bytes


@dataclass(frozen=True)
class Reason:
    """Why a group or a receipt was skipped."""

    octets: bytes
    """ABI-encoded custom error, cut by the contract."""
    name: str | None
    """Name of the custom error; None when none of our contracts declares it."""


@dataclass(frozen=True)
class InferenceSettled:
    """One inference was verified, paid (unless free) and counted."""

    position: LogPosition
    seq: int
    receipt_hash: bytes
    payer: bytes | None
    tier: Tier
    model_id: bytes
    prover: bytes
    asset: bytes
    request_hash: bytes
    response_hash: bytes
    amount_base_units: int
    served_at_s: int
    """Unix time in seconds that the prover states; up to 2^64-1 and not checked by the contract."""
    floor: Tier
    scheme: PaymentScheme
    """How it was paid; `NONE` where nobody paid."""
    labels: Labels
    """How the evidence is weaker than the tier says."""


@dataclass(frozen=True)
class GroupSettled:
    """A group settled at least one receipt."""

    position: LogPosition
    root: bytes
    model_id: bytes
    prover: bytes
    route: bytes
    tier: Tier
    settled: int
    skipped: int
    labels: Labels
    key: bytes | None
    """Name of the key that backed the group, an enclave's with TEE; None when its verifier names none."""


@dataclass(frozen=True)
class GroupSkipped:
    """A whole group was left untouched."""

    position: LogPosition
    model_id: bytes
    prover: bytes
    route: bytes
    group_index: int
    reason: Reason


@dataclass(frozen=True)
class ReceiptSkipped:
    """One receipt of an accepted group was left untouched."""

    position: LogPosition
    receipt_hash: bytes
    payer: bytes | None
    prover: bytes
    reason: Reason


@dataclass(frozen=True)
class ChannelRefunded:
    """A prover gave back to a payer what its payment channel still held."""

    position: LogPosition
    payer: bytes
    prover: bytes
    asset: bytes
    amount_base_units: int


Event: TypeAlias = InferenceSettled | GroupSettled | GroupSkipped | ReceiptSkipped | ChannelRefunded
