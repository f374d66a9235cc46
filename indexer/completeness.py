"""Holds the stored figures to the contract's counters, and has put right what differs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from indexer.chain import Heads
from indexer.comparison import compare
from indexer.counting import Counts, counts_on_chain, rolled_up_counts, stored_counts
from indexer.cursor import Cursor
from indexer.database import Database
from indexer.endpoints import NOT_ANSWERED
from indexer.errors import CheckFailedError, InconsistentLogsError, RpcAnswerError, UnrepairedError
from indexer.incidents import ENDPOINT, Incident, record
from indexer.repair import Repairer
from indexer.sources import Source, Sources
from indexer.stored import StoredRows


class Completeness:
    """Checks one deployment."""

    def __init__(self, database: Database, sources: Sources, repairer: Repairer, most_blocks: int) -> None:
        """`most_blocks` limits what one repair replaces."""
        self._database = database
        self._sources = sources
        self._repairer = repairer
        self._most_blocks = most_blocks

    def require(self, cursor: Cursor) -> Cursor:
        """Compares the figures with the contract's at the last block and at the final one; repairs them.

        At the final block an endpoint is asked that is not the one in use, if one knows the state. Returns
        the cursor, which a repair may have changed.

        Raises:
            UnrepairedError, EndpointsDisagreeError: what differs cannot be repaired.
        """
        current = self._sources.in_order()[0]
        final = cursor.final_block
        if final is not None and final < cursor.next_block - 1:
            with suppress(*NOT_ANSWERED):  # no node knows the state any more
                cursor = self._require_by([*self._sources.others(current), current], cursor, final)
        return self._require_by(self._sources.in_order(), cursor, cursor.next_block - 1)

    def _require_by(self, sources: list[Source], cursor: Cursor, block: int) -> Cursor:
        """Compares and repairs with the first source that answers.

        Raises:
            RpcUnreachableError, RpcAnswerError, NodeBehindError: of the last one; none does.
        """
        for source in sources[:-1]:
            with suppress(*NOT_ANSWERED):
                return self._require_at(source, cursor, block)
        return self._require_at(sources[-1], cursor, block)

    def _require_at(self, source: Source, cursor: Cursor, block: int) -> Cursor:
        with self._database.transaction() as session:
            stored = rolled_up_counts(session, cursor)
            if block < cursor.next_block - 1:
                stored -= stored_counts(session, cursor, block + 1, cursor.next_block - 1)
        try:
            on_chain = self._on_chain(source, cursor, block, stored.assets)
        except InconsistentLogsError:
            return cursor  # reorganised just now: the next run follows it
        is_last = block == cursor.next_block - 1
        if stored == on_chain and (not is_last or cursor.next_seq == on_chain.total):
            return cursor
        for other in self._sources.others(source) if stored != on_chain else []:
            if self._agrees(other, cursor, block, stored):
                self._distrust(source, other, cursor, block, stored.describe(on_chain))
                return cursor
        detail = f"at block {block}, {stored.describe(on_chain) or f'next number {cursor.next_seq}'}"
        with self._database.transaction() as session:
            rows = stored_counts(session, cursor, 0, block)
        if rows != self._on_chain(source, cursor, block, rows.assets):
            cursor = self._repair_rows(source, cursor, block, detail)
        else:
            cursor = self._repairer.restore_sums(cursor, detail)
        return cursor

    def _on_chain(self, source: Source, cursor: Cursor, block: int, assets: set[bytes]) -> Counts:
        """The contract's counters at a block that is the indexed one."""
        if block == cursor.next_block - 1 and cursor.last_block_hash is not None:
            return counts_on_chain(source.chain, block, cursor.last_block_hash, assets)
        (header,) = source.chain.blocks([block])
        return counts_on_chain(source.chain, block, header.hash, assets)

    def _agrees(self, other: Source, cursor: Cursor, block: int, stored: Counts) -> bool:
        try:
            return stored == self._on_chain(other, cursor, block, stored.assets)
        except (*NOT_ANSWERED, InconsistentLogsError):
            return False

    def _distrust(self, source: Source, other: Source, cursor: Cursor, block: int, differences: str) -> None:
        """Goes on with an endpoint whose counters are those of the rows that were checked one by one."""
        detail = f"its counters at block {block} are not those of {other.name}: {differences}"
        with self._database.writing() as session:
            record(session, cursor, Incident(block, block, ENDPOINT, detail, source.name, resolved=True))
        self._sources.failed(source)
        self._sources.use(other)

    def _repair_rows(self, source: Source, cursor: Cursor, block: int, detail: str) -> Cursor:
        """Replaces ranges of blocks, the first wrong one first, until the contract agrees at `block`."""
        good = self._sources.first_block - 1
        while True:
            try:
                span = self._find(source, cursor, good, block)
            except RpcAnswerError:
                return self._repair_by_logs(source, cursor, good, block, detail)
            if span is None:
                break
            if good >= block:
                raise UnrepairedError(0, block, f"{detail}, even after all blocks were replaced")
            cursor = self._repairer.replace(cursor, *span, detail)
            good = span[1]
        self._repairer.close(cursor)
        return cursor

    def _find(self, source: Source, cursor: Cursor, good: int, block: int) -> tuple[int, int] | None:
        """The smallest range with all that is wrong between two blocks; at most what one repair replaces.

        The stored rows agree with the contract at `good`; None when they do at `block`, too.
        """
        counted = _Counted(self, source, cursor, good, block)
        if counted.wrong_by(block) == Counts():
            return None
        first = _first(good + 1, block, lambda at: counted.wrong_by(at) != Counts())
        last = _first(first, block, lambda at: counted.wrong_by(at) == counted.wrong_by(block))
        return first, min(last, first + self._most_blocks - 1)

    def _repair_by_logs(self, source: Source, cursor: Cursor, good: int, block: int, detail: str) -> Cursor:
        """Finds the wrong blocks by reading all logs again: no node knows the counters of old blocks."""
        final = -1 if cursor.final_block is None else min(cursor.final_block, block)
        heads = Heads(block, final, knows_state=False)
        problems = [detail]
        for reader in [*self._sources.others(source), source]:
            try:
                with self._database.transaction() as session:
                    stored, decoder = StoredRows(session, cursor), self._sources.decoder
                    found = compare(reader, decoder, stored, self._sources.first_block, heads)
            except (*NOT_ANSWERED, CheckFailedError) as error:
                problems.append(f"{reader.name}: {error}")
                continue
            for span in found.spans:
                cursor = self._repairer.replace(cursor, span.first_block, span.last_block, detail)
            if found.spans:
                return cursor
        raise UnrepairedError(good + 1, block, "; ".join([*problems, "no endpoint shows other events"]))


class _Counted:
    """By how much the stored counts are wrong at single blocks."""

    def __init__(self, checks: Completeness, source: Source, cursor: Cursor, good: int, block: int) -> None:
        self._checks = checks
        self._source = source
        self._cursor = cursor
        self._stored = {good: Counts()}
        self._wrong: dict[int, Counts] = {}
        with checks._database.transaction() as session:
            self._stored[good] = stored_counts(session, cursor, 0, good)
            everything = self._stored[good] + stored_counts(session, cursor, good + 1, block)
        self._assets = everything.assets

    def wrong_by(self, block: int) -> Counts:
        """Stored counts up to a block, less the contract's."""
        if block not in self._wrong:
            below = max(known for known in self._stored if known <= block)
            with self._checks._database.transaction() as session:
                more = stored_counts(session, self._cursor, below + 1, block)
            self._stored[block] = self._stored[below] + more
            self._wrong[block] = self._stored[block] - self._on_chain(block)
        return self._wrong[block]

    def _on_chain(self, block: int) -> Counts:
        """From the endpoint, or from another one that still knows the state.

        Raises:
            RpcAnswerError: nobody does.
        """
        first: Exception | None = None
        for source in [self._source, *self._checks._sources.others(self._source)]:
            try:
                return self._checks._on_chain(source, self._cursor, block, self._assets)
            except NOT_ANSWERED as error:
                first = first or error
        assert first is not None
        raise first


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first block from `low` on at which something holds that holds at `high`, and from some block on."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
