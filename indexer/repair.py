"""Replaces what is stored of some blocks by what the endpoints say, once that is proved or agreed upon."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlmodel import Session

from indexer.batches import Batches, read_decimals
from indexer.chain import Heads
from indexer.contradictions import missing_assets, seq_after, seq_before
from indexer.counting import Counts, counts_on_chain, stored_counts
from indexer.cursor import Cursor
from indexer.database import Database
from indexer.decode import Rows
from indexer.dictionary import Dictionary
from indexer.digest import records_of
from indexer.endpoints import NOT_ANSWERED
from indexer.errors import (
    ChainReorganisedError,
    CheckFailedError,
    EndpointsDisagreeError,
    UnrepairedError,
)
from indexer.incidents import ROLLUPS, ROWS, Incident, close, record
from indexer.sources import Source, Sources
from indexer.store import Batch, merged, replace_range, restore_sums
from indexer.tables import InferenceRow
from indexer.wire import LOG_INDEX_BITS


@dataclass(frozen=True)
class _Candidate:
    """What one endpoint would put in the place of what is stored."""

    source: Source
    batch: Batch
    is_proved: bool
    """Whether the contract's counters, or what is stored behind the blocks, say that nothing is missing."""


class Repairer:
    """Repairs the stored blocks of one deployment."""

    def __init__(
        self, database: Database, sources: Sources, batches: Batches, dictionary: Dictionary
    ) -> None:
        self._database = database
        self._sources = sources
        self._batches = batches
        self._dictionary = dictionary

    def replace(self, cursor: Cursor, first_block: int, last_block: int, detail: str) -> Cursor:
        """Replaces all that is stored of the blocks, in one transaction, and writes down the incident.

        Raises:
            UnrepairedError: no endpoint gave what would be right; nothing was changed.
            EndpointsDisagreeError: they gave different events, and nothing says which are right.
        """
        try:
            chosen = self._choose(cursor, first_block, last_block)
        except CheckFailedError as error:
            with self._database.writing() as session:
                problem = f"{detail}; {error}"
                record(session, cursor, Incident(first_block, last_block, ROWS, problem, "", resolved=False))
            raise
        self._dictionary.forget()  # what it remembers may be gone
        with self._database.writing() as session:
            after = _cursor_after(session, cursor, chosen.batch, last_block)
            learnt = replace_range(session, self._dictionary, cursor, after, chosen.batch)
            incident = Incident(first_block, last_block, ROWS, detail, chosen.source.name, resolved=True)
            record(session, cursor, incident)
        self._dictionary.learn(learnt)
        return after

    def restore_sums(self, cursor: Cursor, detail: str) -> Cursor:
        """Makes the roll-ups and the cursor's number those of the rows, and writes down the incident.

        Rows behind the last indexed block are deleted, and assets that are missing are asked for again.
        """
        with self._database.transaction() as session:
            missing = missing_assets(session, cursor)
        chain = self._sources.in_order()[0].chain
        decimals = {asset: read_decimals(chain, asset) for asset in missing}
        with self._database.writing() as session:
            seq = seq_before(session, cursor, cursor.next_block)
            after = dataclasses.replace(cursor, next_seq=seq)
            restore_sums(session, cursor, after, decimals)
            last = cursor.next_block - 1
            incident = Incident(self._sources.first_block, last, ROLLUPS, detail, "", resolved=True)
            record(session, cursor, incident)
        return after

    def close(self, cursor: Cursor) -> None:
        """Says that rows and roll-ups are right now."""
        with self._database.writing() as session:
            close(session, cursor, ROWS)
            close(session, cursor, ROLLUPS)

    def _choose(self, cursor: Cursor, first_block: int, last_block: int) -> _Candidate:
        candidates: list[_Candidate] = []
        problems: list[str] = []
        for source in self._sources.in_order():
            try:
                candidates.append(self._candidate(source, cursor, first_block, last_block))
            except (*NOT_ANSWERED, CheckFailedError) as error:
                problems.append(f"{source.name}: {error}")
        candidates = [candidate for candidate in candidates if candidate.is_proved] or candidates
        for one, other in combinations(candidates, 2):
            if _contents(one.batch) != _contents(other.batch):
                names = one.source.name, other.source.name
                raise EndpointsDisagreeError(first_block, last_block, "the events", *names)
        if not candidates:
            raise UnrepairedError(first_block, last_block, "; ".join(problems))
        if not candidates[0].is_proved and len(candidates) < 2:
            problem = f"what {candidates[0].source.name} says of them cannot be proved"
            raise UnrepairedError(first_block, last_block, "; ".join([problem, *problems]))
        return candidates[0]

    def _candidate(self, source: Source, cursor: Cursor, first_block: int, last_block: int) -> _Candidate:
        final = -1 if cursor.final_block is None else cursor.final_block
        with self._database.transaction() as session:
            next_seq = seq_before(session, cursor, first_block)
        self._batches.forget()
        start = dataclasses.replace(cursor, next_block=first_block, next_seq=next_seq, last_block_hash=None)
        made: list[Batch] = []
        for found in source.reader.read(first_block, Heads(last_block, min(final, last_block), False)):
            before = made[-1].after if made else start
            made.append(self._batches.make(source.chain, before, found, final))
        batch = merged(made)
        if last_block > final and last_block == cursor.next_block - 1:
            _require_head(cursor, batch)
        return _Candidate(source, batch, self._is_proved(source, cursor, batch, last_block))

    def _is_proved(self, source: Source, cursor: Cursor, batch: Batch, last_block: int) -> bool:
        """Whether the contract counts what the blocks before these and the batch hold.

        Raises:
            CheckFailedError: it counts something else.
        """
        counts = _counts_of(batch.rows)
        with self._database.transaction() as session:
            counts += stored_counts(session, cursor, 0, batch.before.next_block - 1)
            following = seq_after(session, cursor, last_block)
        try:
            (block,) = source.chain.blocks([last_block])
            on_chain = counts_on_chain(source.chain, last_block, block.hash, counts.assets)
        except NOT_ANSWERED:
            return following == batch.after.next_seq
        if counts != on_chain:
            raise CheckFailedError(f"with its events, {counts.describe(on_chain)} at block {last_block}")
        return True


def _require_head(cursor: Cursor, batch: Batch) -> None:
    if batch.after.last_block_hash != cursor.last_block_hash:
        raise ChainReorganisedError(
            cursor.next_block - 1, cursor.last_block_hash or b"", batch.after.last_block_hash or b""
        )


def _cursor_after(session: Session, cursor: Cursor, batch: Batch, last_block: int) -> Cursor:
    """The cursor stays where it is; its number changes when nothing is stored behind the blocks."""
    if seq_after(session, cursor, last_block) is not None:
        return cursor
    return dataclasses.replace(cursor, next_seq=batch.after.next_seq)


def _contents(batch: Batch) -> object:
    """All events and blocks of a batch, to be compared."""
    numbers = {place >> LOG_INDEX_BITS for rows in batch.rows for place in rows.places.tolist()}
    records = {rows.table: list(map(bytes, records_of(rows))) for rows in batch.rows}
    return records, [block for block in batch.blocks if block.number in numbers]


def _counts_of(rows: Sequence[Rows]) -> Counts:
    """Of the inferences among rows that are not stored yet."""
    counts = Counts()
    for some in (some for some in rows if some.table is InferenceRow):
        columns = some.columns
        limbs = zip(*(columns[f"amount_{limb}"].tolist() for limb in ("e20", "e10", "e0")), strict=True)
        assets = map(bytes, columns["asset"])
        for tier, asset, parts in zip(columns["tier"].tolist(), assets, limbs, strict=True):
            counts.add(tier, asset, 1, *parts)
    return counts
