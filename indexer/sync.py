"""Follows the events of one deployment: from the cursor to the head, range by range."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from indexer.assets import ask_decimals, ask_decimals_again
from indexer.chain import Heads, SettlementChain
from indexer.counters import next_seq_call
from indexer.cursor import Cursor, move_cursor, open_cursor
from indexer.database import Database
from indexer.decode import INDEXED_CONTRACTS, EventDecoder, Rows
from indexer.dictionary import Dictionary
from indexer.errors import (
    ChainReorganisedError,
    InconsistentLogsError,
    NodeBehindError,
    NotReadyError,
    SequenceGapError,
)
from indexer.events import octets_of
from indexer.ranges import BlockRange, RangeReader
from indexer.reorg import find_fork, hot_blocks, rewound
from indexer.rpc import JsonRpc
from indexer.store import Batch, forget_blocks, merged, replace_tail, unknown_assets, write_range
from indexer.tables import InferenceRow
from veritally.deployment import Deployment

_MOST_ROWS = 16_000
"""Of one transaction: the more rows, the fewer cells of the roll-ups are written more than once."""
_ATTEMPTS = 3
"""To get answers that fit together: a chain may be reorganised while it is read, and nodes err."""


@dataclass(frozen=True)
class SyncResult:
    """What one run added."""

    from_block: int
    to_block: int
    """Last block that is indexed; below `from_block` when there was no new one."""
    inferences: int
    events: int
    """All events, the inferences among them."""
    replaced_blocks: int
    """Indexed blocks whose place others have taken in the chain; they are read again."""


class Indexer:
    """Indexes one deployment into one database."""

    def __init__(
        self, rpc: JsonRpc, database: Database, deployment: Deployment, blocks_per_request: int
    ) -> None:
        contracts = {name: _address(deployment, name) for name in INDEXED_CONTRACTS}
        self._chain = SettlementChain(rpc, deployment.chain_id, contracts["Settlement"])
        self._database = database
        self._first_block = deployment.first_block
        self._decoder = EventDecoder(contracts)
        self._most_blocks = blocks_per_request
        self._reader = RangeReader(self._chain, contracts, next_seq_call(), blocks_per_request)
        self._dictionary = Dictionary()
        self._known_assets: set[bytes] = set()  # whose decimals this run has stored, or is about to

    def open(self) -> None:
        """Checks the node's chain, and creates the tables and the cursor when they are missing.

        Raises:
            WrongChainError: the node serves another chain than the deployment's.
        """
        self._chain.require_chain_id()
        self._database.prepare()
        ask_decimals_again(self._chain, self._database, self._cursor())

    def sync_once(self, stopped: Callable[[], bool] = lambda: False) -> SyncResult:
        """Indexes from the cursor to the chain's present head, or until `stopped` after some range.

        Running it again changes nothing; after a crash it goes on behind the last range that was stored.
        Blocks that are no longer in the chain are replaced by those that are.

        Raises:
            FinalBlockChangedError: the chain was reorganised deeper than it may be.
            ChainReorganisedError: the chain is reorganised faster than it can be read.
            NodeBehindError: the node lacks a block.
            InconsistentLogsError, UndecodableEventError, SequenceGapError: the node's logs cannot be trusted.
        """
        run = _Run(self._cursor())
        for attempt in range(_ATTEMPTS):
            heads = self._heads()
            try:
                self._catch_up(run, heads, stopped)
                break
            except (ChainReorganisedError, InconsistentLogsError, SequenceGapError):
                if attempt == _ATTEMPTS - 1:
                    raise
        return run.result()

    def _catch_up(self, run: _Run, heads: Heads, stopped: Callable[[], bool]) -> None:
        self._known_assets.clear()
        self._replace_lost_blocks(run, heads)
        waiting: list[Batch] = []
        try:
            for found in self._reader.read(run.cursor.next_block, heads):
                if stopped():
                    break
                batch = self._batch(waiting[-1].after if waiting else run.cursor, found, heads)
                if waiting and not self._fits(waiting[0], batch, sum(map(len, waiting))):
                    self._store(run, waiting)
                waiting.append(batch)
        except NotReadyError:
            self._store(run, waiting)  # what was read before the node failed is whole
            raise
        self._store(run, waiting)
        if stopped():
            return
        after = run.cursor.with_final(heads.final)
        if after != run.cursor:
            with self._database.writing() as session:
                move_cursor(session, run.cursor, after)
                forget_blocks(session, run.cursor, after)
            run.cursor = after

    def _heads(self) -> Heads:
        """How far the chain is; a final block before the first one with events says nothing."""
        heads = self._chain.heads()
        if heads.latest < self._first_block:
            raise NodeBehindError(self._chain.rpc.shown_url, self._first_block, heads.latest)
        return heads if heads.final >= self._first_block else Heads(heads.latest, -1)

    def _cursor(self) -> Cursor:
        with self._database.writing() as session:
            return open_cursor(session, self._chain.chain_id, self._chain.settlement, self._first_block)

    def _fits(self, first: Batch, batch: Batch, waiting_rows: int) -> bool:
        """Whether one transaction may hold a batch besides those that wait for it."""
        blocks = batch.after.next_block - first.before.next_block
        return blocks <= self._most_blocks and waiting_rows + len(batch) <= _MOST_ROWS

    def _store(self, run: _Run, waiting: list[Batch]) -> None:
        """Writes what waits, and empties the list."""
        if not waiting:
            return
        batch = merged(waiting)
        waiting.clear()
        with self._database.writing() as session:
            learnt = write_range(session, self._dictionary, batch)
        self._dictionary.learn(learnt)
        run.add(batch)

    def _replace_lost_blocks(self, run: _Run, heads: Heads) -> None:
        """Reads what took the place of blocks that left the chain, and only then exchanges them."""
        cursor = run.cursor
        if cursor.last_block_hash is None:
            return
        (last,) = self._chain.blocks([cursor.next_block - 1])
        if last.hash == cursor.last_block_hash:
            return
        if heads.latest < cursor.next_block - 1:
            raise NodeBehindError(self._chain.rpc.shown_url, cursor.next_block - 1, heads.latest)
        with self._database.transaction() as session:
            hot = hot_blocks(session, cursor)
        fork = find_fork(self._chain, cursor, hot)
        if fork == cursor.next_block - 1:
            return  # the node has come back to it meanwhile
        with self._database.transaction() as session:
            start = rewound(session, cursor, None if fork is None else hot[fork], self._first_block)
        batches: list[Batch] = []
        for found in self._reader.read(start.next_block, heads):
            batches.append(self._batch(batches[-1].after if batches else start, found, heads))
        with self._database.writing() as session:
            learnt = replace_tail(session, self._dictionary, cursor, merged(batches))
        self._dictionary.learn(learnt)
        run.replaced_blocks += cursor.next_block - start.next_block
        run.from_block = min(run.from_block, start.next_block)
        run.add(merged(batches))

    def _batch(self, before: Cursor, found: BlockRange, heads: Heads) -> Batch:
        """Decodes and checks a range. At the head the contract's own `nextSeq()` must agree."""
        _require_parent(before, found)
        rows = self._decoder.decode(found.logs)
        next_seq = _next_seq(before.next_seq, found, rows)
        after = before.advanced(found.last, next_seq, heads.final)
        return Batch(before, after, found.blocks, rows, self._new_assets(before, rows))

    def _new_assets(self, cursor: Cursor, rows: Iterable[Rows]) -> dict[bytes, int | None]:
        columns = [some.columns["asset"] for some in rows if some.table is InferenceRow]
        assets = {asset for column in columns for asset in octets_of(column)}
        unseen = assets - self._known_assets
        if not unseen:
            return {}
        with self._database.transaction() as session:
            new = unknown_assets(session, cursor, unseen)
        self._known_assets |= unseen
        return {asset: ask_decimals(self._chain, asset) for asset in new}


class _Run:
    """What one run has done so far."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.from_block = cursor.next_block
        self.inferences = self.events = self.replaced_blocks = 0

    def add(self, batch: Batch) -> None:
        self.cursor = batch.after
        self.events += len(batch)
        self.inferences += batch.after.next_seq - batch.before.next_seq

    def result(self) -> SyncResult:
        last = self.cursor.next_block - 1
        return SyncResult(self.from_block, last, self.inferences, self.events, self.replaced_blocks)


def _address(deployment: Deployment, name: str) -> bytes:
    return bytes.fromhex(deployment.address_of(name)[2:])


def _require_parent(cursor: Cursor, found: BlockRange) -> None:
    if cursor.last_block_hash not in (None, found.first.parent_hash):
        raise ChainReorganisedError(
            cursor.next_block - 1, cursor.last_block_hash or b"", found.first.parent_hash
        )


def _next_seq(expected: int, found: BlockRange, rows: Iterable[Rows]) -> int:
    """The sequence number after the range, when all of the range's are there."""
    from_block, to_block = found.first.number, found.last.number
    for some in rows:
        if some.table is InferenceRow:
            seqs = some.columns["seq"]
            wrong = np.flatnonzero(seqs != np.arange(expected, expected + len(seqs)))
            if len(wrong):
                raise SequenceGapError(from_block, to_block, expected + int(wrong[0]), int(seqs[wrong[0]]))
            expected += len(seqs)
    if found.next_seq not in (None, expected):
        raise SequenceGapError(from_block, to_block, found.next_seq or 0, expected)
    return expected
