"""Writing: one transaction per block range holds its rows, roll-ups, block hashes and the cursor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import text
from sqlmodel import Session, SQLModel, col, delete, select

from indexer.bulk import insert_rows
from indexer.cursor import Cursor, move_cursor
from indexer.decode import Rows, in_order
from indexer.dictionary import Dictionary, Learnt
from indexer.recount import rebuild_rollups
from indexer.rollups import add_inferences
from indexer.tables import (
    EVENT_TABLES,
    AddressRow,
    AssetRow,
    BlockRow,
    InferenceRow,
)
from indexer.wire import LOG_INDEX_BITS, Block, Places

_LOOKUP = 500


@dataclass(frozen=True)
class Batch:
    """What one range brings into the database."""

    before: Cursor
    after: Cursor
    blocks: tuple[Block, ...]
    """Ascending; at least those with events."""
    rows: list[Rows]
    decimals: Mapping[bytes, int | None]
    """Of the assets that `unknown_assets` named."""

    def __len__(self) -> int:
        return sum(map(len, self.rows))


def merged(batches: Sequence[Batch]) -> Batch:
    """Consecutive batches as one."""
    if len(batches) == 1:
        return batches[0]
    parts: dict[type[SQLModel], list[Rows]] = defaultdict(list)
    for rows in (rows for batch in batches for rows in batch.rows):
        parts[rows.table].append(rows)
    return Batch(
        batches[0].before,
        batches[-1].after,
        tuple(block for batch in batches for block in batch.blocks),
        [in_order(some) for some in parts.values()],
        {asset: number for batch in batches for asset, number in batch.decimals.items()},
    )


def write_range(session: Session, dictionary: Dictionary, batch: Batch) -> Learnt:
    """Writes a range and moves the cursor. The dictionary may learn what it returns after the commit.

    Raises:
        ConcurrentIndexerError: the cursor is not where the batch begins any more.
    """
    move_cursor(session, batch.before, batch.after)
    learnt = _write_content(session, dictionary, batch)
    forget_blocks(session, batch.before, batch.after)
    return learnt


def replace_tail(session: Session, dictionary: Dictionary, before: Cursor, batch: Batch) -> Learnt:
    """Takes back what is above the batch's first cursor, and writes the batch in its place.

    Raises:
        ConcurrentIndexerError: the cursor is not at `before` any more.
    """
    move_cursor(session, before, batch.after)
    _take_back(session, before, batch.before.next_block)
    learnt = _write_content(session, dictionary, batch)
    forget_blocks(session, batch.before, batch.after)
    return learnt


def replace_range(
    session: Session, dictionary: Dictionary, before: Cursor, after: Cursor, batch: Batch
) -> Learnt:
    """Writes a batch in the place of all that is stored of its blocks, and counts the roll-ups anew.

    Sums are not taken back row by row: what is stored may be damaged.

    Raises:
        ConcurrentIndexerError: the cursor is not at `before` any more.
    """
    move_cursor(session, before, after)
    first, last = batch.before.next_block, batch.after.next_block - 1
    _delete(session, after.first_key(first), after.first_key(last + 1) - 1)
    learnt = _write_content(session, dictionary, batch, rolls_up=False)
    rebuild_rollups(session, after)
    return learnt


def restore_sums(
    session: Session, before: Cursor, after: Cursor, decimals: Mapping[bytes, int | None]
) -> None:
    """Counts the roll-ups anew, adds assets, and deletes what is behind the last indexed block.

    Raises:
        ConcurrentIndexerError: the cursor is not at `before` any more.
    """
    move_cursor(session, before, after)
    _delete(session, after.first_key(after.next_block), after.last_key)
    _write_assets(session, after, decimals)
    rebuild_rollups(session, after)


def forget_blocks(session: Session, before: Cursor, after: Cursor) -> None:
    """Deletes the hashes of blocks without events that have fallen below the final one."""
    if after.final_block not in (None, before.final_block):
        first = before.block_key(before.final_block or 0)
        block_id = col(BlockRow.id)
        above = block_id >= first, block_id < after.block_key(after.final_block or 0)
        session.exec(delete(BlockRow).where(*above, col(BlockRow.events) == 0))


def _write_content(
    session: Session, dictionary: Dictionary, batch: Batch, *, rolls_up: bool = True
) -> Learnt:
    cursor = batch.after
    _write_blocks(session, batch)
    encoded = dictionary.encode(session, batch.rows)
    _write_assets(session, cursor, batch.decimals)
    for rows in encoded.rows:
        keys = rows.places | cursor.first_key(0)
        insert_rows(session, rows.table, {"id": keys, **rows.columns})
        if rows.table is InferenceRow and rolls_up:
            add_inferences(session, cursor.id, rows.columns, _times_s(batch.blocks, rows.places))
    return encoded.learnt


def _take_back(session: Session, cursor: Cursor, from_block: int) -> None:
    """Deletes everything from a block on: rows, their part of the roll-ups, and block hashes."""
    first, last = cursor.first_key(from_block), cursor.last_key
    names = [*_ROLLED_UP, "timestamp_s"]
    statement = text(
        f"SELECT {', '.join(names)} FROM inference JOIN block ON block.id = inference.id >> {LOG_INDEX_BITS}"  # noqa: S608
        " WHERE inference.id >= :first AND inference.id <= :last"
    )
    found = session.connection().execute(statement, {"first": first, "last": last}).all()
    numbers = np.array([[int(value) for value in row] for row in found], np.int64).reshape(-1, len(names))
    columns = dict(zip(names, numbers.T, strict=True))
    add_inferences(session, cursor.id, columns, columns["timestamp_s"], sign=-1)
    _delete(session, first, last)


def _delete(session: Session, first: int, last: int) -> None:
    """Deletes the rows of all events with keys in a range, and those of their blocks."""
    for table in EVENT_TABLES:
        key = table.__table__.c.id  # type: ignore[attr-defined]
        session.exec(delete(table).where(key >= first, key <= last))
    block_id = col(BlockRow.id)
    within = block_id >= first >> LOG_INDEX_BITS, block_id <= last >> LOG_INDEX_BITS
    session.exec(delete(BlockRow).where(*within))


def unknown_assets(session: Session, cursor: Cursor, assets: set[bytes]) -> list[bytes]:
    """Those of the assets that no stored inference of the deployment names yet."""
    known: set[bytes] = set()
    for some in _chunks(sorted(assets)):
        statement = select(AddressRow.value).join(AssetRow, col(AssetRow.address_id) == col(AddressRow.id))
        statement = statement.where(col(AssetRow.deployment_id) == cursor.id)
        known |= set(session.exec(statement.where(col(AddressRow.value).in_(some))))
    return sorted(assets - known)


_ROLLED_UP = (
    "tier",
    "asset_id",
    "model_id",
    "payer_id",
    "prover_id",
    "development",
    "unbound",
    "amount_e20",
    "amount_e10",
    "amount_e0",
)


def _write_blocks(session: Session, batch: Batch) -> None:
    """Blocks with events, and all that are not below the final one."""
    cursor = batch.after
    final = -1 if cursor.final_block is None else cursor.final_block
    places = np.concatenate([rows.places for rows in batch.rows] or [np.empty(0, np.int64)])
    found, counts = np.unique(places >> LOG_INDEX_BITS, return_counts=True)
    events = dict(zip(found.tolist(), counts.tolist(), strict=True))
    kept = [block for block in batch.blocks if block.number >= final or block.number in events]
    columns = {
        "id": [cursor.block_key(block.number) for block in kept],
        "hash": [block.hash for block in kept],
        "timestamp_s": [block.timestamp_s for block in kept],
        "events": [events.get(block.number, 0) for block in kept],
    }
    if kept:
        insert_rows(session, BlockRow, columns)


def _write_assets(session: Session, cursor: Cursor, decimals: Mapping[bytes, int | None]) -> None:
    for asset, number in decimals.items():
        address_id = session.exec(select(AddressRow.id).where(col(AddressRow.value) == asset)).one()
        if address_id is not None:
            session.add(AssetRow(deployment_id=cursor.id, address_id=address_id, decimals=number))


def _times_s(blocks: Sequence[Block], places: Places) -> Places:
    """Time of the block of each place."""
    numbers = np.array([block.number for block in blocks], np.int64)
    times_s = np.array([block.timestamp_s for block in blocks], np.int64)
    return times_s[np.searchsorted(numbers, places >> LOG_INDEX_BITS)]


def _chunks(values: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [values[start : start + _LOOKUP] for start in range(0, len(values), _LOOKUP)]
