"""Look-ups for the detail pages, in the indexer's database: roll-ups for sums, rows for single inferences."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from eth_utils.address import to_checksum_address
from sqlalchemy import text
from sqlmodel import Session

from indexer.amounts import join
from indexer.cursor import Cursor, find_cursor
from indexer.database import Database
from indexer.pages import lookup_sql as sql
from indexer.pages.source import Line, Party, PartyDetail, PartyLine, ReceiptDetail, Total
from indexer.wire import BLOCK_BITS, LOG_INDEX_BITS
from veritally.labels import Labels
from veritally.payments import PaymentScheme

RECENT_DAYS = 28
"""The busiest ones are those of so many days."""
LISTED = 100
"""Most lines of a list of parties."""
LATEST = 25
"""Most inferences on a detail page."""
_DAY_S = 86_400
_LOG_MASK = (1 << LOG_INDEX_BITS) - 1
_BLOCK_MASK = (1 << BLOCK_BITS) - 1


FindReceipt: TypeAlias = Callable[[Session, Cursor, bytes], int | None]
"""Leads from the hash of a receipt to the key of its row."""


def look_through(session: Session, cursor: Cursor, receipt_hash: bytes) -> int | None:
    """Looks at all inferences, for whoever asks once."""
    ids = {"first": cursor.first_key(0), "last": cursor.last_key}
    found = _scalar(session, sql.RECEIPT, hash=receipt_hash, **ids)
    return None if found is None else int(found)


class DatabaseLookups:
    """One deployment, as of the last indexed block."""

    def __init__(
        self, database: Database, chain_id: int, settlement: str, find_receipt: FindReceipt = look_through
    ) -> None:
        """`settlement` in 0x hex."""
        self._database = database
        self._deployment = chain_id, bytes.fromhex(settlement[2:])
        self._find_receipt = find_receipt

    def totals(self) -> Sequence[Total]:
        """Of all inferences."""
        with self._database.transaction() as session:
            cursor = find_cursor(session, *self._deployment)
            return () if cursor is None else _totals(session, sql.TOTALS, d=cursor.id)

    def parties(self, party: Party) -> Sequence[PartyLine]:
        """The busiest ones of the last days that are indexed."""
        with self._database.transaction() as session:
            cursor = find_cursor(session, *self._deployment)
            if cursor is None or cursor.last_block_timestamp_s is None:
                return ()
            return _busiest(session, cursor, party, cursor.last_block_timestamp_s // _DAY_S - RECENT_DAYS + 1)

    def party(self, party: Party, identity: str) -> PartyDetail | None:
        """Sums, the latest inferences, and what a model's owner said of it."""
        value = bytes.fromhex(identity[2:])
        with self._database.transaction() as session:
            cursor = find_cursor(session, *self._deployment)
            if cursor is None:
                return None
            number = _scalar(session, sql.number_of(party), value=value)
            of = {"d": cursor.id, "party": number}
            totals = () if number is None else _totals(session, sql.totals_of(party), **of)
            uri, owner = _registered(session, cursor, value) if party is Party.MODEL else ("", "")
            if not totals and not owner:
                return None
            latest = _latest(session, cursor, party, number) if totals else ()
            return PartyDetail(party, _written(value), uri, owner, totals, latest)

    def receipt(self, receipt_hash: str) -> ReceiptDetail | None:
        """By its hash."""
        wanted = bytes.fromhex(receipt_hash[2:])
        with self._database.transaction() as session:
            cursor = find_cursor(session, *self._deployment)
            if cursor is None:
                return None
            found = self._find_receipt(session, cursor, wanted)
            return None if found is None else _detail(session, cursor, found)

    def inference(self, block: int, log_index: int) -> ReceiptDetail | None:
        """By its key."""
        if block > _BLOCK_MASK or log_index > _LOG_MASK:
            return None
        with self._database.transaction() as session:
            cursor = find_cursor(session, *self._deployment)
            return None if cursor is None else _detail(session, cursor, cursor.first_key(block) + log_index)


def _busiest(session: Session, cursor: Cursor, party: Party, first_day: int) -> tuple[PartyLine, ...]:
    found: dict[bytes, tuple[int, list[tuple[int, int]]]] = {}
    for row in _rows(session, sql.busiest(party), d=cursor.id, day=first_day, most=LISTED):
        found.setdefault(bytes(row.value), (int(row.total), []))[1].append((row.counted, int(row.n)))
    return tuple(
        PartyLine(
            _written(value),
            _registered(session, cursor, value)[0] if party is Party.MODEL else "",
            total,
            tuple(by_tier),
        )
        for value, (total, by_tier) in found.items()
    )


def _totals(session: Session, statement: str, **of: Any) -> tuple[Total, ...]:
    return tuple(
        Total(
            row.tier,
            _labels(row),
            to_checksum_address(bytes(row.asset)),
            row.decimals,
            int(row.n),
            join(row.e20, row.e10, row.e0),
        )
        for row in _rows(session, statement, **of)
    )


def _registered(session: Session, cursor: Cursor, model: bytes) -> tuple[str, str]:
    """URI and owner of a model; empty when its registration is not indexed."""
    ids = {"first": cursor.first_key(0), "last": cursor.last_key}
    arguments = _scalar(session, sql.REGISTERED, subject=model, **ids)
    if arguments is None:
        return "", ""
    read = json.loads(arguments)
    return str(read["uri"]), to_checksum_address(read["owner"])


def _latest(session: Session, cursor: Cursor, party: Party, number: int) -> tuple[Line, ...]:
    """Reads back only as many days as it takes: the roll-ups say on which days there was something."""
    first_day, missing = 0, LATEST
    for row in _rows(session, sql.last_days(party), d=cursor.id, party=number, most=LATEST):
        first_day, missing = row.day, missing - int(row.n)
        if missing <= 0:
            break
    first = cursor.first_key(_block_at(session, cursor, first_day * _DAY_S))
    ids = {"first": first, "last": cursor.last_key}
    rows = _rows(session, sql.latest(party), d=cursor.id, party=number, most=LATEST, **ids)
    return tuple(_line(row) for row in rows)


def _block_at(session: Session, cursor: Cursor, time_s: int) -> int:
    """A block number from which on all blocks of a time or later stand."""
    low, high = 0, cursor.next_block
    last = cursor.block_key(high)
    while low < high:
        middle = (low + high) // 2
        rows = _rows(session, sql.BLOCK_AT, middle=cursor.block_key(middle), last=last)
        if not rows or rows[0].timestamp_s >= time_s:
            high = middle
        else:
            low = (rows[0].id & _BLOCK_MASK) + 1
    return low


def _detail(session: Session, cursor: Cursor, key: int) -> ReceiptDetail | None:
    rows = _rows(session, sql.ONE, d=cursor.id, id=key)
    if not rows:
        return None
    (row,) = rows
    line = _line(row)
    groups = _rows(session, sql.GROUP, id=key, last=cursor.last_key, transaction=row.transaction_hash)
    return ReceiptDetail(
        line,
        final=cursor.final_block is not None and line.block <= cursor.final_block,
        seq=row.seq,
        floor=row.floor,
        scheme=PaymentScheme(row.scheme).label,
        served_at_s=row.served_at_s % (1 << 64),
        receipt_hash=_hex(row.receipt_hash),
        request_hash=_hex(row.request_hash),
        response_hash=_hex(row.response_hash),
        transaction_hash=_hex(row.transaction_hash),
        root=_hex(groups[0].root) if groups else "",
        route=_hex(groups[0].route) if groups else "",
    )


def _line(row: Any) -> Line:
    return Line(
        block=row.id >> LOG_INDEX_BITS & _BLOCK_MASK,
        log_index=row.id & _LOG_MASK,
        time_s=row.timestamp_s,
        tier=row.tier,
        labels=_labels(row),
        model=_hex(row.model),
        payer="" if row.payer is None else to_checksum_address(bytes(row.payer)),
        prover=to_checksum_address(bytes(row.prover)),
        asset=to_checksum_address(bytes(row.asset)),
        decimals=row.decimals,
        amount_base_units=join(row.amount_e20, row.amount_e10, row.amount_e0),
    )


def _labels(row: Any) -> Labels:
    development = Labels.DEVELOPMENT if row.development else Labels(0)
    return development | (Labels.UNBOUND if row.unbound else Labels(0))


def _rows(session: Session, statement: str, **parameters: Any) -> Sequence[Any]:
    return session.connection().execute(text(statement), parameters).all()


def _scalar(session: Session, statement: str, **parameters: Any) -> Any:
    return session.connection().execute(text(statement), parameters).scalar()


def _written(value: bytes) -> str:
    return to_checksum_address(value) if len(value) == 20 else _hex(value)


def _hex(value: Any) -> str:
    return f"0x{bytes(value).hex()}"
