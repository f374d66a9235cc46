"""What the small numbers in the rows stand for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session

from indexer.bulk import driver_connection, is_postgres
from indexer.cursor import Cursor
from indexer.tables import AddressRow, AssetRow, BlockRow, ModelRow

_MOST_KNOWN = 100_000
"""Entries of a dictionary that are kept in memory."""


def read_rows(session: Session, statement: str) -> list[tuple[Any, ...]]:
    """All rows of a statement, as the driver gives them."""
    connection = driver_connection(session)
    cursor = connection.cursor(binary=True) if is_postgres(session) else connection.cursor()
    return list(cursor.execute(statement).fetchall())


class Names:
    """Addresses, models and block times by number, and the decimals of a deployment's assets."""

    def __init__(self, session: Session, cursor: Cursor) -> None:
        self._session, self._cursor = session, cursor
        self._known: dict[type, dict[int, str]] = {AddressRow: {}, ModelRow: {}}

    def addresses(self, numbers: Iterable[int]) -> dict[int, str]:
        """0x hex by `address.id`."""
        return self._of(AddressRow, set(numbers))

    def models(self, numbers: Iterable[int]) -> dict[int, str]:
        """0x hex by `model.id`."""
        return self._of(ModelRow, set(numbers))

    def decimals(self) -> dict[int, int | None]:
        """`decimals()` by `address.id` of the token; None when the token did not state them."""
        statement = f"SELECT address_id, decimals FROM {AssetRow.__tablename__}"  # noqa: S608
        return dict(read_rows(self._session, f"{statement} WHERE deployment_id = {self._cursor.id}"))

    def times_s(self, from_block: int, to_block: int) -> dict[int, int]:
        """Unix times of the blocks with events, by number of the block."""
        zero = self._cursor.block_key(0)
        statement = (
            f"SELECT id - {zero}, timestamp_s FROM {BlockRow.__tablename__}"  # noqa: S608
            f" WHERE id >= {zero + from_block} AND id <= {zero + to_block}"
        )
        return dict(read_rows(self._session, statement))

    def _of(self, table: type[AddressRow] | type[ModelRow], numbers: set[int]) -> dict[int, str]:
        known = self._known[table]
        unknown = numbers - known.keys()
        if unknown:
            if len(known) + len(unknown) > _MOST_KNOWN:
                known.clear()
                unknown = numbers
            listed = ", ".join(map(str, sorted(unknown)))
            statement = f"SELECT id, value FROM {table.__tablename__} WHERE id IN ({listed})"  # noqa: S608
            known |= {number: f"0x{value.hex()}" for number, value in read_rows(self._session, statement)}
        return known
