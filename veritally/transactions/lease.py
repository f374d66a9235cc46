"""Who owns a key: one process at a time, by a lease in the database with a token that only grows."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass

from sqlalchemy import CursorResult, Update, update
from sqlmodel import Session, col

from veritally.transactions.database import Database
from veritally.transactions.errors import KeyInUseError, LeaseLostError
from veritally.transactions.tables import AccountRow


@dataclass(frozen=True)
class Key:
    """An address on a chain: what has one owner and one sequence of nonces."""

    chain_id: int
    sender: str
    """Checksummed address."""


class Lease:
    """The right to allocate nonces and to sign for a key. Whoever took it over is never overwritten."""

    def __init__(self, database: Database, key: Key, token: int, duration_s: float) -> None:
        self.key = key
        self._database = database
        self._token = token
        self._duration_s = duration_s

    @classmethod
    def acquire(cls, database: Database, key: Key, duration_s: float) -> Lease:
        """Becomes the owner of a key that is registered.

        Raises:
            KeyInUseError: another owner's lease has not ended.
        """
        with database.transaction() as session:
            account = session.get_one(AccountRow, (key.chain_id, key.sender), with_for_update=True)
            left_s = account.lease_until_s - database.now_s(session)
            if left_s > 0:
                raise KeyInUseError(key.sender, key.chain_id, account.holder or "nobody", left_s)
            account.token += 1
            account.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
            account.lease_until_s = database.now_s(session) + duration_s
            return cls(database, key, account.token, duration_s)

    def guard(self, session: Session) -> None:
        """Makes the rest of the transaction happen as the owner, or not at all. Call it first.

        Raises:
            LeaseLostError: somebody else is the owner.
        """
        self._touch(session, {"token": self._token})

    def renew(self) -> None:
        """Extends the lease, when a third of it is over: reading holds up nobody else who writes.

        Raises:
            LeaseLostError: somebody else is the owner.
        """
        with self._database.reading() as session:
            account = session.get_one(AccountRow, (self.key.chain_id, self.key.sender))
            left_s = account.lease_until_s - self._database.now_s(session)
        if account.token == self._token and left_s > self._duration_s * 2 / 3:
            return
        with self._database.transaction() as session:
            until_s = self._database.now_s(session) + self._duration_s
            self._touch(session, {"lease_until_s": until_s})

    def release(self) -> None:
        """Lets others own the key at once. Does nothing when somebody does already."""
        with self._database.transaction() as session:
            session.connection().execute(self._mine().values(lease_until_s=0.0, token=self._token + 1))

    def _touch(self, session: Session, values: dict[str, float]) -> None:
        """An update, so that it holds the row until the transaction ends."""
        touched: CursorResult[tuple[()]] = session.connection().execute(self._mine().values(**values))
        if touched.rowcount != 1:
            raise LeaseLostError(self.key.sender, self.key.chain_id)

    def _mine(self) -> Update:
        return update(AccountRow).where(
            col(AccountRow.chain_id) == self.key.chain_id,
            col(AccountRow.sender) == self.key.sender,
            col(AccountRow.token) == self._token,
        )
