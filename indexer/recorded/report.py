"""Writes what is recorded as a table, as JSON or as CSV. Each of them says that nobody has verified it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from eth_utils.address import to_checksum_address
from rich.console import Console
from rich.table import Table

from indexer.recorded.rows import Kind
from indexer.recorded.summary import COMPLETENESS, STATUS, RecordedSource
from veritally.tables import print_whole

NOTE = (
    "recorded, unverified: claims of foreign contracts, without a tier, and in no verified figure. "
    "What a node leaves out is not noticed: completeness cannot be proved."
)
"""Stands below every table and in every JSON."""
_HEADINGS = ("source", "chain", "contract", "payee", "blocks", "rows", "repeated", "claimed", "first", "last")
_RIGHT = ("rows", "repeated", "claimed")


def print_table(sources: Sequence[RecordedSource], console: Console) -> None:
    """Prints a line per source. Lines are never broken when the output is no terminal."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading in _RIGHT else "left")
    for source in sources:
        table.add_row(*_cells(source))
    print_whole(table, console)
    console.print("\n".join(["", *_notes(sources), NOTE]), markup=False, highlight=False, soft_wrap=True)


def to_json(sources: Sequence[RecordedSource]) -> str:
    """One object; numbers that may be large are decimal strings."""
    content = {
        "status": STATUS,
        "completeness": COMPLETENESS,
        "note": NOTE,
        "sources": [_record(source) for source in sources],
    }
    return json.dumps(content, indent=2)


def to_csv(sources: Sequence[RecordedSource]) -> str:
    """One line per source."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_record(source) for source in sources)
    return text.getvalue().rstrip("\n")


_COLUMNS = (
    "source",
    "chain_id",
    "contract",
    "payee",
    "status",
    "completeness",
    "first_block",
    "last_block",
    "last_block_time",
    "rows",
    "repeated",
    "claimed_inferences",
    "claimed_without_repeated",
    "amount_base_units",
    "also_verified",
    "other_logs",
    "first_time",
    "last_time",
)


def _record(source: RecordedSource) -> dict[str, Any]:
    values = (
        source.kind.value,
        source.chain_id,
        to_checksum_address(source.contract),
        to_checksum_address(source.payee) if source.payee else None,
        STATUS,
        COMPLETENESS,
        source.first_block,
        source.last_block,
        _time(source.last_block_timestamp_s),
        source.rows,
        source.repeated,
        _decimal(source.claimed_inferences),
        _decimal(source.claimed_without_repeated),
        _decimal(source.amount_base_units),
        source.also_verified,
        source.other_logs,
        _time(source.first_time_s),
        _time(source.last_time_s),
    )
    return dict(zip(_COLUMNS, values, strict=True))


def _cells(source: RecordedSource) -> list[str]:
    last = "none read" if source.last_block is None else f"{source.first_block} to {source.last_block}"
    return [
        source.kind.value,
        str(source.chain_id),
        to_checksum_address(source.contract),
        to_checksum_address(source.payee) if source.payee else "-",
        last,
        str(source.rows),
        str(source.repeated) if source.kind == Kind.OPENGRADIENT else "-",
        _claimed(source),
        _time(source.first_time_s) or "-",
        _time(source.last_time_s) or "-",
    ]


def _claimed(source: RecordedSource) -> str:
    if source.kind == Kind.OPENGRADIENT:
        return f"{source.claimed_inferences} inferences"
    return f"{source.amount_base_units} base units" if source.kind == Kind.X402 else "-"


def _notes(sources: Sequence[RecordedSource]) -> list[str]:
    """A sentence about each figure that needs one."""
    notes = []
    for source in sources:
        contract = to_checksum_address(source.contract)
        if source.repeated:
            notes.append(
                f"{contract}: claimed without repetitions: {source.claimed_without_repeated} inferences"
            )
        if source.other_logs:
            notes.append(f"{contract}: logs of no known form, not counted: {source.other_logs}")
        if source.also_verified:
            notes.append(f"{contract}: payments of inferences that are verified, too: {source.also_verified}")
    return notes


def _time(time_s: int | None) -> str | None:
    return None if time_s is None else datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _decimal(number: int | None) -> str | None:
    return None if number is None else str(number)
