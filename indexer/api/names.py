"""Addresses and model ids by their numbers, kept once they were looked up: they never change."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from eth_utils.address import to_checksum_address
from sqlmodel import Session, SQLModel, col, select

from indexer.tables import AddressRow, ModelRow

_AT_ONCE = 500
_MOST_KEPT = 500_000


class Names:
    """Of one database. Several threads may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[type[SQLModel], dict[int, str]] = {AddressRow: {}, ModelRow: {}}

    def addresses(self, session: Session, numbers: Iterable[int]) -> Mapping[int, str]:
        """In 0x hex with checksum; without those that nobody has."""
        return self._find(session, AddressRow, numbers)

    def models(self, session: Session, numbers: Iterable[int]) -> Mapping[int, str]:
        """In 0x hex."""
        return self._find(session, ModelRow, numbers)

    def _find(self, session: Session, table: Any, numbers: Iterable[int]) -> Mapping[int, str]:
        wanted = set(numbers)
        known = self._known[table]
        found = {number: known[number] for number in wanted if number in known}
        missing = sorted(wanted - found.keys())
        for start in range(0, len(missing), _AT_ONCE):
            part = missing[start : start + _AT_ONCE]
            rows = session.exec(select(table.id, table.value).where(col(table.id).in_(part)))
            found |= {number: _text(table, value) for number, value in rows}
        with self._lock:
            if len(known) > _MOST_KEPT:
                known.clear()
            known.update(found)
        return found


def number_of(session: Session, table: Any, value: bytes) -> int | None:
    """Number of an address or a model id; None when it never occurred."""
    found: int | None = session.exec(select(table.id).where(col(table.value) == value)).first()
    return found


def _text(table: type[SQLModel], value: bytes) -> str:
    return to_checksum_address(value) if table is AddressRow else f"0x{value.hex()}"
