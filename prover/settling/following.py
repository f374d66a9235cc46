"""Writes down what became of batches and deposits, as the transaction manager and the logs tell it."""

from __future__ import annotations

import logging
from collections import Counter

from sqlmodel import col, select

from prover.jobs.job import JobState, Reason
from prover.jobs.rows import move
from prover.jobs.tables import BatchRow, DepositRow
from prover.jobs.writer import Unit, Writer
from prover.settling import ledger
from prover.settling.ledger import Unfinished
from prover.settling.looking_up import SETTLED_BEFORE, Finder, Read
from veritally.transactions import IntentStatus, Outcome, State, TransactionManager

_log = logging.getLogger("veritally.prover")
_UNKNOWN = "its transaction may still land: no node says what became of it; ask again later"
_REVERTED = Reason(
    "transaction_reverted", "its transaction failed although a trial did not; the prover's log says more"
)


class Follower:
    """Follows everything that was handed to the transaction manager, until it is final."""

    def __init__(self, writer: Writer, manager: TransactionManager, finder: Finder) -> None:
        self._writer = writer
        self._manager = manager
        self._finder = finder
        self._seen: dict[Unfinished, tuple[str, ...]] = {}
        """What was written down, and with which hashes."""

    def step(self) -> int:
        """Writes down what is new; returns how many batches and deposits may still change.

        Raises:
            ChainUnreachableError: the node does not answer; nothing is lost, do it again.
        """
        with self._writer.database.reading() as session:
            batches = ledger.unfinished_batches(session)
            sent = DepositRow.state == State.BROADCAST.value
            deposits = list(session.exec(select(DepositRow).where(sent).order_by(col(DepositRow.id))))
        for batch in batches:
            if batch not in self._seen or batch.state == ledger.OPEN:
                self._look_at(batch)
        self._seen = {batch: hashes for batch, hashes in self._seen.items() if batch in set(batches)}
        for deposit in deposits:
            self._follow_deposit(deposit)
        return len(batches) + len(deposits)

    def _look_at(self, batch: Unfinished) -> None:
        status = self._manager.status(batch.intent_key)
        if self._seen.get(batch) == status.hashes:
            return
        with self._writer.database.reading() as session:
            row = session.get_one(BatchRow, batch.batch_id)
        landing, read = status.landing if status.outcome is Outcome.EXECUTED else None, None
        if landing is not None and row.landed_block_hash != landing.block_hash:
            read = self._finder.read(landing, ledger.groups_of(row))
            if read is None:
                return  # the node has it in another block: the manager will notice
        self._writer.run(lambda unit: _note(unit, batch.batch_id, status, read))
        self._seen[batch] = status.hashes

    def _follow_deposit(self, deposit: DepositRow) -> None:
        status = self._manager.status(deposit.intent_key or "")
        if status.state.reaches(State.MINED):
            done = ledger.DONE if status.outcome is Outcome.EXECUTED else ledger.REVERTED
            self._writer.run(lambda unit: _note_deposit(unit, deposit.id, done))


def _note(unit: Unit, batch_id: int, status: IntentStatus, read: Read | None) -> None:
    batch = unit.session.get_one(BatchRow, batch_id)
    if status.outcome is None:
        _note_in_no_block(unit, batch, status)
        return
    if read is not None:
        _note_landed(unit, batch, status, read)
    elif status.outcome is not Outcome.EXECUTED and batch.state != ledger.REVERTED:
        _note_in_vain(unit, batch, status.outcome)
    if status.state is State.FINAL:
        ledger.finished(unit, batch)
        batch.state = ledger.DONE


def _note_in_no_block(unit: Unit, batch: BatchRow, status: IntentStatus) -> None:
    """It is under way; its block may have been replaced."""
    batch.state, batch.landed_block_hash = ledger.OPEN, None
    is_unknown = status.state is State.UNKNOWN
    reason = Reason("unknown", f"{_UNKNOWN} ({status.problem})") if is_unknown else None
    state = JobState.UNKNOWN if is_unknown else JobState.SUBMITTED
    ledger.unsettled(unit, batch, state, status.hashes[-1] if status.hashes else "", reason)


def _note_landed(unit: Unit, batch: BatchRow, status: IntentStatus, read: Read) -> None:
    """The chain is right, whatever was thought of a request before."""
    batch.state = ledger.LANDED
    batch.landed_block_hash = status.landing.block_hash if status.landing else None
    skipped = []
    for row in ledger.rows_of(unit.session, batch):
        receipt_hash = row.receipt_hash or b""
        if receipt_hash in read.settled:
            ledger.settled(unit, row, read.settled[receipt_hash], batch.id)
        elif row.batch_id == batch.id:
            row.transaction = status.landing.tx_hash if status.landing else ""
            skipped.append(row)
    together = Counter(row.channel_id for row in skipped)
    for row in skipped:
        reason = read.skipped[row.receipt_hash or b""]
        if row.channel_id is not None and together[row.channel_id] > 1:
            ledger.again(unit, row, alone=False)  # the channel may pay for some of them
        else:
            is_elsewhere = reason.code == SETTLED_BEFORE
            move(unit, row, JobState.UNKNOWN if is_elsewhere else JobState.SKIPPED, reason)


def _note_in_vain(unit: Unit, batch: BatchRow, outcome: Outcome) -> None:
    """Its transaction is in a block and did nothing: what it carried is settled apart, or given up."""
    batch.state = ledger.REVERTED
    _log.warning("the transaction of %s was %s", batch.intent_key, outcome.value)
    failed_alone = [row for row in ledger.rows_of(unit.session, batch) if row.alone]
    ledger.taken_back(unit, batch, alone=outcome is Outcome.REVERTED)
    for row in failed_alone if outcome is Outcome.REVERTED else ():
        move(unit, row, JobState.SKIPPED, _REVERTED)


def _note_deposit(unit: Unit, deposit_id: bytes, state: str) -> None:
    unit.session.get_one(DepositRow, deposit_id).state = state
