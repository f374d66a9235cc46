"""How a database contradicts itself, whatever the chain says."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session, col, func, select

from indexer.cursor import Cursor
from indexer.recount import wrong_rollups
from indexer.tables import EVENT_TABLES, AddressRow, AssetRow, InferenceRow


def contradictions(session: Session, cursor: Cursor) -> Iterator[str]:
    """One sentence part for each."""
    for name in wrong_rollups(session, cursor):
        yield f"{name} does not hold the sums of the rows"
    following = seq_before(session, cursor, cursor.next_block)
    if following != cursor.next_seq:
        yield f"the next inference is said to be number {cursor.next_seq}, the rows end before {following}"
    for table in EVENT_TABLES:
        key = table.__table__.c.id  # type: ignore[attr-defined]
        behind = key >= cursor.first_key(cursor.next_block), key <= cursor.last_key
        stray = session.exec(select(func.count()).select_from(table).where(*behind)).one()
        if stray:
            yield f"{table.__tablename__} holds {stray} rows behind the last indexed block"
    for asset in missing_assets(session, cursor):
        yield f"asset 0x{asset.hex()} is not among the deployment's assets"


def seq_before(session: Session, cursor: Cursor, block: int) -> int:
    """The number that the first inference from a block on must have, by what is stored before it."""
    key = col(InferenceRow.id)
    before = key >= cursor.first_key(0), key < cursor.first_key(block)
    last = session.exec(select(InferenceRow.seq).where(*before).order_by(key.desc()).limit(1)).first()
    return 0 if last is None else last + 1


def seq_after(session: Session, cursor: Cursor, block: int) -> int | None:
    """The number of the first inference that is stored behind a block."""
    key = col(InferenceRow.id)
    behind = key >= cursor.first_key(block + 1), key <= cursor.last_key
    return session.exec(select(InferenceRow.seq).where(*behind).order_by(key).limit(1)).first()


def missing_assets(session: Session, cursor: Cursor) -> list[bytes]:
    """Assets of stored inferences that the table of assets lacks."""
    mine = col(InferenceRow.id) >= cursor.first_key(0), col(InferenceRow.id) <= cursor.last_key
    used = set(session.exec(select(InferenceRow.asset_id).where(*mine).distinct()))
    known = set(session.exec(select(AssetRow.address_id).where(col(AssetRow.deployment_id) == cursor.id)))
    missing = sorted(used - known)
    statement = select(AddressRow.value).where(col(AddressRow.id).in_(missing))
    return sorted(session.exec(statement)) if missing else []
