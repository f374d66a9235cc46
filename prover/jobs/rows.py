"""What happens to the rows of paid requests inside a transaction."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import update
from sqlalchemy.orm.attributes import set_attribute
from sqlmodel import Session, col, func, select

from prover.jobs import channels
from prover.jobs.codec import computed_columns, job_of, order_columns
from prover.jobs.errors import AmountError, BusyError, PaymentInUseError, UnknownJobError
from prover.jobs.job import Computed, Job, JobState, Order, Reason
from prover.jobs.tables import CounterRow, JobRow
from prover.jobs.writer import Unit
from veritally.receipts import ZERO_ADDRESS, GroupTerms, Receipt, SettlementDomain
from veritally.settlement import ZkProof
from veritally.tiers import Tier

ShowProof = Callable[[bytes, ZkProof], dict[str, Any]]
"""What a client is shown of a proof for a model, by the model's id."""
_RECEIPTS = "receipt"
_RESERVED = select(func.count()).where(col(JobRow.state) == JobState.RESERVED.value)
_COUNT_ON = (
    update(CounterRow)
    .where(col(CounterRow.name) == _RECEIPTS)
    .values(next_value=col(CounterRow.next_value) + 1)
    .returning(col(CounterRow.next_value))
)


@dataclass(frozen=True)
class Book:
    """Whose requests these are."""

    domain: SettlementDomain
    prover: str
    """Address of the prover."""
    show_proof: ShowProof

    def receipt(self, row: JobRow) -> Receipt:
        """The receipt of a row that is computed."""
        if row.amount is None or row.nonce is None or row.request_hash is None or row.response_hash is None:
            raise RuntimeError(f"request 0x{row.id.hex()} is {row.state} without a result")
        return Receipt(
            request_hash=row.request_hash,
            response_hash=row.response_hash,
            payer=row.payer if row.amount else ZERO_ADDRESS,
            amount_base_units=row.amount,
            served_at_s=row.served_at_s or 0,
            nonce=row.nonce,
            floor=Tier(row.tier),
        )

    def terms(self, row: JobRow) -> GroupTerms:
        """What the row's receipt shares with its group."""
        return GroupTerms(row.model_id, self.prover, row.asset)


def reserve(unit: Unit, order: Order, most_reserved: int) -> tuple[Job, bool]:
    """See `Jobs.reserve`."""
    row = unit.find(order.job_id)
    if row is not None and row.state != JobState.RELEASED:
        if row.fingerprint != order.fingerprint:
            raise PaymentInUseError(order.payment_key)
        return job_of(row), False
    waiting = _count_reserved(unit)
    if waiting >= most_reserved:
        raise BusyError(waiting)
    channels.reserve(unit.session, order)
    now_s, unit.reserved = time.time(), waiting + 1
    if row is None:
        columns = order_columns(order)
        unit.insert({**columns, "state": JobState.RESERVED.value, "created_at_s": now_s})
    else:
        for name, value in order_columns(order).items():
            set_attribute(row, name, value)  # without validating what this program has made itself
        row.created_at_s = now_s
        move(unit, row, JobState.RESERVED)
    return Job(order, JobState.RESERVED, now_s), True


def compute(unit: Unit, job_id: bytes, computed: Computed, book: Book) -> Job:
    """See `Jobs.computed`."""
    columns = unit.read(job_id)
    if columns is None:
        raise UnknownJobError(job_id)
    row = cast("JobRow", SimpleNamespace(**columns))  # what only reads a row can read this
    if row.state != JobState.RESERVED:
        return job_of(row)
    if not min(1, row.max_amount) <= computed.amount_base_units <= row.max_amount:
        raise AmountError(computed.amount_base_units, row.max_amount)
    channels.charge(unit.session, row, computed.amount_base_units)
    vars(row).update(computed_columns(computed), nonce=_next_nonce(unit.session), computed_at_s=time.time())
    row.receipt_hash = book.domain.receipt_hash(book.terms(row), book.receipt(row))
    row.state = JobState.COMPUTED.value
    if row.tier == Tier.ZKML and computed.proof is not None:
        row.evidence = json.dumps(book.show_proof(row.model_id, computed.proof))
        row.state = JobState.EVIDENCED.value
    unit.write(job_id, {name: value for name, value in vars(row).items() if value is not columns[name]})
    return job_of(row)


def release(unit: Unit, job_id: bytes, reason: Reason) -> Job:
    """See `Jobs.release`."""
    row = require(unit, job_id)
    if row.state == JobState.RESERVED:
        channels.release(unit.session, row)
        move(unit, row, JobState.RELEASED, reason)
    return job_of(row)


def move(unit: Unit, row: JobRow, state: JobState, reason: Reason | None = None) -> None:
    """Notes that a request is in another state, and why."""
    row.state = state.value
    row.reason_code = None if reason is None else reason.code
    row.reason_message = None if reason is None else reason.message
    unit.changed.add(row.id)


def find(session: Session, job_id: bytes) -> Job | None:
    """The request with this id or receipt hash."""
    row = session.get(JobRow, job_id)
    if row is None:
        row = session.exec(select(JobRow).where(col(JobRow.receipt_hash) == job_id)).one_or_none()
    return None if row is None else job_of(row)


def require(unit: Unit, job_id: bytes) -> JobRow:
    """The row of a request.

    Raises:
        UnknownJobError: there is none.
    """
    row = unit.find(job_id)
    if row is None:
        raise UnknownJobError(job_id)
    return row


def in_states(session: Session, *states: JobState) -> list[JobRow]:
    """Rows in these states, oldest first."""
    chosen = select(JobRow).where(col(JobRow.state).in_([state.value for state in states]))
    return list(session.exec(chosen.order_by(col(JobRow.created_at_s), col(JobRow.id))))


def by_ids(session: Session, job_ids: Collection[bytes]) -> list[Job]:
    """The requests with these ids."""
    return [job_of(row) for row in session.exec(select(JobRow).where(col(JobRow.id).in_(job_ids)))]


def _count_reserved(unit: Unit) -> int:
    if unit.reserved is None:
        unit.session.flush()
        unit.reserved = unit.session.connection().execute(_RESERVED).scalar_one()
    return unit.reserved


def _next_nonce(session: Session) -> int:
    """The prover's next number for a receipt. The first is above all that clocks gave before."""
    found = session.connection().execute(_COUNT_ON).scalar_one_or_none()
    if found is not None:
        return int(found) - 1
    first = time.time_ns() // 1000
    session.add(CounterRow(name=_RECEIPTS, next_value=first + 1))
    session.flush()  # so that the next request finds it
    return first
