"""Makes batches for the database out of ranges of the chain."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from indexer.chain import SettlementChain
from indexer.cursor import Cursor
from indexer.database import Database
from indexer.decode import EventDecoder, Rows
from indexer.errors import ChainReorganisedError, SequenceGapError
from indexer.events import octets_of
from indexer.group_checks import require_groups
from indexer.ranges import BlockRange
from indexer.store import Batch, unknown_assets
from indexer.tables import InferenceRow

_DECIMALS_CALL = bytes.fromhex("313ce567")
"""Selector of ERC-20's `decimals()`."""
_MOST_DECIMALS = 255


class Batches:
    """Decodes ranges and checks that they go on where the one before ended."""

    def __init__(self, database: Database, decoder: EventDecoder) -> None:
        self._database = database
        self._decoder = decoder
        self._known_assets: set[bytes] = set()  # whose decimals are stored, or about to be

    def forget(self) -> None:
        """Takes nothing for stored that the database does not hold."""
        self._known_assets.clear()

    def make(self, chain: SettlementChain, before: Cursor, found: BlockRange, final_block: int) -> Batch:
        """The batch of a range; `final_block` is the chain's. The contract's own `nextSeq()` must agree.

        Raises:
            ChainReorganisedError: the range is not on top of what is indexed.
            UndecodableEventError, SequenceGapError, MissingGroupError: the logs cannot be trusted.
        """
        if before.last_block_hash not in (None, found.first.parent_hash):
            raise ChainReorganisedError(
                before.next_block - 1, before.last_block_hash or b"", found.first.parent_hash
            )
        rows = self._decoder.decode(found.logs)
        next_seq = _next_seq(before.next_seq, found, rows)
        require_groups(found.first.number, found.last.number, rows)
        after = before.advanced(found.last, next_seq, final_block)
        return Batch(before, after, found.blocks, rows, self._new_assets(chain, before, rows))

    def _new_assets(
        self, chain: SettlementChain, cursor: Cursor, rows: Iterable[Rows]
    ) -> dict[bytes, int | None]:
        columns = [some.columns["asset"] for some in rows if some.table is InferenceRow]
        assets = {asset for column in columns for asset in octets_of(column)}
        unseen = assets - self._known_assets
        if not unseen:
            return {}
        with self._database.transaction() as session:
            new = unknown_assets(session, cursor, unseen)
        self._known_assets |= unseen
        return {asset: read_decimals(chain, asset) for asset in new}


def read_decimals(chain: SettlementChain, asset: bytes) -> int | None:
    """`decimals()` of a token. Anybody may name a contract of their own making: any answer must do."""
    answer = chain.call_contract(asset, _DECIMALS_CALL)
    if answer is None or len(answer) != 32:
        return None
    decimals = int.from_bytes(answer)
    return decimals if decimals <= _MOST_DECIMALS else None


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
