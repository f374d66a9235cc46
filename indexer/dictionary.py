"""Small numbers that stand for addresses and model ids in the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from sqlmodel import Session

from indexer.bulk import add_values, numbers_of
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
        columns = [
            [_Column(some, name, self._known) for name in _TABLES if name in some.columns] for some in rows
        ]
        learnt: dict[type, dict[bytes, int]] = {}
        for table in (AddressRow, ModelRow):
            incomplete = [c for some in columns for c in some if c.table is table and None in c.numbers]
            missing = _missing(incomplete)
            learnt[table] = _numbers(session, table, missing) if missing else {}
            for column in incomplete:
                column.complete(learnt[table])
        return Encoded([_encoded(*pair) for pair in zip(rows, columns, strict=True)], learnt)

    def forget(self) -> None:
        """Remembers nothing: the database may have been repaired."""
        for known in self._known.values():
            known.clear()

    def learn(self, learnt: Learnt) -> None:
        """Remembers numbers that are committed."""
        for table, numbers in learnt.items():
            known = self._known[table]
            if len(known) + len(numbers) > _MOST_KNOWN:
                known.clear()
            known |= numbers


class _Column:
    """One column of addresses or models, and the numbers of its values as far as they are found."""

    def __init__(self, rows: Rows, name: str, known: Mapping[type, Mapping[bytes, int]]) -> None:
        self.name, self.table = name, _TABLES[name]
        self.is_payer = name == _PAYER
        self.places = rows.places
        self.values = octets_of(rows.columns[name])
        self.numbers = list(map(known[self.table].get, self.values))

    def first_places(self) -> dict[bytes, int]:
        """Where each value that has no number yet, and is not nobody, appears for the first time."""
        numbers = dict(zip(self.values, self.numbers, strict=True))
        if self.is_payer:
            numbers[_NO_ADDRESS] = NOBODY
        places = dict(zip(reversed(self.values), reversed(self.places.tolist()), strict=True))
        return {value: places[value] for value, number in numbers.items() if number is None}

    def complete(self, learnt: Mapping[bytes, int]) -> None:
        """Adds the numbers that were not known."""
        found = {**learnt, _NO_ADDRESS: NOBODY} if self.is_payer else learnt
        self.numbers = [
            found[value] if number is None else number
            for value, number in zip(self.values, self.numbers, strict=True)
        ]


def _missing(columns: Sequence[_Column]) -> list[bytes]:
    """Values without a number, by first appearance."""
    first: dict[bytes, tuple[int, int]] = {}
    for rank, column in enumerate(columns):
        for value, place in column.first_places().items():
            first[value] = min(first.get(value, (place, rank)), (place, rank))
    return sorted(first, key=first.__getitem__)


def _encoded(rows: Rows, columns: Sequence[_Column]) -> Rows:
    encoded: Columns = dict(rows.columns)
    for column in columns:
        del encoded[column.name]
        name = column.name if column.name.endswith("_id") else f"{column.name}_id"
        encoded[name] = np.array(column.numbers, np.int64)
    return Rows(rows.table, rows.places, encoded)


def _numbers(
    session: Session, table: type[AddressRow] | type[ModelRow], values: Sequence[bytes]
) -> dict[bytes, int]:
    """Numbers of values; those that have none get one."""
    found = numbers_of(session, table, values)
    missing = [value for value in values if value not in found]
    if missing:
        add_values(session, table, missing)
        found |= numbers_of(session, table, missing)
    return found
