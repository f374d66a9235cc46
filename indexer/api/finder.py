"""Finds receipts by their hash, without an index in the database.

An index over random hashes would halve the speed at which the indexer writes. So a reader holds one in
memory: the first eight bytes of each hash and the key of its row, 16 bytes together, in sorted runs that are
merged as they grow. It holds final rows, which never change; those behind them are few, and looked through.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from indexer.cursor import Cursor
from indexer.database import Database
from indexer.tables import InferenceRow

_PAGE = 50_000
_PREFIX = 8


@dataclass(frozen=True)
class _Run:
    prefixes: NDArray[np.uint64]
    """In order."""
    keys: NDArray[np.int64]

    def keys_of(self, prefix: int) -> list[int]:
        wanted = np.uint64(prefix)
        low, high = (int(np.searchsorted(self.prefixes, wanted, side)) for side in ("left", "right"))
        return [int(key) for key in self.keys[low:high]]

    def merged(self, other: _Run) -> _Run:
        return _run(np.concatenate([self.prefixes, other.prefixes]), np.concatenate([self.keys, other.keys]))


class ReceiptFinder:
    """Of one deployment. Several threads may ask while one refreshes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._runs: tuple[_Run, ...] = ()
        self._next_key: int | None = None

    def refresh(self, cursor: Cursor) -> None:
        """Takes in what has become final; a page after another, so that nothing waits for long."""
        if cursor.final_block is None:
            return
        with self._lock:
            for rows in self._new_rows(cursor):
                self._take(rows)

    def find(self, session: Session, cursor: Cursor, receipt_hash: bytes) -> int | None:
        """Key of a receipt's row; None when it is not among those that are indexed."""
        prefix = int.from_bytes(receipt_hash[:_PREFIX])
        runs, next_key = self._runs, self._next_key
        keys = [key for run in runs for key in run.keys_of(prefix)]
        row = InferenceRow
        if keys:
            matching = select(row.id).where(col(row.id).in_(keys), col(row.receipt_hash) == receipt_hash)
            found = session.exec(matching).first()
            if found is not None:
                return found
        first = cursor.first_key(0) if next_key is None else next_key
        behind = col(row.id) >= first, col(row.id) <= cursor.last_key
        return session.exec(select(row.id).where(*behind, col(row.receipt_hash) == receipt_hash)).first()

    def __len__(self) -> int:
        return sum(len(run.keys) for run in self._runs)

    def _new_rows(self, cursor: Cursor) -> Iterator[list[tuple[int, bytes]]]:
        row, end = InferenceRow, cursor.first_key((cursor.final_block or 0) + 1)
        key = cursor.first_key(0) if self._next_key is None else self._next_key
        while True:
            wanted = select(row.id, row.receipt_hash).where(col(row.id) >= key, col(row.id) < end)
            with self._database.transaction() as session:
                found = session.exec(wanted.order_by(col(row.id)).limit(_PAGE)).all()
            if found:
                yield [(int(id_), value) for id_, value in found]
                key = int(found[-1][0]) + 1
            if len(found) < _PAGE:
                self._next_key = end
                return

    def _take(self, rows: list[tuple[int, bytes]]) -> None:
        prefixes = np.frombuffer(b"".join(value[:_PREFIX] for _, value in rows), ">u8").astype(np.uint64)
        runs = [*self._runs, _run(prefixes, np.array([key for key, _ in rows], np.int64))]
        while len(runs) > 1 and len(runs[-1].keys) * 2 > len(runs[-2].keys):
            runs[-2:] = [runs[-2].merged(runs[-1])]
        self._next_key = rows[-1][0] + 1
        self._runs = tuple(runs)


def _run(prefixes: NDArray[np.uint64], keys: NDArray[np.int64]) -> _Run:
    order = np.argsort(prefixes, kind="stable")
    return _Run(prefixes[order], keys[order])
