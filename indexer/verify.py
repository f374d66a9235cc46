"""Re-derives everything from the chain and from the database, and says whether they are the same."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from indexer.chain import Heads
from indexer.comparison import compare
from indexer.contradictions import contradictions
from indexer.counting import counts_on_chain, stored_counts
from indexer.cursor import Cursor, find_cursor, held
from indexer.database import Database
from indexer.digest import STREAMS, Digest, records_of
from indexer.endpoints import NOT_ANSWERED
from indexer.errors import (
    CheckFailedError,
    NothingIndexedError,
    SettingsError,
    UnknownDeploymentError,
    blocks_named,
)
from indexer.repair import Repairer
from indexer.sources import Source, Sources
from indexer.stored import StoredRows
from indexer.tables import EVENT_TABLES, BlockRow
from indexer.verification import EndpointFinding, Verification, write_down

_BLOCKS_AT_ONCE = 1_000


@dataclass(frozen=True)
class _Place:
    cursor: Cursor
    block: int


class Verifier:
    """Verifies one deployment in one database."""

    def __init__(self, sources: Sources, database: Database, repairer: Repairer) -> None:
        self._sources = sources
        self._database = database
        self._repairer = repairer

    def verify(self, to_block: int | None = None) -> Verification:
        """Verifies all blocks up to `to_block`, by default up to the last final one, and writes it down.

        On a chain without finality the default is the last indexed block. Every endpoint is asked for
        everything.

        Raises:
            NothingIndexedError, UnknownDeploymentError: there is nothing to verify.
            SettingsError: the block is not indexed.
            RpcUnreachableError, RpcAnswerError, NodeBehindError: no endpoint answers.
        """
        self._sources.require_chain()
        place = self._place(to_block)
        findings: list[EndpointFinding] = []
        digest: Digest | None = None
        with self._database.transaction() as session:
            stored = StoredRows(session, place.cursor)
            for source in self._sources.in_order():
                finding, read = self._finding(session, stored, source, place)
                findings.append(finding)
                digest = digest or read
            found = self._result(place, digest or self._read(stored, place), findings, session)
        with self._database.writing() as session:
            write_down(session, place.cursor, found)
        return found

    def repair(self, found: Verification) -> None:
        """Replaces the blocks that differ, and has the database contradict itself no more.

        Raises:
            UnrepairedError, EndpointsDisagreeError: nothing says what would be right.
        """
        spans = sorted({(s.first_block, s.last_block) for f in found.endpoints for s in f.spans})
        done = -1
        for first, last in spans:
            if last > done:
                cursor = self._place(found.block_number).cursor
                self._repairer.replace(
                    cursor, max(first, done + 1), last, "a verification found other events"
                )
                done = last
        cursor = self._place(found.block_number).cursor
        with self._database.transaction() as session:
            wrong = list(contradictions(session, cursor))
        if wrong:
            self._repairer.restore_sums(cursor, "; ".join(wrong))

    def _place(self, to_block: int | None) -> _Place:
        """Where the database stands, and the block that is meant."""
        self._database.require_existing()
        if not self._database.has_tables():
            raise NothingIndexedError(self._database.shown_url)
        sources = self._sources
        with self._database.transaction() as session:
            cursor = find_cursor(session, sources.chain_id, sources.settlement)
            if cursor is None:
                meant = f"Settlement 0x{sources.settlement.hex()} on chain {sources.chain_id}"
                raise UnknownDeploymentError(f"{meant} is not indexed", held(session))
        if cursor.last_block_hash is None:
            raise NothingIndexedError(self._database.shown_url)
        last = cursor.next_block - 1
        block = (last if cursor.final_block is None else cursor.final_block) if to_block is None else to_block
        if not sources.first_block <= block <= last:
            indexed = blocks_named(sources.first_block, last)
            raise SettingsError("--to-block", f"{block} is not among the indexed {indexed}")
        return _Place(cursor, block)

    def _finding(
        self, session: Session, stored: StoredRows, source: Source, place: _Place
    ) -> tuple[EndpointFinding, Digest | None]:
        """What an endpoint says, and what the database holds."""
        sources, block = self._sources, place.block
        try:
            sources.require_chain_of(source)
            final = min(source.chain.heads().final, block)
            heads = Heads(block, final if final >= sources.first_block else -1, knows_state=False)
            result = compare(source, sources.decoder, stored, sources.first_block, heads)
        except NOT_ANSWERED as error:
            sources.failed(source)
            return EndpointFinding(source.name, problem=str(error), has_answered=False), None
        except CheckFailedError as error:
            return EndpointFinding(source.name, problem=str(error)), None
        digest = result.chain.value(sources.chain_id, sources.settlement, block)
        counters = "not compared" if result.spans else self._counters(session, source, place)
        return EndpointFinding(source.name, digest, tuple(result.spans), counters), result.stored

    def _counters(self, session: Session, source: Source, place: _Place) -> str:
        stored = stored_counts(session, place.cursor, 0, place.block)
        try:
            (header,) = source.chain.blocks([place.block])
            on_chain = counts_on_chain(source.chain, place.block, header.hash, stored.assets)
        except NOT_ANSWERED:
            return "not compared"
        return stored.describe(on_chain) or "match"

    def _result(
        self, place: _Place, digest: Digest, findings: list[EndpointFinding], session: Session
    ) -> Verification:
        sources = self._sources
        header = sources.endpoints.first_answer(lambda rpc: sources.of(rpc).chain.blocks([place.block])[0])
        return Verification(
            sources.chain_id,
            sources.settlement,
            place.block,
            header.hash,
            digest.value(sources.chain_id, sources.settlement, place.block),
            {str(table.__tablename__): digest.counts[table] for table in EVENT_TABLES},
            tuple(findings),
            tuple(contradictions(session, place.cursor)),
        )

    def _read(self, stored: StoredRows, place: _Place) -> Digest:
        """The digest of the database alone."""
        digest, low = Digest(), 0
        for high in [*range(self._sources.first_block, place.block, _BLOCKS_AT_ONCE), place.block]:
            for table in STREAMS:
                rows = stored.blocks(low, high) if table is BlockRow else stored.events(table, low, high)
                digest.add(table, records_of(rows))
            low = high + 1
        return digest
