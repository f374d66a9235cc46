"""Loads how fresh, complete and verified the database is."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from indexer.analytics.cube import Cube
from indexer.analytics.taint import cursor_of
from indexer.cursor import Cursor
from indexer.rollup_tables import RollupRow
from indexer.status import read_audits
from indexer.tables import BlockRow

_COLUMNS = (
    "block",
    "block_time_s",
    "final_block",
    "final_block_time_s",
    "inferences",
    "next_seq",
    "incidents",
    "open_incidents",
    "verified_block",
    "verified_at_s",
    "verified_digest",
    "problems",
)


def load_health(session: Session, cube: Cube, deployment_id: int) -> None:
    """Fills `health` anew."""
    cube.execute("DELETE FROM health")
    cursor = cursor_of(session, deployment_id)
    every = select(func.sum(RollupRow.inferences)).where(col(RollupRow.deployment_id) == cursor.id)
    audits = read_audits(session, cursor.id)
    last = audits.verification
    verified = (
        (None,) * 4
        if last is None
        else (last.block, last.verified_at_s, f"0x{last.digest.hex()}", last.problems)
    )
    row = (
        cursor.next_block - 1,
        cursor.last_block_timestamp_s,
        *_final(session, cursor),
        int(session.exec(every).one() or 0),
        cursor.next_seq,
        audits.incidents,
        len(audits.open_incidents),
        *verified,
    )
    if cursor.last_block_timestamp_s is not None:
        cube.insert("health", _COLUMNS, [row])


def _final(session: Session, cursor: Cursor) -> tuple[int | None, int | None]:
    """Number and time of the final block; its row is kept."""
    if cursor.final_block is None:
        return None, None
    key = col(BlockRow.id) == cursor.block_key(cursor.final_block)
    return cursor.final_block, session.exec(select(BlockRow.timestamp_s).where(key)).one()
