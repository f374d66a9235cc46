"""Follows the events of one deployment: from the cursor to the head, range by range."""

from __future__ import annotations

from collections.abc import Callable

from indexer.assets import ask_decimals_again
from indexer.audit import Audit
from indexer.batches import Batches
from indexer.chain import Heads
from indexer.completeness import Completeness
from indexer.cursor import Cursor, move_cursor, open_cursor
from indexer.database import Database
from indexer.dictionary import Dictionary
from indexer.endpoints import NOT_ANSWERED, Endpoints
from indexer.errors import (
    ChainReorganisedError,
    CheckFailedError,
    FinalBlockChangedError,
    InconsistentLogsError,
    NodeBehindError,
    NoSettlementError,
    NotReadyError,
    SequenceGapError,
    UndecodableEventError,
)
from indexer.incidents import ENDPOINT, Incident, close, record
from indexer.pay_addresses import keep_origin
from indexer.progress import Run, SyncResult, Watch
from indexer.reorg import find_fork, hot_blocks, rewound
from indexer.repair import Repairer
from indexer.rpc import JsonRpc
from indexer.sources import Source, Sources
from indexer.store import Batch, forget_blocks, merged, replace_tail, write_range
from indexer.verify import Verifier
from veritally.deployment import Deployment

_DISTRUSTED = (
    ChainReorganisedError,
    FinalBlockChangedError,
    InconsistentLogsError,
    NoSettlementError,
    SequenceGapError,
    UndecodableEventError,
)
"""What an endpoint raises whose answers cannot be right."""
_MOST_ROWS = 24_000
"""Of one transaction: the more rows, the fewer cells of the roll-ups are written more than once."""
_ATTEMPTS = 3
"""To get answers that fit together: a chain may be reorganised while it is read, and nodes err."""


class Indexer:
    """Indexes one deployment into one database."""

    def __init__(
        self,
        source: JsonRpc | Endpoints,
        database: Database,
        deployment: Deployment,
        blocks_per_request: int,
    ) -> None:
        self._sources = Sources(Endpoints.of(source), deployment, blocks_per_request)
        self._database = database
        self._deployment = deployment
        self._most_blocks = blocks_per_request
        self._batches = Batches(database, self._sources.decoder)
        self._dictionary = Dictionary()
        self._repairer = Repairer(database, self._sources, self._batches, self._dictionary)
        self._completeness = Completeness(database, self._sources, self._repairer, blocks_per_request)
        self._audit = Audit(database, self._sources, self._repairer)
        self.verifier = Verifier(self._sources, database, self._repairer)
        """Verifies what is stored, and repairs it."""
        self._checked: Cursor | None = None
        self._may_be_open = True  # incidents of endpoints, of an earlier process perhaps

    def open(self) -> None:
        """Checks the chain of the endpoints, and writes what is missing: tables, cursor, pay addresses.

        Raises:
            WrongChainError: an endpoint serves another chain than the deployment's.
        """
        self._sources.require_chain()
        self._database.prepare()
        cursor = self._cursor()
        with self._database.writing() as session:
            keep_origin(session, cursor.id, self._deployment)
        self._sources.endpoints.first_answer(
            lambda node: ask_decimals_again(self._sources.of(node).chain, self._database, cursor)
        )

    def sync_once(
        self, stopped: Callable[[], bool] = lambda: False, watch: Watch = lambda _: None
    ) -> SyncResult:
        """Indexes from the cursor to the chain's present head, or until `stopped` after some range.

        Running it again changes nothing; after a crash it goes on behind the last range that was stored.
        Blocks that are no longer in the chain are replaced by those that are.

        Raises:
            FinalBlockChangedError: the chain was reorganised deeper than it may be.
            ChainReorganisedError: the chain is reorganised faster than it can be read.
            NodeBehindError: the node lacks a block.
            InconsistentLogsError, UndecodableEventError, SequenceGapError: the node's logs cannot be trusted.
        """
        run = Run(self._cursor(), watch)
        failures = self._try_all(run, stopped)
        is_done = len(failures) < len(self._sources)
        self._record(run, failures, is_done)
        if not is_done:
            raise _worst(failures)
        if not stopped():
            self._check(run, stopped)
        return run.result()

    def _check(self, run: Run, stopped: Callable[[], bool]) -> None:
        """Holds what is stored to the contract's counters and to another endpoint, and repairs it."""
        if run.cursor != self._checked:
            run.cursor = self._checked = self._completeness.require(run.cursor)
        run.cursor = self._checked = self._audit.require(run.cursor, stopped)

    def _try_all(self, run: Run, stopped: Callable[[], bool]) -> list[tuple[Source, Exception]]:
        """Goes up to the head through the first endpoint that can. Returns why those before it could not."""
        failures: list[tuple[Source, Exception]] = []
        for source in self._sources.in_order():
            try:
                self._sync_from(source, run, stopped)
            except (*NOT_ANSWERED, *_DISTRUSTED) as error:
                failures.append((source, error))
                self._sources.failed(source)
                if isinstance(error, FinalBlockChangedError):
                    self._sources.require_changed(source, error)
            else:
                self._sources.use(source)
                break
        return failures

    def _sync_from(self, source: Source, run: Run, stopped: Callable[[], bool]) -> None:
        """Goes up to the head through one endpoint."""
        self._sources.require_chain_of(source)
        for attempt in range(_ATTEMPTS):
            heads = self._sources.heads(source)
            run.begin(heads)
            try:
                self._catch_up(source, run, heads, stopped)
                break
            except (ChainReorganisedError, InconsistentLogsError, SequenceGapError):
                if attempt == _ATTEMPTS - 1:
                    raise

    def _record(self, run: Run, failures: list[tuple[Source, Exception]], is_done: bool) -> None:
        """Writes down whose answers could not be trusted; nothing is left open once an endpoint's could."""
        distrusted = [(s, error) for s, error in failures if isinstance(error, CheckFailedError)]
        if not distrusted and not (is_done and self._may_be_open):
            return
        with self._database.writing() as session:
            for source, error in distrusted:
                blocks = error.blocks or (run.from_block, run.cursor.next_block - 1)
                record(session, run.cursor, Incident(*blocks, ENDPOINT, str(error), source.name, is_done))
            if is_done:
                close(session, run.cursor, ENDPOINT)
        self._may_be_open = not is_done

    def _catch_up(self, source: Source, run: Run, heads: Heads, stopped: Callable[[], bool]) -> None:
        self._batches.forget()
        self._replace_lost_blocks(source, run, heads)
        waiting: list[Batch] = []
        try:
            for found in source.reader.read(run.cursor.next_block, heads):
                if stopped():
                    break
                before = waiting[-1].after if waiting else run.cursor
                batch = self._batches.make(source.chain, before, found, heads.final)
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
            run.tell()

    def _cursor(self) -> Cursor:
        sources = self._sources
        with self._database.writing() as session:
            return open_cursor(session, sources.chain_id, sources.settlement, sources.first_block)

    def _fits(self, first: Batch, batch: Batch, waiting_rows: int) -> bool:
        """Whether one transaction may hold a batch besides those that wait for it."""
        blocks = batch.after.next_block - first.before.next_block
        return blocks <= self._most_blocks and waiting_rows + len(batch) <= _MOST_ROWS

    def _store(self, run: Run, waiting: list[Batch]) -> None:
        """Writes what waits, and empties the list."""
        if not waiting:
            return
        batch = merged(waiting)
        waiting.clear()
        with self._database.writing() as session:
            learnt = write_range(session, self._dictionary, batch)
        self._dictionary.learn(learnt)
        run.add(batch)

    def _replace_lost_blocks(self, source: Source, run: Run, heads: Heads) -> None:
        """Reads what took the place of blocks that left the chain, and only then exchanges them."""
        cursor = run.cursor
        if cursor.last_block_hash is None:
            return
        (last,) = source.chain.blocks([cursor.next_block - 1])
        if last.hash == cursor.last_block_hash:
            return
        if heads.latest < cursor.next_block - 1:
            raise NodeBehindError(source.name, cursor.next_block - 1, heads.latest)
        with self._database.transaction() as session:
            hot = hot_blocks(session, cursor)
        fork = find_fork(source.chain, cursor, hot)
        with self._database.transaction() as session:
            start = rewound(session, cursor, None if fork is None else hot[fork], self._sources.first_block)
        if start.next_block == cursor.next_block:
            with self._database.writing() as session:
                move_cursor(session, cursor, start)  # the blocks are there: only the cursor was wrong
            run.cursor = start
            return
        batches: list[Batch] = []
        for found in source.reader.read(start.next_block, heads):
            before = batches[-1].after if batches else start
            batches.append(self._batches.make(source.chain, before, found, heads.final))
        with self._database.writing() as session:
            learnt = replace_tail(session, self._dictionary, cursor, merged(batches))
        self._dictionary.learn(learnt)
        run.replaced_blocks += cursor.next_block - start.next_block
        run.from_block = min(run.from_block, start.next_block)
        run.add(merged(batches))


def _worst(failures: list[tuple[Source, Exception]]) -> Exception:
    """What is told when no endpoint helped: first of all what cannot be right."""
    errors = [error for _, error in failures]
    return next((error for error in errors if isinstance(error, CheckFailedError)), errors[0])
