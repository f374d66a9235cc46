"""Finds where the chain left what is indexed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session, col, func, select

from indexer.chain import HEADERS_AT_ONCE, SettlementChain
from indexer.cursor import Cursor
from indexer.errors import FinalBlockChangedError
from indexer.tables import BlockRow, InferenceRow


@dataclass(frozen=True)
class StoredBlock:
    """A block as it was when it was indexed."""

    number: int
    hash: bytes
    timestamp_s: int


def hot_blocks(session: Session, cursor: Cursor) -> dict[int, StoredBlock]:
    """The indexed blocks that a reorganisation may reach, by number, with the final one below them."""
    first = cursor.block_key(cursor.final_block or 0)
    block_id = col(BlockRow.id)
    statement = select(BlockRow).where(block_id >= first, block_id < cursor.block_key(cursor.next_block))
    zero = cursor.block_key(0)
    found = [StoredBlock(row.id - zero, row.hash, row.timestamp_s) for row in session.exec(statement)]
    return {block.number: block for block in found}


def find_fork(chain: SettlementChain, cursor: Cursor, hot: Mapping[int, StoredBlock]) -> int | None:
    """Number of the last indexed block that is still in the chain; None when none of them is.

    Raises:
        FinalBlockChangedError: a final block has changed.
        NodeBehindError: the node lacks one of the blocks.
    """
    numbers = sorted(hot, reverse=True)
    for start in range(0, len(numbers), HEADERS_AT_ONCE):
        for block in chain.blocks(numbers[start : start + HEADERS_AT_ONCE]):
            if block.hash == hot[block.number].hash:
                return block.number
            if block.number == cursor.final_block:
                raise FinalBlockChangedError(block.number, hot[block.number].hash, block.hash)
    return None


def rewound(session: Session, cursor: Cursor, fork: StoredBlock | None, first_block: int) -> Cursor:
    """The cursor as it was after the block `fork`; at the deployment's first block without one."""
    next_block = first_block if fork is None else fork.number + 1
    taken_back = select(func.min(InferenceRow.seq)).where(
        col(InferenceRow.id) >= cursor.first_key(next_block), col(InferenceRow.id) <= cursor.last_key
    )
    seq = session.exec(taken_back).one()
    return replace(
        cursor,
        next_block=next_block,
        next_seq=cursor.next_seq if seq is None else seq,
        last_block_hash=fork.hash if fork else None,
        last_block_timestamp_s=fork.timestamp_s if fork else None,
    )
