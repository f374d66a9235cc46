"""The exported tables. Their columns are described in docs/scale.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from sqlmodel import SQLModel

from indexer.export import columns as c
from indexer.tables import (
    BlockRow,
    ChannelRefundedRow,
    GroupSettledRow,
    GroupSkippedRow,
    InferenceRow,
    ReceiptSkippedRow,
    RegistryEventRow,
)

SCHEMA_VERSION = 1
"""Changes whenever a column, its encoding, or the content digest does."""
ROWS_PER_GROUP = 32_768
"""Rows that a file holds together; the content digest is made of theirs."""


@dataclass(frozen=True)
class ExportTable:
    """One table of the export."""

    row: type[SQLModel]
    columns: tuple[c.ExportColumn, ...]
    condition: str = "TRUE"
    """Rows that are exported, in SQL."""

    @property
    def name(self) -> str:
        """Of the table here and in the database."""
        return str(self.row.__tablename__)

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns' Arrow types."""
        return pa.schema([pa.field(x.name, x.type, nullable=x.nullable) for x in self.columns])

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Columns of the database's table that are read; the key comes first."""
        return tuple(dict.fromkeys(("id", *(name for x in self.columns for name in x.sources))))

    def batch(self, page: c.Page) -> pa.RecordBatch:
        """Rows in their exported form."""
        return pa.record_batch([x.make(page) for x in self.columns], schema=self.schema)


_PLACE = (c.chain_id(), c.settlement(), c.block_number(), c.block_time(), c.log_index())
_EVENT = (*_PLACE, c.octets("transaction_hash"))
_LABELS = (c.flag("development"), c.flag("unbound"))
_REASON = (c.plain("reason_name", pa.string(), nullable=True), c.octets("reason"))

INFERENCE = ExportTable(
    InferenceRow,
    (
        *_EVENT,
        c.plain("seq", pa.int64()),
        c.octets("receipt_hash"),
        c.address("payer", nullable=True),
        c.address("prover"),
        c.model_id(),
        c.tier("tier"),
        c.tier("floor"),
        c.scheme(),
        *_LABELS,
        c.address("asset"),
        c.asset_decimals(),
        c.amount(),
        c.unsigned("served_at_s"),
        c.octets("request_hash"),
        c.octets("response_hash"),
    ),
)
TABLES = (
    INFERENCE,
    ExportTable(
        GroupSettledRow,
        (
            *_EVENT,
            c.octets("root"),
            c.address("prover"),
            c.model_id(),
            c.octets("route"),
            c.octets("key", nullable=True),
            c.tier("tier"),
            *_LABELS,
            c.plain("settled", pa.int64()),
            c.plain("skipped", pa.int64()),
        ),
    ),
    ExportTable(
        GroupSkippedRow,
        (
            *_EVENT,
            c.address("prover"),
            c.model_id(),
            c.octets("route"),
            c.plain("group_index", pa.int32()),
            *_REASON,
        ),
    ),
    ExportTable(
        ReceiptSkippedRow,
        (*_EVENT, c.octets("receipt_hash"), c.address("payer", nullable=True), c.address("prover"), *_REASON),
    ),
    ExportTable(
        ChannelRefundedRow,
        (
            *_EVENT,
            c.address("payer", nullable=True),
            c.address("prover"),
            c.address("asset"),
            c.amount_text(),
        ),
    ),
    ExportTable(
        RegistryEventRow,
        (
            *_EVENT,
            c.plain("contract", pa.string()),
            c.plain("event", pa.string()),
            c.octets("subject"),
            c.plain("arguments", pa.string()),
        ),
    ),
    ExportTable(
        BlockRow,
        (
            c.chain_id(),
            c.settlement(),
            c.block_number(shift=0),
            c.own_block_time(),
            c.octets("hash"),
            c.plain("events", pa.int32()),
        ),
        condition="events > 0",  # of the others only those above the final block are stored
    ),
)
"""Every range of blocks has one file of each."""
