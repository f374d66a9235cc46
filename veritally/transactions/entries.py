"""Intents as the manager's own steps see them, read from the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from veritally.transactions.fees import Fees
from veritally.transactions.intents import Call, IntentStatus, Landing
from veritally.transactions.states import State
from veritally.transactions.tables import AttemptRow, IntentRow


@dataclass(frozen=True)
class Attempt:
    """Signed bytes that are stored."""

    tx_hash: str
    raw: bytes
    nonce: int
    fees: Fees
    gas_limit: int
    value_wei: int
    is_call: bool
    signed_at_block: int

    @property
    def cost_wei(self) -> int:
        """The most that it can take from the sender."""
        return self.value_wei + self.gas_limit * self.fees.max_fee_wei


@dataclass(frozen=True)
class Entry:
    """An intent with all that was signed for it, oldest first."""

    id: int
    key: str | None
    """None: it only fills a gap."""
    nonce: int
    call: Call
    gas_limit: int
    state: State
    cancelled: bool
    problem: str | None
    """What nodes said when they last refused it."""
    attempts: tuple[Attempt, ...]

    @property
    def latest(self) -> Attempt | None:
        """What was signed last for its present nonce."""
        current = [attempt for attempt in self.attempts if attempt.nonce == self.nonce]
        return current[-1] if current else None


@dataclass(frozen=True)
class Landed:
    """An intent that is in a block. Neither its call nor what was signed for it is read: that may be much."""

    id: int
    landing: Landing


def landed_of(row: Row[Any]) -> Landed:
    """The intent of a row that is in a block, and has nothing but the columns of its landing."""
    landing = _landing_of(row)
    if row.id is None or landing is None:
        raise RuntimeError(f"intent {row.id} has no block")
    return Landed(row.id, landing)


def entry_of(row: IntentRow, attempts: list[AttemptRow]) -> Entry:
    """The entry of a row."""
    call = Call(to=row.to, data=row.data, value_wei=row.value_wei, gas_limit=row.gas_limit)
    return Entry(
        id=row.id or 0,
        key=row.key,
        nonce=row.nonce,
        call=call,
        gas_limit=row.gas_limit,
        state=State(row.state),
        cancelled=row.cancelled,
        problem=row.problem,
        attempts=tuple(_attempt_of(attempt, row) for attempt in attempts),
    )


def status_of(row: IntentRow, attempts: list[AttemptRow]) -> IntentStatus:
    """What a caller is told of a row."""
    return IntentStatus(
        key=row.key or "",
        state=State(row.state),
        nonce=row.nonce,
        hashes=tuple(attempt.hash for attempt in attempts),
        cancelled=row.cancelled,
        landing=_landing_of(row),
        problem=row.problem,
    )


def _attempt_of(row: AttemptRow, intent: IntentRow) -> Attempt:
    return Attempt(
        tx_hash=row.hash,
        raw=row.raw,
        nonce=row.nonce,
        fees=Fees(row.max_fee_wei, row.tip_wei),
        gas_limit=row.gas_limit,
        value_wei=intent.value_wei if row.is_call else 0,
        is_call=row.is_call,
        signed_at_block=row.signed_at_block,
    )


def _landing_of(row: IntentRow | Row[Any]) -> Landing | None:
    if row.landed_hash is None:
        return None
    return Landing(
        tx_hash=row.landed_hash,
        block_number=row.landed_number or 0,
        block_hash=row.landed_block_hash or "",
        succeeded=bool(row.landed_succeeded),
        is_call=bool(row.landed_is_call),
        gas_used=row.landed_gas_used or 0,
        gas_price_wei=row.landed_gas_price_wei or 0,
    )
