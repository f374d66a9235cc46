"""Writes foreign history: one transaction per range holds its rows and moves the cursors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select, update

from indexer.amounts import split
from indexer.bulk import insert_rows
from indexer.errors import ConcurrentIndexerError, SettingsError
from indexer.recorded.rows import Found, Kind, Settlement, Source, Transfer
from indexer.recorded.tables import RecordedSettlementRow, RecordedSourceRow
from indexer.wire import Block

LARGEST_TRANSFER = 2**96 - 1
"""Base units, the largest amount that Settlement knows. A transfer of more is stored as one of so many."""

_INSERT_TRANSFER = text(
    "INSERT INTO token_transfer (chain_id, block, log_index, block_timestamp_s, transaction_hash, asset,"
    " sender, recipient, amount_e20, amount_e10, amount_e0) VALUES (:chain_id, :block, :log_index,"
    " :block_timestamp_s, :transaction_hash, :asset, :sender, :recipient, :amount_e20, :amount_e10,"
    " :amount_e0) ON CONFLICT DO NOTHING"
)
_MARK_REPEATED = text(
    "UPDATE recorded_settlement AS row_ SET repeated = TRUE WHERE chain_id = :chain_id AND repeated = FALSE"
    " AND claim IN (SELECT claim FROM recorded_settlement AS added WHERE added.source_id = :source_id"
    " AND added.block >= :first AND added.block <= :last)"
    " AND EXISTS (SELECT 1 FROM recorded_settlement AS earlier WHERE earlier.chain_id = row_.chain_id"
    " AND earlier.claim = row_.claim AND (earlier.block < row_.block"
    " OR (earlier.block = row_.block AND earlier.log_index < row_.log_index)))"
)


def open_source(
    session: Session, chain_id: int, kind: Kind, contract: bytes, payee: bytes, from_block: int | None
) -> int:
    """Number of a source, which begins at `from_block`, or at block 0, when it is new.

    Raises:
        SettingsError: the source is known, and begins elsewhere.
    """
    known = select(RecordedSourceRow).where(
        col(RecordedSourceRow.chain_id) == chain_id,
        col(RecordedSourceRow.kind) == kind,
        col(RecordedSourceRow.contract) == contract,
        col(RecordedSourceRow.payee) == payee,
    )
    row = session.exec(known).first()
    if row is None:
        first = from_block or 0
        row = RecordedSourceRow(
            chain_id=chain_id,
            kind=kind,
            contract=contract,
            payee=payee,
            first_block=first,
            next_block=first,
            last_block_hash=None,
            last_block_timestamp_s=None,
            final_block=None,
            other_logs=0,
        )
        session.add(row)
        session.flush()
    elif from_block not in (None, row.first_block):
        problem = f"what the database holds begins at block {row.first_block}"
        raise SettingsError("--from-block", f"{problem}; leave the option out, or name another database")
    assert row.id is not None
    return row.id


def read_sources(session: Session, ids: Sequence[int]) -> list[Source]:
    """How far sources were read."""
    rows = session.exec(select(RecordedSourceRow).where(col(RecordedSourceRow.id).in_(ids))).all()
    return [
        Source(row.id, row.contract, row.payee, row.next_block, row.last_block_hash)
        for row in rows
        if row.id is not None
    ]


def write_found(
    session: Session, chain_id: int, sources: Sequence[Source], found: Found, final_block: int
) -> None:
    """Stores what a range holds for sources that all stand at its first block.

    Raises:
        ConcurrentIndexerError: one of them does not stand there any more.
    """
    of_chain = col(RecordedSourceRow.chain_id) == chain_id
    # This locks all of them, because repetitions are looked for in the rows of all.
    session.exec(update(RecordedSourceRow).where(of_chain).values(final_block=final_block))
    for source in sources:
        _move(session, source, found)
        _write_settlements(session, chain_id, source.id, found)
    if found.transfers:
        rows = [_transfer_row(chain_id, one, found.blocks) for one in found.transfers]
        session.connection().execute(_INSERT_TRANSFER, rows)


def _move(session: Session, source: Source, found: Found) -> None:
    statement = update(RecordedSourceRow).where(
        col(RecordedSourceRow.id) == source.id, col(RecordedSourceRow.next_block) == source.next_block
    )
    after = {
        "next_block": found.last.number + 1,
        "last_block_hash": found.last.hash,
        "last_block_timestamp_s": found.last.timestamp_s,
        "other_logs": col(RecordedSourceRow.other_logs) + found.other_logs.get(source.id, 0),
    }
    if session.exec(statement.values(after)).rowcount != 1:
        raise ConcurrentIndexerError(source.next_block)


def _write_settlements(session: Session, chain_id: int, source_id: int, found: Found) -> None:
    settlements = found.settlements.get(source_id, ())
    if settlements:
        rows = [_settlement_row(source_id, chain_id, one, found.blocks) for one in settlements]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        insert_rows(session, RecordedSettlementRow, columns)
        where = {"chain_id": chain_id, "source_id": source_id}
        where |= {"first": found.first.number, "last": found.last.number}
        session.connection().execute(_MARK_REPEATED, where)


def _settlement_row(
    source_id: int, chain_id: int, one: Settlement, blocks: Mapping[int, Block]
) -> dict[str, Any]:
    return {
        "source_id": source_id,
        **_place(chain_id, one, blocks),
        "form": str(one.form),
        "claim": one.claim,
        "repeated": False,
        "root": one.root,
        "claimed_batch_size": _decimal(one.batch_size),
        "tee_id": one.tee_id,
        "input_hash": one.input_hash,
        "output_hash": one.output_hash,
        "claimed_timestamp": _decimal(one.timestamp),
        "payer": one.payer,
        "payee": one.payee,
        "asset": one.asset,
        "amount_base_units": _decimal(one.amount_base_units),
    }


def _transfer_row(chain_id: int, one: Transfer, blocks: Mapping[int, Block]) -> dict[str, Any]:
    e20, e10, e0 = split(min(one.amount_base_units, LARGEST_TRANSFER))
    return {
        **_place(chain_id, one, blocks),
        "asset": one.log.contract,
        "sender": one.sender,
        "recipient": one.recipient,
        "amount_e20": e20,
        "amount_e10": e10,
        "amount_e0": e0,
    }


def _place(chain_id: int, one: Settlement | Transfer, blocks: Mapping[int, Block]) -> dict[str, Any]:
    return {
        "chain_id": chain_id,
        "block": one.log.block,
        "log_index": one.log.log_index,
        "block_timestamp_s": blocks[one.log.block].timestamp_s,
        "transaction_hash": one.log.transaction_hash,
    }


def _decimal(number: int | None) -> str | None:
    return None if number is None else str(number)
