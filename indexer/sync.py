"""Follows the events of Settlement: from the cursor to the head, range by range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexer.chain import BlockRange, SettlementChain
from indexer.counters import next_seq_call, require_block
from indexer.database import Database
from indexer.decode import EventDecoder
from indexer.errors import ChainReorganisedError, NodeBehindError, SequenceGapError
from indexer.events import Event, InferenceSettled
from indexer.store import Cursor, open_cursor, unknown_assets, write_range
from veritally.deployment import Deployment

_DECIMALS_CALL = bytes.fromhex("313ce567")
"""Selector of ERC-20's `decimals()`."""

_MOST_DECIMALS = 255


@dataclass(frozen=True)
class SyncResult:
    """What one run added."""

    from_block: int
    to_block: int
    """Last block that is indexed; below `from_block` when there was no new one."""
    inferences: int
    events: int
    """All events, the inferences among them."""


class Indexer:
    """Indexes one deployment into one database."""

    def __init__(
        self, chain: SettlementChain, database: Database, deployment: Deployment, blocks_per_request: int
    ) -> None:
        self._chain = chain
        self._database = database
        self._deployment = deployment
        self._blocks_per_request = blocks_per_request
        self._decoder = EventDecoder.of_package()
        self._next_seq_call = next_seq_call()

    def open(self) -> None:
        """Checks the node's chain, and creates the tables and the cursor when they are missing.

        Raises:
            WrongChainError: the node serves another chain than the deployment's.
            OtherDeploymentError: the database belongs to another deployment.
        """
        self._chain.require_chain_id()
        self._database.prepare()
        self._cursor()

    def sync_once(self, stopped: Callable[[], bool] = lambda: False) -> SyncResult:
        """Indexes from the cursor to the chain's present head, or until `stopped` after some range.

        Running it again changes nothing; after a crash it goes on behind the last range that was stored.

        Raises:
            ChainReorganisedError: the last indexed block is no longer in the chain.
            NodeBehindError: the node lacks a block.
            InconsistentLogsError, UndecodableEventError, SequenceGapError: the node's logs cannot be trusted.
        """
        cursor = self._cursor()
        if cursor.last_block_hash is not None:
            require_block(self._chain, cursor.next_block - 1, cursor.last_block_hash)
        head = self._chain.head_number()
        if head < self._deployment.first_block:
            raise NodeBehindError(self._chain.rpc.shown_url, self._deployment.first_block, head)
        start, events = cursor, 0
        while cursor.next_block <= head and not stopped():
            cursor, added = self._index_range(cursor, head)
            events += added
        return SyncResult(start.next_block, cursor.next_block - 1, cursor.next_seq - start.next_seq, events)

    def _cursor(self) -> Cursor:
        settlement = bytes.fromhex(self._deployment.settlement[2:])
        with self._database.transaction() as session:
            return open_cursor(session, self._deployment.chain_id, settlement, self._deployment.first_block)

    def _index_range(self, before: Cursor, head: int) -> tuple[Cursor, int]:
        """Reads, checks and stores one range. At the head the contract's own `nextSeq()` must agree."""
        to_block = min(before.next_block + self._blocks_per_request - 1, head)
        at_head = to_block == head
        found = self._chain.read_range(before.next_block, to_block, self._next_seq_call if at_head else None)
        _require_parent(before, found)
        events = [self._decoder.decode(log) for log in found.logs]
        next_seq = _next_seq(before.next_seq, found, events)
        after = before.advanced(found.last, next_seq)
        with self._database.transaction() as session:
            new = unknown_assets(session, (e.asset for e in events if isinstance(e, InferenceSettled)))
        decimals = {asset: self._decimals(asset) for asset in new}
        with self._database.transaction() as session:
            write_range(session, before, after, found.blocks_with_logs, events, decimals)
        return after, len(events)

    def _decimals(self, asset: bytes) -> int | None:
        """`decimals()` of a token. Anybody may name a contract of their own making: any answer must do."""
        answer = self._chain.call_contract(asset, _DECIMALS_CALL)
        if answer is None or len(answer) != 32:
            return None
        decimals = int.from_bytes(answer)
        return decimals if decimals <= _MOST_DECIMALS else None


def _require_parent(cursor: Cursor, found: BlockRange) -> None:
    if cursor.last_block_hash not in (None, found.first.parent_hash):
        raise ChainReorganisedError(
            cursor.next_block - 1, cursor.last_block_hash or b"", found.first.parent_hash
        )


def _next_seq(expected: int, found: BlockRange, events: Sequence[Event]) -> int:
    """The sequence number after the range, when all of the range's are there."""
    from_block, to_block = found.first.number, found.last.number
    for event in events:
        if isinstance(event, InferenceSettled):
            if event.seq != expected:
                raise SequenceGapError(from_block, to_block, expected, event.seq)
            expected += 1
    if found.next_seq not in (None, expected):
        raise SequenceGapError(from_block, to_block, found.next_seq or 0, expected)
    return expected
