"""What is recorded, source by source, for whoever shows it beside what is verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from indexer.recorded.rows import Kind
from indexer.recorded.tables import RecordedSettlementRow, RecordedSourceRow, TokenTransferRow
from indexer.tables import DEPLOYMENT_SHIFT
from indexer.wire import LOG_INDEX_BITS

STATUS = "recorded, unverified"
"""Of every row of foreign history, for ever."""
COMPLETENESS = "cannot be proved"
"""Of every import: foreign events have no sequence number, and no counter to compare with."""

_ALSO_VERIFIED = text(
    "SELECT COUNT(*) FROM recorded_settlement AS r WHERE r.source_id = :source_id AND EXISTS (SELECT 1"
    " FROM deployment AS d JOIN inference AS i ON i.id >= d.id * :deployment + r.block * :block"
    " AND i.id < d.id * :deployment + (r.block + 1) * :block"
    " WHERE d.chain_id = r.chain_id AND i.transaction_hash = r.transaction_hash)"
)
_KEYS = {"deployment": 1 << DEPLOYMENT_SHIFT, "block": 1 << LOG_INDEX_BITS}
"""How many keys of events belong to a deployment, and to a block."""


@dataclass(frozen=True)
class RecordedSource:
    """One source and the sums of its rows. Its status is `recorded, unverified`."""

    id: int
    chain_id: int
    kind: Kind
    contract: bytes
    """The relay, the token, or for transfers the Settlement whose provers and payers are meant."""
    payee: bytes
    """Whom payments are made to; empty where the kind has none."""
    first_block: int
    last_block: int | None
    """Last block that was read; None when none was."""
    last_block_timestamp_s: int | None
    rows: int
    repeated: int
    """Rows that claim again what an earlier row of the chain claimed."""
    claimed_inferences: int | None
    """What the events say, added up: sizes of batches, one for each other settlement. None for payments."""
    claimed_without_repeated: int | None
    amount_base_units: int | None
    """Sum of the payments; None where events state no amount."""
    also_verified: int
    """Rows whose transaction also settled inferences that the contracts of this database verified."""
    other_logs: int
    """Logs of the contract that have none of the known forms, and are in no other figure."""
    first_time_s: int | None
    """Block time of the first row, unix seconds."""
    last_time_s: int | None


def recorded_summary(session: Session) -> list[RecordedSource]:
    """All sources of the database, by number."""
    rows = session.exec(select(RecordedSourceRow).order_by(col(RecordedSourceRow.id))).all()
    return [_source(session, row, row.id) for row in rows if row.id is not None]


def _source(session: Session, row: RecordedSourceRow, source_id: int) -> RecordedSource:
    is_transfers = row.kind == Kind.TRANSFERS
    count, first_time_s, last_time_s = _extent(session, row.chain_id if is_transfers else None, source_id)
    claims, is_claimed = _claims(session, source_id), row.kind == Kind.OPENGRADIENT
    return RecordedSource(
        id=source_id,
        chain_id=row.chain_id,
        kind=Kind(row.kind),
        contract=row.contract,
        payee=row.payee,
        first_block=row.first_block,
        last_block=None if row.last_block_hash is None else row.next_block - 1,
        last_block_timestamp_s=row.last_block_timestamp_s,
        rows=count,
        repeated=sum(one.rows for one in claims if one.repeated),
        claimed_inferences=sum(one.inferences for one in claims) if is_claimed else None,
        claimed_without_repeated=(
            sum(one.inferences for one in claims if not one.repeated) if is_claimed else None
        ),
        amount_base_units=_amount(session, source_id) if row.kind == Kind.X402 else None,
        also_verified=_also_verified(session, source_id) if row.kind == Kind.X402 else 0,
        other_logs=row.other_logs,
        first_time_s=first_time_s,
        last_time_s=last_time_s,
    )


def _extent(session: Session, transfers_of: int | None, source_id: int) -> Any:
    """Number of rows, and the times of the first and the last."""
    table: Any = RecordedSettlementRow if transfers_of is None else TokenTransferRow
    time = col(table.block_timestamp_s)
    statement: Any = select(func.count(), func.min(time), func.max(time)).select_from(table)
    if transfers_of is None:
        return session.exec(statement.where(col(RecordedSettlementRow.source_id) == source_id)).one()
    return session.exec(statement.where(col(TokenTransferRow.chain_id) == transfers_of)).one()


@dataclass(frozen=True)
class _Claims:
    """Rows that claim the same number."""

    repeated: bool
    rows: int
    inferences: int


def _claims(session: Session, source_id: int) -> list[_Claims]:
    """Sizes are up to 2^256, so they are added up here."""
    size, repeated = col(RecordedSettlementRow.claimed_batch_size), col(RecordedSettlementRow.repeated)
    of_source = col(RecordedSettlementRow.source_id) == source_id
    statement = select(size, repeated, func.count()).where(of_source).group_by(size, repeated)
    return [
        _Claims(is_repeated, rows, rows * int(text_ or 1))
        for text_, is_repeated, rows in session.exec(statement)
    ]


def _amount(session: Session, source_id: int) -> int:
    amount = col(RecordedSettlementRow.amount_base_units)
    of_source = col(RecordedSettlementRow.source_id) == source_id
    statement = select(amount, func.count()).where(of_source, amount.is_not(None)).group_by(amount)
    return sum(rows * int(text_ or 0) for text_, rows in session.exec(statement))


def _also_verified(session: Session, source_id: int) -> int:
    parameters = {"source_id": source_id, **_KEYS}
    return int(session.connection().execute(_ALSO_VERIFIED, parameters).scalar_one())
