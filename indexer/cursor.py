"""How far a database has come with each deployment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlmodel import Session, col, select, update

from indexer.errors import ConcurrentIndexerError, DatabaseFullError, UnknownDeploymentError
from indexer.tables import DEPLOYMENT_SHIFT, MOST_DEPLOYMENTS, DeploymentRow
from indexer.wire import LOG_INDEX_BITS, Block


@dataclass(frozen=True)
class Cursor:
    """A deployment in a database: everything below `next_block` is in it."""

    id: int
    chain_id: int
    settlement: bytes
    next_block: int
    next_seq: int
    last_block_hash: bytes | None
    """Hash of block `next_block - 1`; None before the first range."""
    last_block_timestamp_s: int | None
    final_block: int | None
    """Number of the last indexed block that no reorganisation reaches; None while there is none."""

    def advanced(self, last: Block, next_seq: int, final_block: int) -> Cursor:
        """The cursor after a range that ends with the block `last`; `final_block` is the chain's."""
        return replace(
            self,
            next_block=last.number + 1,
            next_seq=next_seq,
            last_block_hash=last.hash,
            last_block_timestamp_s=last.timestamp_s,
        ).with_final(final_block)

    def with_final(self, final_block: int) -> Cursor:
        """The cursor when the chain's final block is known. What was final once stays so."""
        reached = min(final_block, self.next_block - 1)
        known = -1 if self.final_block is None else self.final_block
        is_later = self.last_block_hash is not None and reached > known
        return replace(self, final_block=reached) if is_later else self

    def block_key(self, number: int) -> int:
        """Key of a block's row."""
        return self.id << DEPLOYMENT_SHIFT - LOG_INDEX_BITS | number

    def first_key(self, number: int) -> int:
        """Lowest key that an event of the block can have."""
        return self.block_key(number) << LOG_INDEX_BITS

    @property
    def last_key(self) -> int:
        """Highest key that an event of this deployment can have."""
        return (self.id + 1 << DEPLOYMENT_SHIFT) - 1

    def __str__(self) -> str:
        return f"Settlement 0x{self.settlement.hex()} on chain {self.chain_id}"


def find_cursor(session: Session, chain_id: int, settlement: bytes) -> Cursor | None:
    """The cursor of a deployment; None when the database does not hold it."""
    statement = select(DeploymentRow).where(
        col(DeploymentRow.chain_id) == chain_id, col(DeploymentRow.settlement) == settlement
    )
    row = session.exec(statement).first()
    return None if row is None else Cursor(**row.model_dump())


def open_cursor(session: Session, chain_id: int, settlement: bytes, first_block: int) -> Cursor:
    """The stored cursor of a deployment, or a fresh one at its first block.

    Raises:
        DatabaseFullError: there is no place for another deployment.
    """
    stored = find_cursor(session, chain_id, settlement)
    if stored is not None:
        return stored
    id_ = len(session.exec(select(DeploymentRow.id)).all())
    if id_ >= MOST_DEPLOYMENTS:
        raise DatabaseFullError(MOST_DEPLOYMENTS)
    fresh = Cursor(id_, chain_id, settlement, first_block, 0, None, None, None)
    session.add(DeploymentRow(**vars(fresh)))
    return fresh


def only_cursor(session: Session) -> Cursor | None:
    """The cursor of the only deployment; None in an empty database.

    Raises:
        UnknownDeploymentError: there are several.
    """
    cursors = all_cursors(session)
    if len(cursors) > 1:
        raise UnknownDeploymentError("it is not said which deployment is meant", held(session))
    return cursors[0] if cursors else None


def held(session: Session) -> list[str]:
    """All deployments of the database, as errors name them."""
    return [str(cursor) for cursor in all_cursors(session)]


def all_cursors(session: Session) -> list[Cursor]:
    """The cursors of all deployments of the database."""
    rows = session.exec(select(DeploymentRow).order_by(col(DeploymentRow.id))).all()
    return [Cursor(**row.model_dump()) for row in rows]


def move_cursor(session: Session, before: Cursor, after: Cursor) -> None:
    """Moves the cursor. It is the first statement of a transaction: whoever loses it has written nothing yet.

    Raises:
        ConcurrentIndexerError: the cursor is not at `before` any more.
    """
    statement = update(DeploymentRow).where(
        col(DeploymentRow.id) == before.id,
        col(DeploymentRow.next_block) == before.next_block,
        col(DeploymentRow.last_block_hash).is_not_distinct_from(before.last_block_hash),
    )
    if session.exec(statement.values(**vars(after))).rowcount != 1:
        raise ConcurrentIndexerError(before.next_block)
