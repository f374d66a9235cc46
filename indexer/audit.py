"""Reads final blocks a second time, through another endpoint than the one that they were stored from."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session

from indexer.chain import Heads
from indexer.comparison import Comparison, compare
from indexer.contradictions import seq_before
from indexer.cursor import Cursor
from indexer.database import Database
from indexer.endpoints import NOT_ANSWERED
from indexer.errors import CheckFailedError
from indexer.incidents import ENDPOINT, Incident, record
from indexer.repair import Repairer
from indexer.sources import Source, Sources
from indexer.stored import StoredRows
from indexer.tables import AuditRow

_BLOCKS_AT_ONCE = 10_000


class Audit:
    """Has every final block of one deployment confirmed by a second endpoint, when there is one."""

    def __init__(self, database: Database, sources: Sources, repairer: Repairer) -> None:
        self._database = database
        self._sources = sources
        self._repairer = repairer
        self._confirmed: int | None = None

    def require(self, cursor: Cursor, stopped: Callable[[], bool]) -> Cursor:
        """Compares the final blocks that nobody has confirmed yet. Without another endpoint nothing happens.

        Returns the cursor, which a repair may have changed.

        Raises:
            EndpointsDisagreeError, UnrepairedError: the endpoint in use and another one show different
                events, and nothing says which are right.
        """
        if len(self._sources) < 2 or cursor.final_block is None:
            return cursor
        if self._confirmed is None:
            with self._database.transaction() as session:
                self._confirmed = confirmed_block(session, cursor, self._sources.first_block)
        for other in self._sources.others(self._sources.in_order()[0]):
            try:
                cursor = self._go_on(other, cursor, self._confirmed, cursor.final_block, stopped)
                break
            except NOT_ANSWERED:
                self._sources.failed(other)
        return cursor

    def _go_on(
        self, other: Source, cursor: Cursor, confirmed: int, final: int, stopped: Callable[[], bool]
    ) -> Cursor:
        self._sources.require_chain_of(other)
        if confirmed < final:
            final = min(final, other.chain.heads().final)
        while confirmed < final and not stopped():
            last = min(final, confirmed + _BLOCKS_AT_ONCE)
            try:
                found = self._compare(other, cursor, confirmed + 1, last)
            except CheckFailedError as error:
                self._distrust(other, cursor, confirmed + 1, last, error)
                return cursor
            for span in found.spans:
                detail = f"{other.name} shows other events"
                cursor = self._repairer.replace(cursor, span.first_block, span.last_block, detail)
            with self._database.writing() as session:
                session.merge(AuditRow(deployment_id=cursor.id, block=last))
            self._confirmed = confirmed = last
        return cursor

    def _compare(self, other: Source, cursor: Cursor, first_block: int, last_block: int) -> Comparison:
        heads = Heads(last_block, last_block, knows_state=False)
        with self._database.transaction() as session:
            stored = StoredRows(session, cursor)
            next_seq = seq_before(session, cursor, first_block)
            return compare(other, self._sources.decoder, stored, first_block, heads, next_seq)

    def _distrust(
        self, other: Source, cursor: Cursor, first_block: int, last_block: int, error: CheckFailedError
    ) -> None:
        """What it says cannot be right: nothing is confirmed, and nothing is wrong with what is stored."""
        self._sources.failed(other)
        blocks = error.blocks or (first_block, last_block)
        with self._database.writing() as session:
            record(session, cursor, Incident(*blocks, ENDPOINT, str(error), other.name, resolved=True))


def confirmed_block(session: Session, cursor: Cursor, first_block: int) -> int:
    """Last block that a second endpoint has confirmed with all before it; `first_block - 1` if none has."""
    row = session.get(AuditRow, cursor.id)
    return first_block - 1 if row is None else row.block
