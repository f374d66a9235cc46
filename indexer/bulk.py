"""Writes many rows at once, below the ORM: COPY BINARY into Postgres, `executemany` into SQLite.

Both run in the transaction of the session that they are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, SmallInteger, String
from sqlmodel import Session, SQLModel

from indexer.events import octets_of

_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_COPIED_ROWS = 4_096
"""Rows that stand in memory in the form of COPY at the same time."""
_INT8, _INT8_ARRAY = 20, 1016
_LOOKUP = 500
_LENGTHS = ((Boolean, 1), (SmallInteger, 2), (BigInteger, 8), (Integer, 4))
_NAMES = ((Boolean, "bool"), (SmallInteger, "int2"), (BigInteger, "int8"), (Integer, "int4"))


class Int8Array:
    """64-bit integers as one parameter of a Postgres statement."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self.octets = _array(numbers)


def driver_connection(session: Session) -> Any:
    """The driver's own connection, inside the session's transaction."""
    return session.connection().connection.driver_connection


def is_postgres(session: Session) -> bool:
    """Whether the session speaks to Postgres; else it is SQLite."""
    return session.get_bind().dialect.name == "postgresql"


def prepare_postgres(connection: Any) -> None:
    """Lets a new connection take an `Int8Array`."""
    from psycopg import adapt, pq  # installed only where Postgres is used

    class Int8ArrayDumper(adapt.Dumper):
        format = pq.Format.BINARY
        oid = _INT8_ARRAY

        def dump(self, obj: Int8Array) -> bytes:
            return obj.octets

    connection.adapters.register_dumper(Int8Array, Int8ArrayDumper)


def insert_rows(session: Session, table: type[SQLModel], columns: Mapping[str, Any]) -> None:
    """Inserts rows given as columns: arrays of integers, matrices of bytes, or lists."""
    if is_postgres(session):
        _copy(driver_connection(session), table, columns)
    else:
        statement = _insert_statement(table.__tablename__, tuple(columns))
        driver_connection(session).executemany(statement, zip(*map(_listed, columns.values()), strict=True))


def numbers_of(session: Session, table: type[SQLModel], values: Sequence[bytes]) -> dict[bytes, int]:
    """Numbers of those of the values that a dictionary has."""
    connection, found = driver_connection(session), dict[bytes, int]()
    statement = f"SELECT value, id FROM {table.__tablename__} WHERE value"  # noqa: S608
    if is_postgres(session):
        return dict(connection.execute(f"{statement} = ANY(%b)", [list(values)]).fetchall())
    for start in range(0, len(values), _LOOKUP):
        some = values[start : start + _LOOKUP]
        found |= dict(connection.execute(f"{statement} IN ({', '.join('?' * len(some))})", some).fetchall())
    return found


def add_values(session: Session, table: type[SQLModel], values: Sequence[bytes]) -> None:
    """Adds values to a dictionary; another indexer may have added some of them meanwhile."""
    connection, start = driver_connection(session), f"INSERT INTO {table.__tablename__} (value)"
    if is_postgres(session):
        source = "SELECT unnest(%b::bytea[]) ON CONFLICT DO NOTHING"
        connection.execute(f"{start} {source}", [list(values)])
    else:
        connection.executemany(f"{start} VALUES (?) ON CONFLICT DO NOTHING", [(value,) for value in values])


@cache
def _insert_statement(table: str, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


def _listed(column: Any) -> list[Any]:
    if isinstance(column, list):
        return column
    return octets_of(column) if column.ndim > 1 else column.tolist()


def _copy(connection: Any, table: type[SQLModel], columns: Mapping[str, Any]) -> None:
    statement = f"COPY {table.__tablename__} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    types = {column.name: column for column in table.__table__.columns}  # type: ignore[attr-defined]
    with connection.cursor().copy(statement) as copy:
        if any(isinstance(column, list) for column in columns.values()):
            copy.set_types([_name(types[name]) for name in columns])
            for row in zip(*map(_listed, columns.values()), strict=True):
                copy.write_row(row)
        else:
            copy.write(_COPY_HEAD)
            for start in range(0, len(next(iter(columns.values()))), _COPIED_ROWS):
                some = {name: column[start : start + _COPIED_ROWS] for name, column in columns.items()}
                copy.write(_fixed_rows(types, some).tobytes())
            copy.write(_COPY_END)


def _fixed_rows(types: Mapping[str, Column[Any]], columns: Mapping[str, Any]) -> NDArray[Any]:
    """Rows of COPY's binary form, all of one length: number of values, then length and octets of each."""
    form: list[Any] = [("values", ">i2")]
    for name, column in columns.items():
        width = (np.uint8, (column.shape[1],)) if column.ndim > 1 else (f">i{_length(types[name])}",)
        form += [(f"length of {name}", ">i4"), (name, *width)]
    count = len(next(iter(columns.values())))
    rows = np.empty(count, form)
    rows["values"] = len(columns)
    for name, column in columns.items():
        rows[f"length of {name}"] = column.shape[1] if column.ndim > 1 else _length(types[name])
        rows[name] = column
    return rows


def _length(column: Column[Any]) -> int:
    return next(length for kind, length in _LENGTHS if isinstance(_plain(column), kind))


def _name(column: Column[Any]) -> str:
    kind = _plain(column)
    if isinstance(kind, LargeBinary):
        return "bytea"
    if isinstance(kind, String):
        return "text"
    return next(name for type_, name in _NAMES if isinstance(kind, type_))


def _plain(column: Column[Any]) -> Any:
    """The column's type without our own layer."""
    return getattr(column.type, "impl", column.type)


def _array(numbers: NDArray[np.int64]) -> bytes:
    """Postgres' binary form of a one-dimensional array without NULL."""
    items = np.empty(len(numbers), [("length", ">i4"), ("number", ">i8")])
    items["length"], items["number"] = 8, numbers
    head = np.array([1, 0, _INT8, len(numbers), 1], ">i4")
    return head.tobytes() + items.tobytes()
