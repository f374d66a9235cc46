"""Brings to their channels the deposits that payers signed."""

from __future__ import annotations

import logging

from sqlmodel import Session, col, select

from prover.jobs import channels
from prover.jobs.tables import DepositRow, JobRow
from prover.jobs.writer import Unit, Writer
from prover.settling import ledger
from veritally.transactions import Call, Intent, State, TransactionManager
from veritally.transactions.errors import CallRefusedError
from veritally.x402.addresses import CHANNELS_ADDRESS

_log = logging.getLogger("veritally.prover")
_UNDER_WAY = (channels.WAITING, State.BROADCAST.value)


def bring_deposits(writer: Writer, manager: TransactionManager) -> int:
    """Hands the deposits of channels that have something to pay to the transaction manager; tells how many.

    Raises:
        NoEndpointError: they cannot be tried; do it again.
    """
    with writer.database.reading() as session:
        needed = select(JobRow.channel_id).where(
            col(JobRow.state).in_([state.value for state in ledger.WAITING])
        )
        waiting = DepositRow.state == channels.WAITING
        due = list(session.exec(select(DepositRow).where(waiting, col(DepositRow.channel_id).in_(needed))))
    for deposit in due:
        _bring(writer, manager, deposit)
    return len(due)


def channels_without_deposit(session: Session) -> set[bytes]:
    """Channels to which a deposit is on its way: what they pay for waits for it."""
    chosen = select(DepositRow.channel_id).where(col(DepositRow.state).in_(_UNDER_WAY))
    return set(session.exec(chosen))


def _bring(writer: Writer, manager: TransactionManager, deposit: DepositRow) -> None:
    """The intent is stored first: submitted again after a crash, it is the same one."""
    key, state = f"deposit:{deposit.id.hex()}", State.BROADCAST.value
    try:
        manager.submit(Intent(key, Call(CHANNELS_ADDRESS, deposit.calldata)))
    except CallRefusedError as error:
        _log.warning("a deposit for channel 0x%s is refused: %s", deposit.channel_id.hex(), error)
        state = ledger.REVERTED
    writer.run(lambda unit: _note(unit, deposit.id, key, state))


def _note(unit: Unit, deposit_id: bytes, key: str, state: str) -> None:
    row = unit.session.get_one(DepositRow, deposit_id)
    row.state, row.intent_key = state, key
