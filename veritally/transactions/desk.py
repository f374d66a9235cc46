"""What callers ask for, in the database alone: storing, looking up and cancelling intents."""

from __future__ import annotations

from sqlmodel import Session

from veritally.transactions import rows
from veritally.transactions.database import Database
from veritally.transactions.entries import status_of
from veritally.transactions.intents import Intent, IntentStatus
from veritally.transactions.lease import Lease
from veritally.transactions.states import OPEN, State
from veritally.transactions.tables import IntentRow


class Desk:
    """The intents of one key, by the names that callers gave them."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease
        self._key = lease.key

    def stored_gas_limit(self, name: str) -> int | None:
        """The gas limit of an intent that is stored; None when there is none."""
        with self._database.reading() as session:
            row = rows.find(session, self._key, name)
            return None if row is None else row.gas_limit

    def insert(self, session: Session, intent: Intent, gas_limit: int) -> IntentStatus:
        """Stores an intent with the next nonce, unless it is stored.

        Raises:
            IntentConflictError: another one has this key.
            LeaseLostError: somebody else is the owner.
        """
        self._lease.guard(session)
        row = rows.find(session, self._key, intent.key)
        if row is None:
            nonce, now_s = rows.allocate(session, self._key), self._database.now_s(session)
            row = rows.insert(session, self._key, intent.key, intent.call, gas_limit, nonce, now_s)
        else:
            rows.require_same(row, intent)
        return _status(session, row)

    def status(self, name: str) -> IntentStatus:
        """What is known about an intent.

        Raises:
            UnknownIntentError: there is none.
        """
        with self._database.reading() as session:
            return _status(session, rows.require(session, self._key, name))

    def cancel(self, name: str) -> IntentStatus:
        """Notes that an intent is not wanted any more, unless it has landed.

        Raises:
            UnknownIntentError: there is none.
            LeaseLostError: somebody else is the owner.
        """
        with self._database.transaction() as session:
            self._lease.guard(session)
            row = rows.require(session, self._key, name)
            if State(row.state) in OPEN:
                row.cancelled = True
                session.flush()
            return _status(session, row)


def _status(session: Session, row: IntentRow) -> IntentStatus:
    return status_of(row, rows.attempts_of(session, [row])[row.id or 0])
