"""The exported tables of foreign history. Their columns are described in docs/scale.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from indexer.amounts import join
from indexer.export.columns import AMOUNT, TIMESTAMP, hexadecimal, times
from indexer.recorded.tables import RecordedSettlementRow, TokenTransferRow


@dataclass(frozen=True)
class RecordedColumn:
    """One column: its type, the columns that it is made from, and how."""

    name: str
    type: pa.DataType
    sources: tuple[str, ...]
    make: Callable[..., pa.Array]
    nullable: bool = False


@dataclass(frozen=True)
class RecordedTable:
    """One table of the export of foreign history."""

    name: str
    """Of the table here and in the database."""
    columns: tuple[RecordedColumn, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns' Arrow types."""
        return pa.schema([pa.field(x.name, x.type, nullable=x.nullable) for x in self.columns])

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Columns of the database's table that are read; the place in the chain comes first."""
        needed = (name for x in self.columns for name in x.sources if name not in _OF_SOURCE)
        return tuple(dict.fromkeys(("block", "log_index", *needed)))

    def batch(self, values: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
        """Rows in their exported form, from columns by name."""
        arrays = [x.make(*(values[name] for name in x.sources)) for x in self.columns]
        return pa.record_batch(arrays, schema=self.schema)


_OF_SOURCE = {"source", "contract", "status"}
"""The same for all rows of a file: they come from the source, not from the table."""


def _plain(name: str, type_: pa.DataType, source: str = "", nullable: bool = False) -> RecordedColumn:
    return RecordedColumn(name, type_, (source or name,), lambda values: pa.array(values, type_), nullable)


def _octets(name: str, nullable: bool = False) -> RecordedColumn:
    return RecordedColumn(name, pa.string(), (name,), hexadecimal, nullable)


def _digits(name: str) -> RecordedColumn:
    """A number of up to 256 bits."""
    return _plain(name, pa.string(), nullable=True)


def _amount(*limbs: Sequence[int]) -> pa.Array:
    return pa.array(map(join, *limbs), AMOUNT)


_PLACE = (
    _plain("chain_id", pa.int64()),
    _plain("source", pa.string()),
    _plain("status", pa.string()),
    _plain("block_number", pa.int64(), "block"),
    RecordedColumn("block_time", TIMESTAMP, ("block_timestamp_s",), times),
    _plain("log_index", pa.int32()),
    _octets("transaction_hash"),
)

SETTLEMENTS = RecordedTable(
    str(RecordedSettlementRow.__tablename__),
    (
        *_PLACE,
        _plain("contract", pa.string()),
        _plain("form", pa.string()),
        _octets("claim", nullable=True),
        _octets("root", nullable=True),
        _digits("claimed_batch_size"),
        _octets("tee_id", nullable=True),
        _octets("input_hash", nullable=True),
        _octets("output_hash", nullable=True),
        _digits("claimed_timestamp"),
        _octets("payer", nullable=True),
        _octets("payee", nullable=True),
        _octets("asset", nullable=True),
        _digits("amount_base_units"),
    ),
)
"""Without `repeated`: a later import may make an older row a repetition, and files never change."""
TRANSFERS = RecordedTable(
    str(TokenTransferRow.__tablename__),
    (
        *_PLACE,
        _octets("asset"),
        _octets("sender"),
        _octets("recipient"),
        RecordedColumn("amount_base_units", AMOUNT, ("amount_e20", "amount_e10", "amount_e0"), _amount),
    ),
)
TABLES = {table.name: table for table in (SETTLEMENTS, TRANSFERS)}
