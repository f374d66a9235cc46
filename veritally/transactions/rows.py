"""Reads and writes of rows inside a caller's database transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from veritally.transactions.errors import IntentConflictError, UnknownIntentError
from veritally.transactions.intents import Call, Intent
from veritally.transactions.lease import Key
from veritally.transactions.states import State
from veritally.transactions.tables import AccountRow, AttemptRow, IntentRow


def of_key(key: Key) -> tuple[ColumnElement[bool], ...]:
    """Conditions on `IntentRow` for the intents of a key."""
    return col(IntentRow.chain_id) == key.chain_id, col(IntentRow.sender) == key.sender


def find(session: Session, key: Key, name: str) -> IntentRow | None:
    """The intent with this key of the caller's."""
    return session.exec(select(IntentRow).where(*of_key(key), IntentRow.key == name)).one_or_none()


def require(session: Session, key: Key, name: str) -> IntentRow:
    """The intent with this key of the caller's.

    Raises:
        UnknownIntentError: there is none.
    """
    row = find(session, key, name)
    if row is None:
        raise UnknownIntentError(name, key.sender)
    return row


def require_same(row: IntentRow, intent: Intent) -> None:
    """Checks that what is stored is what is submitted again.

    Raises:
        IntentConflictError: it is not.
    """
    call = intent.call
    pairs = {
        "to": (row.to, call.to),
        "data": (row.data, call.data),
        "value_wei": (row.value_wei, call.value_wei),
        "gas_limit": (row.gas_limit, row.gas_limit if call.gas_limit is None else call.gas_limit),
    }
    for field, (stored, given) in pairs.items():
        if stored != given:
            raise IntentConflictError(intent.key, field)


def insert(
    session: Session, key: Key, name: str | None, call: Call, gas_limit: int, nonce: int, now_s: float
) -> IntentRow:
    """A new intent at a nonce. Without a name it only fills the nonce."""
    row = IntentRow(
        chain_id=key.chain_id,
        sender=key.sender,
        key=name,
        nonce=nonce,
        to=call.to,
        data=call.data,
        value_wei=call.value_wei,
        gas_limit=gas_limit,
        state=State.QUEUED.value,
        cancelled=name is None,
        created_at_s=now_s,
    )
    session.add(row)
    session.flush()
    return row


def allocate(session: Session, key: Key) -> int:
    """The next nonce of a key, which nobody else gets."""
    row = AccountRow
    taken = (
        update(row)
        .where(col(row.chain_id) == key.chain_id, col(row.sender) == key.sender)
        .values(next_nonce=col(row.next_nonce) + 1)
        .returning(col(row.next_nonce))
    )
    return int(session.connection().execute(taken).scalar_one()) - 1


def attempts_of(session: Session, rows: Sequence[IntentRow]) -> dict[int, list[AttemptRow]]:
    """Everything that was signed for these intents, oldest first, by the id of the intent."""
    found: dict[int, list[AttemptRow]] = {row.id: [] for row in rows if row.id is not None}
    chosen = select(AttemptRow).where(col(AttemptRow.intent_id).in_(found)).order_by(col(AttemptRow.id))
    for attempt in session.exec(chosen):
        found[attempt.intent_id].append(attempt)
    return found
