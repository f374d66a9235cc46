"""What a database holds of its only deployment, in words that do not depend on how it came to hold it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlmodel import Session, SQLModel, select

from indexer.amounts import join
from indexer.database import Database
from indexer.rollups import ROLLUPS
from indexer.tables import EVENT_TABLES, AddressRow, AssetRow, BlockRow, DeploymentRow, ModelRow
from indexer.wire import LOG_INDEX_BITS

Row: TypeAlias = dict[str, Any]
_ADDRESSES = ("payer_id", "prover_id", "asset_id", "address_id")


@dataclass(frozen=True)
class Contents:
    """Everything that was read from the chain, with addresses and models instead of their numbers."""

    next_block: int
    rows: Mapping[str, list[Row]]
    """By table."""

    def below(self, block: int) -> Contents:
        """What it was when it ended before a block; roll-ups and the like are left out."""
        kept = {
            name: [row for row in self.rows[name] if row["id"] >> LOG_INDEX_BITS < block]
            for name in map(_name, EVENT_TABLES)
        }
        blocks = [row for row in self.rows["block"] if row["id"] < block and row["events"]]
        return Contents(block, {**kept, "block": blocks})


def read_contents(database: Database) -> Contents:
    """All rows of all tables."""
    with database.transaction() as session:
        names = _Names(session)
        cursor = session.exec(select(DeploymentRow)).one()
        tables: list[type[SQLModel]] = [*EVENT_TABLES, BlockRow, AssetRow, DeploymentRow]
        tables += [rollup.table for rollup in ROLLUPS]
        rows = {_name(table): _rows(session, table, names) for table in tables}
        return Contents(cursor.next_block, rows)


def differences(found: Contents, truth: Contents) -> list[str]:
    """One sentence part for each table whose rows differ; empty when all are the same."""
    parts = []
    for table, expected in truth.rows.items():
        missing = sum((_counted(expected) - _counted(found.rows[table])).values())
        strange = sum((_counted(found.rows[table]) - _counted(expected)).values())
        if missing or strange:
            parts.append(f"{table}: {missing} rows missing, {strange} that should not be")
    return parts


def rollup_differences(contents: Contents) -> list[str]:
    """One sentence part for each roll-up that is not the sum of the inferences."""
    times_s = {row["id"]: row["timestamp_s"] for row in contents.rows["block"]}
    parts = []
    for rollup in ROLLUPS:
        counts, sums = Counter[Any](), Counter[Any]()
        for row in contents.rows["inference"]:
            time_s = times_s[row["id"] >> LOG_INDEX_BITS]
            cell = tuple(
                {**row, "hour": time_s // 3_600, "day": time_s // 86_400}[key] for key in rollup.keys
            )
            counts[cell] += 1
            sums[cell] += join(row["amount_e20"], row["amount_e10"], row["amount_e0"])
        stored = {
            tuple(row[key] for key in rollup.keys): (
                row["inferences"],
                join(row["amount_e20"], row["amount_e10"], row["amount_e0"]),
            )
            for row in contents.rows[rollup.name]
        }
        if stored != {cell: (count, sums[cell]) for cell, count in counts.items()}:
            parts.append(f"{rollup.name} is not the sum of the inferences")
    return parts


def _name(table: type[SQLModel]) -> str:
    return str(table.__tablename__)


class _Names:
    """Values of the numbers that rows hold."""

    def __init__(self, session: Session) -> None:
        self.addresses = {row.id: row.value for row in session.exec(select(AddressRow))} | {0: None}
        self.models = {row.id: row.value for row in session.exec(select(ModelRow))}


def _rows(session: Session, table: type[SQLModel], names: _Names) -> list[Row]:
    found = session.connection().execute(select(table.__table__)).mappings()  # type: ignore[attr-defined]
    return [{name: _value(name, value, names) for name, value in row.items()} for row in found]


def _value(name: str, value: Any, names: _Names) -> Any:
    if name in _ADDRESSES:
        return names.addresses[value]
    if name == "model_id":
        return names.models[value]
    return int(value) if isinstance(value, bool) else value


def _counted(rows: list[Row]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(row.values()) for row in rows)
