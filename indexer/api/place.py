"""As of which block an answer is given, and what of the database belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eth_utils.address import to_checksum_address
from sqlalchemy import text
from sqlmodel import Session

from indexer.analytics.writing import time_text
from indexer.api.errors import UnavailableError
from indexer.cursor import Cursor
from indexer.tables import BlockRow


class Finality(StrEnum):
    """Which blocks count."""

    FINAL = "final"
    """Those that no reorganisation reaches."""
    LATEST = "latest"
    """All that are indexed."""


@dataclass(frozen=True)
class Place:
    """The last block that an answer takes into account."""

    chain_id: int
    settlement: str
    """In 0x hex with checksum."""
    block_number: int
    block_hash: str
    """In 0x hex."""
    block_time_s: int
    finality: Finality

    def described(self) -> dict[str, Any]:
        """As every answer in JSON begins."""
        return {
            "chain_id": self.chain_id,
            "settlement": self.settlement,
            "as_of": {
                "block": self.block_number,
                "hash": self.block_hash,
                "time": time_text(self.block_time_s),
                "finality": self.finality.value,
            },
        }


@dataclass(frozen=True)
class Snapshot:
    """The database in one transaction, up to a block."""

    session: Session
    cursor: Cursor
    place: Place

    @property
    def first_key(self) -> int:
        """Lowest key of an event of the deployment."""
        return self.cursor.first_key(0)

    @property
    def end_key(self) -> int:
        """The keys of all events that count are below it."""
        return self.cursor.first_key(self.place.block_number + 1)

    def rows(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """What a statement gives. Values go into `parameters`, never into the statement."""
        return self.session.connection().execute(text(statement), parameters).all()


def place_of(session: Session, cursor: Cursor, finality: Finality) -> Place:
    """The last block of an answer.

    Raises:
        UnavailableError: nothing is indexed, or nothing is final yet.
    """
    settlement = to_checksum_address(cursor.settlement)
    if cursor.last_block_hash is None or cursor.last_block_timestamp_s is None:
        raise UnavailableError("nothing is indexed yet; is `veritally-indexer run` running?")
    if finality is Finality.LATEST:
        number, hash_ = cursor.next_block - 1, cursor.last_block_hash
        time_s = cursor.last_block_timestamp_s
        return Place(cursor.chain_id, settlement, number, f"0x{hash_.hex()}", time_s, finality)
    block = None
    if cursor.final_block is not None:
        block = session.get(BlockRow, cursor.block_key(cursor.final_block))
    if block is None or cursor.final_block is None:
        raise UnavailableError("no block is final yet; wait for the chain, or ask with ?finality=latest")
    hash_, time_s = block.hash, block.timestamp_s
    return Place(cursor.chain_id, settlement, cursor.final_block, f"0x{hash_.hex()}", time_s, finality)
