"""What of foreign history can be exported: its streams, and their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlmodel import Session, col, select

from indexer.export.content import ROWS_PER_PAGE, in_groups
from indexer.export.names import read_rows
from indexer.recorded.export_manifest import StreamKey
from indexer.recorded.export_tables import SETTLEMENTS, TABLES, TRANSFERS
from indexer.recorded.rows import Kind
from indexer.recorded.summary import STATUS
from indexer.recorded.tables import RecordedSourceRow


@dataclass(frozen=True)
class Stream:
    """Rows of one source in the order of its chain; transfers of all deployments on one chain."""

    key: StreamKey
    last_block: int
    """Everything up to it was read, and is final."""
    condition: str
    """Its rows, in SQL."""

    def first_block(self, session: Session) -> int:
        """That of the first row; without rows the last block."""
        ((first,),) = read_rows(session, f"SELECT min(block) FROM {self.key.table} WHERE {self.condition}")  # noqa: S608
        return self.last_block if first is None else min(int(first), self.last_block)

    def rows_before(self, session: Session, block: int) -> int:
        """Number of the rows in all blocks before this one."""
        statement = f"SELECT count(*) FROM {self.key.table} WHERE {self.condition} AND block < {block}"  # noqa: S608
        ((count,),) = read_rows(session, statement)
        return int(count)

    def groups(self, session: Session, from_block: int, to_block: int) -> Iterator[pa.Table]:
        """The rows of a range, as many at once as a file holds together."""
        return in_groups(self._batches(session, from_block, to_block))

    def _batches(self, session: Session, from_block: int, to_block: int) -> Iterator[pa.RecordBatch]:
        table, place = TABLES[self.key.table], (from_block, -1)
        constants = {"source": self.key.source, "contract": self.key.contract, "status": STATUS}
        while True:
            statement = (
                f"SELECT {', '.join(table.sources)} FROM {table.name} WHERE {self.condition}"  # noqa: S608
                f" AND (block, log_index) > ({place[0]}, {place[1]}) AND block <= {to_block}"
                f" ORDER BY block, log_index LIMIT {ROWS_PER_PAGE}"
            )
            rows = read_rows(session, statement)
            if not rows:
                return
            values: dict[str, Sequence[Any]] = dict(zip(table.sources, zip(*rows, strict=True), strict=True))
            yield table.batch(values | {name: [value] * len(rows) for name, value in constants.items()})
            place = rows[-1][:2]


def read_streams(session: Session) -> list[Stream]:
    """All of which something was read."""
    rows = session.exec(select(RecordedSourceRow).order_by(col(RecordedSourceRow.id))).all()
    settled = [_settlements(row) for row in rows if row.kind != Kind.TRANSFERS and _is_begun(row)]
    sent = [row for row in rows if row.kind == Kind.TRANSFERS]
    chains = {row.chain_id: [one for one in sent if one.chain_id == row.chain_id] for row in sent}
    return settled + [_transfers(chain, all_) for chain, all_ in chains.items() if all(map(_is_begun, all_))]


def _settlements(row: RecordedSourceRow) -> Stream:
    names = f"0x{row.contract.hex()}", f"0x{row.payee.hex()}" if row.payee else ""
    key = StreamKey(SETTLEMENTS.name, row.chain_id, row.kind, *names)
    return Stream(key, _last_block(row), f"source_id = {row.id}")


def _transfers(chain_id: int, rows: Sequence[RecordedSourceRow]) -> Stream:
    """A transfer does not say for which deployment it was found, so those of all are read up to a block."""
    key = StreamKey(TRANSFERS.name, chain_id, Kind.TRANSFERS.value, "", "")
    return Stream(key, min(map(_last_block, rows)), f"chain_id = {chain_id}")


def _is_begun(row: RecordedSourceRow) -> bool:
    return row.last_block_hash is not None and row.final_block is not None


def _last_block(row: RecordedSourceRow) -> int:
    assert row.final_block is not None  # of none that is not begun
    return min(row.next_block - 1, row.final_block)
