"""What settling writes into the rows of paid requests; each function is part of one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select as select_columns
from sqlalchemy import update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from prover.jobs.codec import channel_from_text, computed_of, payment_from_text, settlement_to_text
from prover.jobs.job import JobState, Reason, Settlement
from prover.jobs.rows import Book, move, require
from prover.jobs.tables import BatchRow, ChannelRow, JobRow
from prover.jobs.writer import Unit
from prover.settling.bundles import Item
from prover.settling.preparing import PreparedGroup
from veritally.payments import BatchPayment, SignedPayment
from veritally.tiers import Tier
from veritally.transactions import Intent, TransactionManager
from veritally.transactions.tables import IntentRow

WAITING = (JobState.COMPUTED, JobState.EVIDENCED)
"""What no batch carries."""
_SENT = (JobState.SUBMITTED.value, JobState.UNKNOWN.value)
_WAITING = [state.value for state in WAITING]

OPEN, LANDED, REVERTED, DONE = "open", "landed", "reverted", "done"
"""States of a batch."""


class Unfinished(NamedTuple):
    """A batch, and how far its transaction was when it was read."""

    batch_id: int
    intent_key: str
    state: str
    intent_state: str
    landed_block_hash: str | None


def count_waiting_vouchers(session: Session) -> tuple[int, float | None]:
    """Requests of channels that no batch carries, and when the first of them was computed."""
    chosen = select(func.count(), func.min(JobRow.computed_at_s)).where(
        col(JobRow.state).in_(_WAITING), col(JobRow.channel_id).is_not(None)
    )
    count, first_s = session.exec(chosen).one()
    return int(count), first_s


def waiting(session: Session, book: Book, of_channels: bool, limit: int) -> list[Item]:
    """Requests that no batch carries, oldest first."""
    # Not `IS NULL`: SQLite would take the index of channels, and read all that was ever paid without one.
    channel = func.coalesce(col(JobRow.channel_id), b"")
    chosen = (
        select(JobRow)
        .where(col(JobRow.state).in_(_WAITING), channel != b"" if of_channels else channel == b"")
        .order_by(col(JobRow.nonce))
        .limit(limit)
        .options(defer(col(JobRow.body)))  # type: ignore[arg-type]
    )
    rows = session.exec(chosen).all()
    vouchers = _vouchers(session, rows)
    return [_item(row, book, vouchers) for row in rows]


def channels_under_way(session: Session) -> set[bytes]:
    """Channels from which a transaction claims: what is left in them is known when it has landed."""
    sent = col(JobRow.state).in_(_SENT)
    return {found for found in session.exec(select(JobRow.channel_id).where(sent).distinct()) if found}


def is_running_since(session: Session, before_s: float) -> bool:
    """Whether a request runs that was reserved by then, and whose client waits for its block."""
    chosen = select(JobRow.id).where(
        JobRow.state == JobState.RESERVED.value,
        col(JobRow.channel_id).is_(None),
        col(JobRow.created_at_s) <= before_s,
    )
    return _is_any(session, chosen)


def evidenced(unit: Unit, groups: Sequence[PreparedGroup]) -> None:
    """Stores what backs the requests of a batch, before it is sent."""
    for group in groups:
        for item, shown in zip(group.items, group.shown, strict=True):
            row = require(unit, item.job_id)
            row.evidence = json.dumps(shown)
            move(unit, row, JobState.EVIDENCED)


def submitted(
    unit: Unit, manager: TransactionManager, intent: Intent, groups: Sequence[PreparedGroup]
) -> None:
    """Stores a batch together with the intent that carries it."""
    manager.submit_within(unit.session, intent)
    hashes = [[item.receipt_hash.hex() for item in group.items] for group in groups]
    batch = BatchRow(intent_key=intent.key, state=OPEN, groups=json.dumps(hashes))
    unit.session.add(batch)
    unit.session.flush()
    for group in groups:
        for item in group.items:
            row = require(unit, item.job_id)
            row.batch_id, row.transaction = batch.id, ""
            move(unit, row, JobState.SUBMITTED)


def skipped(unit: Unit, refused: Sequence[tuple[Item, Reason]]) -> None:
    """Gives up requests that a trial refused; nothing that carries them was sent."""
    for item, reason in refused:
        row = require(unit, item.job_id)
        if row.state in _WAITING:
            move(unit, row, JobState.SKIPPED, reason)


def settled(unit: Unit, row: JobRow, settlement: Settlement, batch_id: int | None) -> None:
    """Notes that the chain has a request's receipt."""
    row.batch_id, row.transaction = batch_id, settlement.transaction
    row.settlement = settlement_to_text(settlement)
    move(unit, row, JobState.MINED)


def lost(unit: Unit, row: JobRow) -> None:
    """Notes that a receipt's nonce is used, and that nobody can find by what."""
    sentence = "the receipt's nonce is used on the chain, and no transaction with the receipt is found"
    move(unit, row, JobState.UNKNOWN, Reason("settlement_not_found", sentence))


def unsettled(unit: Unit, batch: BatchRow, sent: JobState, transaction: str, reason: Reason | None) -> None:
    """Notes how the transaction of a batch is doing that is in no block."""
    for row in rows_of(unit.session, batch):
        if row.batch_id != batch.id or (row.state, row.transaction) == (sent.value, transaction):
            continue
        row.settlement, row.transaction = None, transaction
        move(unit, row, sent, reason)


def taken_back(unit: Unit, batch: BatchRow, alone: bool) -> None:
    """Lets the requests of a batch be settled anew: its transaction did nothing."""
    for row in rows_of(unit.session, batch):
        if row.batch_id == batch.id:
            again(unit, row, alone)


def again(unit: Unit, row: JobRow, alone: bool) -> None:
    """Lets a request be settled anew."""
    row.batch_id, row.transaction, row.settlement, row.alone = None, "", None, alone
    move(unit, row, JobState.EVIDENCED)


def finished(unit: Unit, batch: BatchRow) -> None:
    """Notes that the block of a batch stays for ever."""
    ended = (
        update(JobRow)
        .where(col(JobRow.batch_id) == batch.id, col(JobRow.state) == JobState.MINED.value)
        .values(state=JobState.FINAL.value, reason_code=None, reason_message=None)
        .returning(col(JobRow.id))
    )
    unit.changed.update(unit.session.scalars(ended))


def groups_of(batch: BatchRow) -> list[list[bytes]]:
    """Receipt hashes of each group of a batch."""
    return [[bytes.fromhex(item) for item in group] for group in json.loads(batch.groups)]


def rows_of(session: Session, batch: BatchRow) -> list[JobRow]:
    """The requests that a batch carried when it was sent."""
    hashes = [item for group in groups_of(batch) for item in group]
    return list(session.exec(select(JobRow).where(col(JobRow.receipt_hash).in_(hashes))))


def unfinished_batches(session: Session) -> list[Unfinished]:
    """Batches whose transaction may still do something else than it did, oldest first."""
    chosen = (
        select_columns(col(BatchRow.id), col(BatchRow.intent_key), col(BatchRow.state))
        .where(col(BatchRow.state).in_((OPEN, LANDED, REVERTED)))
        .order_by(col(BatchRow.id))
    )
    batches = session.connection().execute(chosen).all()
    # Not joined: SQLite would read the intents of everything that was ever sent.
    asked = select_columns(col(IntentRow.key), col(IntentRow.state), col(IntentRow.landed_block_hash))
    keys = [key for _, key, _ in batches]
    found = session.connection().execute(asked.where(col(IntentRow.key).in_(keys)))
    intents = {key: (state, landed) for key, state, landed in found}
    return [Unfinished(id_ or 0, key, state, *intents[key]) for id_, key, state in batches]


def count_states(session: Session) -> dict[JobState, int]:
    """How many requests are in each state."""
    counted = select(JobRow.state, func.count()).group_by(col(JobRow.state))
    return {JobState(state): count for state, count in session.exec(counted)}


def is_waiting(session: Session) -> bool:
    """Whether a request is computed that no batch carries."""
    return _is_any(session, select(JobRow.id).where(col(JobRow.state).in_(_WAITING)))


def is_open(session: Session) -> bool:
    """Whether a request waits for a batch, or for the block of its batch."""
    sent = (
        select(JobRow.id)
        .join(BatchRow, col(BatchRow.id) == JobRow.batch_id)
        .where(col(JobRow.state).in_(_SENT), BatchRow.state == OPEN)
    )
    return is_waiting(session) or _is_any(session, sent)


def _is_any(session: Session, chosen: SelectOfScalar[Any]) -> bool:
    return session.exec(chosen.limit(1)).first() is not None


def _vouchers(session: Session, rows: Sequence[JobRow]) -> Mapping[bytes, SignedPayment]:
    """The newest voucher of each channel of these rows."""
    ids = {row.channel_id for row in rows if row.channel_id is not None}
    found: dict[bytes, SignedPayment] = {}
    for channel in session.exec(select(ChannelRow).where(col(ChannelRow.id).in_(ids))):
        if channel.voucher_cumulative is not None:
            found[channel.id] = BatchPayment(
                channel_from_text(channel.config),
                channel.voucher_cumulative,
                channel.voucher_signature or b"",
            )
    return found


def _item(row: JobRow, book: Book, vouchers: Mapping[bytes, SignedPayment]) -> Item:
    payment: SignedPayment | None = None
    if row.amount:
        signed = payment_from_text(row.payment)
        payment = signed if row.channel_id is None else vouchers.get(row.channel_id, signed)
    computed = computed_of(row)
    return Item(
        job_id=row.id,
        receipt_hash=row.receipt_hash or b"",
        terms=book.terms(row),
        tier=Tier(row.tier),
        receipt=book.receipt(row),
        payment=payment,
        channel_id=row.channel_id if row.amount else None,
        proof=None if computed is None else computed.proof,
        alone=row.alone,
        computed_at_s=row.computed_at_s or 0.0,
    )
