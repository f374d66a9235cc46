"""The rows of a range of blocks, in their exported form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from sqlmodel import Session

from indexer.cursor import Cursor
from indexer.export.columns import Page
from indexer.export.names import Names, read_rows
from indexer.export.schema import ROWS_PER_GROUP, ExportTable
from indexer.tables import BlockRow

ROWS_PER_PAGE = 2_048
"""That are read at once: rows of the driver take far more memory than columns."""


class Content:
    """The rows of a range of blocks."""

    def __init__(self, session: Session, cursor: Cursor, from_block: int, to_block: int) -> None:
        self.from_block, self.to_block = from_block, to_block
        self._session, self._cursor = session, cursor
        self._names = Names(session, cursor)

    def groups(self, table: ExportTable) -> Iterator[pa.Table]:
        """A table's rows, `ROWS_PER_GROUP` at once."""
        return in_groups(map(table.batch, self._pages(table)))

    def _pages(self, table: ExportTable) -> Iterator[Page]:
        of_block = table.row is BlockRow
        key = self._cursor.block_key if of_block else self._cursor.first_key
        first, end = key(self.from_block), key(self.to_block + 1)
        while True:
            statement = (
                f"SELECT {', '.join(table.sources)} FROM {table.name}"  # noqa: S608
                f" WHERE id >= {first} AND id < {end} AND {table.condition}"
                f" ORDER BY id LIMIT {ROWS_PER_PAGE}"
            )
            rows = read_rows(self._session, statement)
            if not rows:
                return
            values = dict(zip(table.sources, zip(*rows, strict=True), strict=True))
            yield Page(self._cursor.chain_id, f"0x{self._cursor.settlement.hex()}", values, self._names)
            first = rows[-1][0] + 1


def in_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Rows, `ROWS_PER_GROUP` at once, from batches of `ROWS_PER_PAGE`; only the last may be smaller."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if len(waiting) * ROWS_PER_PAGE == ROWS_PER_GROUP:
            yield pa.Table.from_batches(waiting)
            waiting.clear()
    if waiting:
        yield pa.Table.from_batches(waiting)
