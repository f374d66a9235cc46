"""Small numbers that stand for addresses and model ids in the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from indexer.decode import Rows
from indexer.events import Columns, octets_of
from indexer.tables import AddressRow, ModelRow

Learnt: TypeAlias = Mapping[type, Mapping[bytes, int]]
"""New numbers of values, by table."""

NOBODY = 0
"""Stands for the payer where nobody paid."""

_NO_ADDRESS = bytes(20)
_PAYER = "payer"
_TABLES: dict[str, type[AddressRow] | type[ModelRow]] = {
    _PAYER: AddressRow,
    "prover": AddressRow,
    "asset": AddressRow,
    "model_id": ModelRow,
}
_MOST_KNOWN = 200_000
"""Entries that are kept in memory; a payer's takes about 150 bytes."""
_LOOKUP = 500


@dataclass(frozen=True)
class Encoded:
    """Rows with numbers for addresses and models."""

    rows: list[Rows]
    learnt: Learnt
    """What `Dictionary.learn` takes once the transaction is committed."""


@dataclass
class Dictionary:
    """Numbers that are known without asking the database. They never change once they are committed."""

    _known: dict[type, dict[bytes, int]] = field(default_factory=lambda: {AddressRow: {}, ModelRow: {}})

    def encode(self, session: Session, rows: Sequence[Rows]) -> Encoded:
        """Puts numbers in place of values; values that have none yet get one, in the order of the chain."""
        columns = [_Column(some, name) for some in rows for name in _TABLES if name in some.columns]
        learnt: dict[type, dict[bytes, int]] = {}
        for table in (AddressRow, ModelRow):
            missing = self._missing(table, [c for c in columns if _TABLES[c.name] is table])
            learnt[table] = _numbers(session, table, missing) if missing else {}
        return Encoded([self._encode(some, learnt) for some in rows], learnt)

    def learn(self, learnt: Learnt) -> None:
        """Remembers numbers that are committed."""
        for table, numbers in learnt.items():
            known = self._known[table]
            if len(known) + len(numbers) > _MOST_KNOWN:
                known.clear()
            known |= numbers

    def _missing(self, table: type, columns: Sequence[_Column]) -> list[bytes]:
        """Values without a known number, by first appearance."""
        known, first = self._known[table], dict[bytes, tuple[int, int]]()
        for rank, column in enumerate(columns):
            if all(map(known.__contains__, column.values)):
                continue
            for place, value in zip(column.rows.places.tolist(), column.values, strict=True):
                if value not in known and not column.is_nobody(value):
                    first[value] = min(first.get(value, (place, rank)), (place, rank))
        return sorted(first, key=first.__getitem__)

    def _encode(self, rows: Rows, learnt: Learnt) -> Rows:
        columns: Columns = dict(rows.columns)
        for name, table in _TABLES.items():
            if name in columns:
                column = _Column(rows, name)
                numbers = {_NO_ADDRESS: NOBODY} if name == _PAYER else {}
                del columns[name]
                columns[name if name.endswith("_id") else f"{name}_id"] = _looked_up(
                    column.values, (numbers, learnt[table], self._known[table])
                )
        return Rows(rows.table, rows.places, columns)


@dataclass(frozen=True)
class _Column:
    rows: Rows
    name: str
    values: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", octets_of(self.rows.columns[self.name]))

    def is_nobody(self, value: bytes) -> bool:
        return self.name == _PAYER and value == _NO_ADDRESS


def _looked_up(values: Sequence[bytes], places: Sequence[Mapping[bytes, int]]) -> NDArray[np.int64]:
    """The number of each value, from the first mapping that has it."""
    small, learnt, known = places
    if not small and not learnt:
        return np.array(list(map(known.__getitem__, values)), np.int64)
    merged = {value: known[value] for value in set(values) if value in known} | dict(learnt) | dict(small)
    return np.array(list(map(merged.__getitem__, values)), np.int64)


def _numbers(
    session: Session, table: type[AddressRow] | type[ModelRow], values: Sequence[bytes]
) -> dict[bytes, int]:
    """Numbers of values; those that have none get one."""
    found = _lookup(session, table, values)
    missing = [{"value": value} for value in values if value not in found]
    if missing:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table.__table__).on_conflict_do_nothing()  # type: ignore[union-attr]
        session.connection().execute(statement, missing)
        found |= _lookup(session, table, [entry["value"] for entry in missing])
    return found


def _lookup(
    session: Session, table: type[AddressRow] | type[ModelRow], values: Iterable[bytes]
) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for some in _chunks(list(values)):
        rows = session.exec(select(table.value, table.id).where(col(table.value).in_(some)))
        found |= {value: id_ for value, id_ in rows if id_ is not None}
    return found


def _chunks(values: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (values[start : start + _LOOKUP] for start in range(0, len(values), _LOOKUP))
