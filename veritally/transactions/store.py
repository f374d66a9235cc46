"""What is written and when: each method is one database transaction, made as the owner of the key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from veritally.transactions import rows
from veritally.transactions.database import Database
from veritally.transactions.entries import Attempt, Entry, Landed, entry_of, landed_of
from veritally.transactions.intents import Call, Landing
from veritally.transactions.lease import Lease
from veritally.transactions.states import OPEN, State
from veritally.transactions.tables import AccountRow, AttemptRow, IntentRow

_MOST_NONCES = 1_000
_OPEN = [state.value for state in OPEN]
_LANDED = [name for name in IntentRow.model_fields if name.startswith("landed_")]


class Store:
    """The rows of one key."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease
        self._key = lease.key

    def account(self) -> AccountRow:
        """The row of the key. Changes to it are not kept."""
        with self._database.reading() as session:
            return self._account(session)

    def open_entries(self, below_nonce: int | None = None) -> list[Entry]:
        """Intents of which nothing is known to have landed, by nonce."""
        bound = [] if below_nonce is None else [col(IntentRow.nonce) < below_nonce]
        return self._entries(col(IntentRow.state).in_(_OPEN), *bound, order=col(IntentRow.nonce).asc())

    def count_open(self) -> int:
        """How many intents have not landed."""
        counted = select(func.count()).select_from(IntentRow)
        with self._database.reading() as session:
            return session.exec(counted.where(*rows.of_key(self._key), col(IntentRow.state).in_(_OPEN))).one()

    def mined(self) -> list[Landed]:
        """Intents that are in a block that may be replaced, highest block first."""
        return self._landed(State.MINED)

    def highest_final(self) -> Landed | None:
        """The final intent in the highest block."""
        found = self._landed(State.FINAL, limit=1)
        return found[0] if found else None

    def used_nonces(self, lowest: int) -> list[int]:
        """The first nonces from `lowest` on that belong to an intent of any state, in order."""
        chosen = select(IntentRow.nonce).where(*rows.of_key(self._key), col(IntentRow.nonce) >= lowest)
        with self._database.reading() as session:
            return list(session.exec(chosen.order_by(col(IntentRow.nonce)).limit(_MOST_NONCES)))

    def add_attempt(self, entry: Entry, attempt: Attempt) -> None:
        """Stores signed bytes, before they are handed over."""
        with self._transaction() as session:
            session.add(
                AttemptRow(
                    intent_id=entry.id,
                    nonce=attempt.nonce,
                    hash=attempt.tx_hash,
                    raw=attempt.raw,
                    max_fee_wei=attempt.fees.max_fee_wei,
                    tip_wei=attempt.fees.tip_wei,
                    gas_limit=attempt.gas_limit,
                    is_call=attempt.is_call,
                    signed_at_block=attempt.signed_at_block,
                )
            )
            if entry.state == State.QUEUED:
                self._change(session, entry, state=State.SIGNED.value)

    def note_sent(self, entry: Entry, state: State, problem: str | None) -> None:
        """What nodes said to bytes that were handed over."""
        with self._transaction() as session:
            self._change(session, entry, state=state.value, problem=problem)

    def note_landed(self, entry: Entry, landing: Landing) -> None:
        """It is in a block."""
        values = {
            "landed_hash": landing.tx_hash,
            "landed_number": landing.block_number,
            "landed_block_hash": landing.block_hash,
            "landed_succeeded": landing.succeeded,
            "landed_is_call": landing.is_call,
            "landed_gas_used": landing.gas_used,
            "landed_gas_price_wei": landing.gas_price_wei,
        }
        with self._transaction() as session:
            self._change(session, entry, state=State.MINED.value, problem=None, **values)

    def note_gone(self, entry: Landed) -> None:
        """Its block is not on the chain any more."""
        with self._transaction() as session:
            self._change(session, entry, state=State.BROADCAST.value, **dict.fromkeys(_LANDED))

    def note_final(self, entries: Sequence[Landed]) -> None:
        """Their blocks stay for ever. The highest of them is what the chain is held to from now on."""
        highest = max((entry.landing for entry in entries), key=lambda landing: landing.block_number)
        with self._transaction() as session:
            for entry in entries:
                self._change(session, entry, state=State.FINAL.value)
            account = self._account(session)
            if account.final_number is None or highest.block_number >= account.final_number:
                account.final_number = highest.block_number
                account.final_hash = highest.block_hash

    def displace(self, entry: Entry, foreign_hash: str) -> None:
        """Another program's transaction used its nonce for ever: it gets a new one, if it is still wanted."""
        with self._transaction() as session:
            if entry.cancelled:
                self._change(session, entry, state=State.FINAL.value, displaced_by=foreign_hash)
            else:
                nonce = rows.allocate(session, self._key)
                queued = State.QUEUED.value
                self._change(session, entry, state=queued, nonce=nonce, displaced_by=foreign_hash)

    def fill_gap(self, nonce: int) -> None:
        """Stores an intent that only uses `nonce`."""
        with self._transaction() as session:
            now_s = self._database.now_s(session)
            rows.insert(session, self._key, None, Call(to=self._key.sender), 0, nonce, now_s)

    def pause(self, reason: str | None) -> None:
        """Why nothing new is signed; None: it is."""
        with self._transaction() as session:
            self._account(session).paused = reason

    def hold_to(self, number: int | None, block_hash: str | None) -> None:
        """Sets the final block that the chain is held to."""
        with self._transaction() as session:
            account = self._account(session)
            account.final_number, account.final_hash = number, block_hash

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._database.transaction() as session:
            self._lease.guard(session)
            yield session

    def _change(self, session: Session, entry: Entry | Landed, **values: Any) -> None:
        changed = update(IntentRow).where(col(IntentRow.id) == entry.id).values(**values)
        session.connection().execute(changed)

    def _account(self, session: Session) -> AccountRow:
        return session.get_one(AccountRow, (self._key.chain_id, self._key.sender))

    def _landed(self, state: State, limit: int | None = None) -> list[Landed]:
        chosen = (
            select_columns(col(IntentRow.id), *(getattr(IntentRow, name) for name in _LANDED))
            .where(*rows.of_key(self._key), col(IntentRow.state) == state.value)
            .where(col(IntentRow.landed_number).is_not(None))
            .order_by(col(IntentRow.landed_number).desc())
            .limit(limit)
        )
        with self._database.reading() as session:
            return [landed_of(row) for row in session.connection().execute(chosen)]

    def _entries(self, *where: ColumnElement[bool], order: ColumnElement[Any]) -> list[Entry]:
        chosen = select(IntentRow).where(*rows.of_key(self._key), *where).order_by(order)
        with self._database.reading() as session:
            found = session.exec(chosen).all()
            attempts = rows.attempts_of(session, found)
            return [entry_of(row, attempts[row.id or 0]) for row in found]
