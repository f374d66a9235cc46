"""Reads rows back from the database, as the columns that the chain's events have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Boolean, Integer
from sqlmodel import Session, SQLModel

from indexer.bulk import driver_connection, is_postgres
from indexer.cursor import Cursor
from indexer.decode import Rows
from indexer.digest import block_rows, octet_matrix
from indexer.tables import AddressRow, BlockRow, ModelRow
from indexer.wire import Octets

_ENCODED = {
    "payer_id": ("payer", AddressRow, 20),
    "prover_id": ("prover", AddressRow, 20),
    "asset_id": ("asset", AddressRow, 20),
    "model_id": ("model_id", ModelRow, 32),
}
_HASH = 32
_NO_NUMBER = -1
_DAMAGED = 0xFF


class StoredRows:
    """The rows of one deployment. Values that cannot have been written by us are marked, never an error."""

    def __init__(self, session: Session, cursor: Cursor) -> None:
        """Reads the dictionaries: rows of blocks that are indexed by now can be read."""
        self._session = session
        self._cursor = cursor
        self._values: dict[type[SQLModel], Octets] = {
            table: _dictionary(_fetched(session, f"SELECT id, value FROM {table.__tablename__}"), width)  # noqa: S608
            for table, width in ((AddressRow, 20), (ModelRow, 32))
        }

    def events(self, table: type[SQLModel], first_block: int, last_block: int) -> Rows:
        """Rows of a table from one block to another, in the order of the chain."""
        names = [column.name for column in _columns(table)]
        first, last = self._cursor.first_key(first_block), self._cursor.first_key(last_block + 1)
        rows = self._range(table, names, first, last)
        values = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
        places = np.array(values.pop("id"), np.int64) - self._cursor.first_key(0)
        columns: dict[str, Any] = {}
        for column in _columns(table)[1:]:
            self._take(columns, column, list(values[column.name]))
        return Rows(table, places, columns)

    def blocks(self, first_block: int, last_block: int) -> Rows:
        """Blocks with events."""
        first, last = self._cursor.block_key(first_block), self._cursor.block_key(last_block + 1)
        found = self._range(BlockRow, ["id", "hash", "timestamp_s", "events"], first, last)
        rows = [row for row in found if row[3] != 0]
        numbers = np.array([row[0] for row in rows], np.int64) - self._cursor.block_key(0)
        hashes = octet_matrix([row[1] for row in rows], _HASH)
        times_s, events = (_integers([row[n] for row in rows]) for n in (2, 3))
        return block_rows(numbers, hashes, times_s, events)

    def _range(self, table: type[SQLModel], names: list[str], first: int, last: int) -> list[Any]:
        statement = f"SELECT {', '.join(names)} FROM {table.__tablename__}"  # noqa: S608
        where = f" WHERE id >= {int(first)} AND id < {int(last)} ORDER BY id"
        return _fetched(self._session, statement + where)

    def _take(self, columns: dict[str, Any], column: Any, values: list[Any]) -> None:
        """Adds a column's values in the form that the chain's events have."""
        kind = getattr(column.type, "impl", column.type)
        if column.name in _ENCODED:
            name, table, _ = _ENCODED[column.name]
            dictionary, numbers = self._values[table], _integers(values)
            known = (numbers >= 0) & (numbers < len(dictionary))
            octets = dictionary[np.where(known, numbers, 0)]
            octets[~known] = _DAMAGED
            if name != "payer":
                octets[numbers == 0] = _DAMAGED  # stands for nobody
            columns[name] = octets
        elif isinstance(kind, Boolean):
            numbers = _integers([int(v) if isinstance(v, bool) else v for v in values])
            columns[column.name] = np.where(numbers >> 1 == 0, numbers, _DAMAGED)
        elif isinstance(kind, Integer):
            columns[column.name] = _integers(values)
        else:
            columns[column.name] = values


def _dictionary(entries: list[Any], width: int) -> Octets:
    """Values by number; number 0 stands for nobody."""
    last = max((number for number, _ in entries), default=0)
    values = np.full((last + 1, width), _DAMAGED, np.uint8)
    values[0] = 0
    values[[number for number, _ in entries]] = octet_matrix([value for _, value in entries], width)
    return values


def _columns(table: type[SQLModel]) -> list[Any]:
    return list(table.__table__.columns)  # type: ignore[attr-defined]


def _integers(values: list[Any]) -> NDArray[np.int64]:
    """64-bit integers; what is none becomes one that no event holds."""
    if set(map(type, values)) - {int}:
        values = [value if type(value) is int else _NO_NUMBER for value in values]
    return np.array(values, np.int64)


def _fetched(session: Session, statement: str) -> list[Any]:
    connection = driver_connection(session)
    if is_postgres(session):
        with connection.cursor(binary=True) as cursor:
            return list(cursor.execute(statement).fetchall())
    return list(connection.execute(statement).fetchall())
