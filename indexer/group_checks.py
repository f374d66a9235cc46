"""Checks that the events about groups are all there: every inference is counted by the event of its group."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlmodel import SQLModel

from indexer.decode import Rows
from indexer.errors import MissingGroupError
from indexer.events import octets_of
from indexer.tables import GroupSettledRow, InferenceRow, ReceiptSkippedRow
from indexer.wire import LOG_INDEX_BITS


def require_groups(first_block: int, last_block: int, rows: Iterable[Rows]) -> None:
    """Checks that in every transaction the groups count the inferences that settled, and skips that happened.

    A transaction may skip more receipts than its groups count: a group that settles none has no event.

    Raises:
        MissingGroupError: they do not.
    """
    by_table = {some.table: some for some in rows}
    _require(first_block, last_block, by_table, "settled", InferenceRow, exactly=True)
    _require(first_block, last_block, by_table, "skipped", ReceiptSkippedRow, exactly=False)


def _require(
    first_block: int,
    last_block: int,
    by_table: dict[type[SQLModel], Rows],
    column: str,
    counted: type[SQLModel],
    *,
    exactly: bool,
) -> None:
    groups, events = by_table.get(GroupSettledRow), by_table.get(counted)
    if groups is None and (events is None or not exactly):
        return
    keys, said = _keys(groups), [] if groups is None else groups.columns[column].astype(np.int64)
    event_keys = _keys(events)
    found, numbers = np.unique(np.concatenate([keys, event_keys]), return_inverse=True)
    expected = np.bincount(numbers[: len(keys)], weights=said, minlength=len(found))
    counts = np.bincount(numbers[len(keys) :], minlength=len(found))
    wrong = np.flatnonzero(counts != expected if exactly else counts < expected)
    if len(wrong):
        at = int(wrong[0])
        transaction = found[at].tobytes()[8:].hex()
        raise MissingGroupError(
            first_block,
            last_block,
            f"the groups of transaction 0x{transaction} count {int(expected[at])} {column}, "
            f"{int(counts[at])} are there",
        )


def _keys(rows: Rows | None) -> NDArray[np.void]:
    """Block and transaction of each row."""
    if rows is None:
        return np.empty(0, "V40")
    blocks = (rows.places >> LOG_INDEX_BITS).astype(">i8").view(np.uint8).reshape(-1, 8)
    hashes = np.frombuffer(b"".join(octets_of(rows.columns["transaction_hash"])), np.uint8).reshape(-1, 32)
    return np.concatenate([blocks, hashes], axis=1).copy().view("V40").ravel()
