"""Writes an answer as JSON, CSV, Parquet or a table for a terminal.

All of them have the columns of the answer, by name and in order. JSON, CSV and Parquet write the same values:
amounts as decimal strings, tiers by name, times in UTC, weeks as the date of their Monday.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.weeks import monday_of
from veritally.tiers import Tier

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.table import Table

ABSENT = "-"
"""How a terminal shows that there is no value."""

_LAST_TIME_S = 253_402_300_799
"""The end of the year 9999, behind which no date can be written."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LEFT = {Kind.TEXT, Kind.TIER, Kind.ADDRESS, Kind.ID, Kind.TIME, Kind.WEEK, Kind.FLAG}


def json_rows(answer: Answer) -> list[dict[str, Cell]]:
    """The rows as JSON objects, for a part of a larger document."""
    names = [column.name for column in answer.columns]
    return [dict(zip(names, row, strict=True)) for row in _json_cells(answer)]


def json_columns(answer: Answer) -> list[dict[str, str]]:
    """What the columns mean, for a part of a larger document."""
    return [{"name": c.name, "kind": c.kind.value, "meaning": c.meaning} for c in answer.columns]


def to_json(answer: Answer) -> str:
    """One object: `columns` with their meaning, and `rows`."""
    return json.dumps({"columns": json_columns(answer), "rows": json_rows(answer)}, indent=2)


def to_csv(answer: Answer) -> str:
    """A line of names and a line for each row; what is absent is empty.

    A text that a spreadsheet would take for a formula gets an apostrophe before it, and line breaks in it are
    LF: anybody may write a model's text into the chain.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in answer.columns])
    kinds = [column.kind for column in answer.columns]
    for row in _json_cells(answer):
        writer.writerow([_csv_cell(kind, cell) for kind, cell in zip(kinds, row, strict=True)])
    return text.getvalue()


def to_parquet(answer: Answer, metadata: Mapping[str, str] | None = None) -> bytes:
    """A Parquet file. Each field has its meaning as metadata; `metadata` goes to the file as a whole."""
    import pyarrow as pa  # slow to import
    import pyarrow.parquet as pq

    fields = [_field(column) for column in answer.columns]
    schema = pa.schema(fields, metadata=dict(metadata or {}))
    columns = zip(*answer.rows, strict=True) if answer.rows else ((),) * len(fields)
    arrays = [
        pa.array([_parquet_cell(column.kind, cell) for cell in cells], field.type)
        for column, field, cells in zip(answer.columns, fields, columns, strict=True)
    ]
    file = io.BytesIO()
    pq.write_table(pa.table(arrays, schema=schema), file, compression="zstd")
    return file.getvalue()


def to_table(answer: Answer) -> Table:
    """A table for a terminal, rounded for people."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in answer.columns:
        justify = "left" if column.kind in _LEFT else "right"
        table.add_column(column.name.replace("_", " "), justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in answer.rows:
        cells = zip(answer.columns, row, strict=True)
        table.add_row(*(_escaped(shown(column.kind, cell)) for column, cell in cells))
    return table


def shown(kind: Kind, cell: Cell) -> str:
    """A value for people: rounded, with its unit where the heading cannot say it."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ABSENT
    if kind is Kind.SHARE:
        return f"{100 * float(cell):.2f} %"
    if kind is Kind.NUMBER:
        return f"{float(cell):.4g}" if abs(float(cell)) < 1_000 else f"{float(cell):.0f}"
    if kind is Kind.FLAG:
        return "yes" if cell else "no"
    return str(_JSON.get(kind, _finite)(cell))


def time_text(time_s: int) -> str:
    """Unix seconds in ISO 8601, UTC."""
    return datetime.fromtimestamp(time_s, UTC).isoformat().replace("+00:00", "Z")


def tier_text(tier: int) -> str:
    """Name of a tier."""
    return Tier(tier).label


def _json_cells(answer: Answer) -> Iterable[tuple[Cell, ...]]:
    """The rows with their values as JSON has them: column by column, because values repeat in a column."""
    columns = zip(answer.columns, zip(*answer.rows, strict=True), strict=True) if answer.rows else ()
    return zip(*(_json_column(column.kind, of) for column, of in columns), strict=True)


def _json_column(kind: Kind, cells: Sequence[Cell]) -> Sequence[Cell]:
    if kind in _AS_IT_IS:
        return cells
    if kind not in _JSON:
        return [_finite(cell) for cell in cells]
    written: dict[Cell, Cell] = {cell: _JSON[kind](cell) for cell in {*cells} - {None}}
    return [written.get(cell) for cell in cells]


def _finite(cell: Any) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _time(cell: Any) -> Cell:
    return time_text(cell) if 0 <= cell <= _LAST_TIME_S else None


_JSON: Mapping[Kind, Callable[[Any], Cell]] = {
    Kind.TIME: _time,
    Kind.WEEK: lambda week: monday_of(week).isoformat(),
    Kind.TIER: tier_text,
    Kind.AMOUNT: str,
    Kind.FLAG: bool,
}
"""How a value is written; the other kinds are written as they are."""
_AS_IT_IS = {Kind.TEXT, Kind.COUNT, Kind.ADDRESS, Kind.ID}
"""Holds no floats, so there is nothing to look at."""


def _csv_cell(kind: Kind, cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if kind is Kind.TEXT and isinstance(cell, str):
        disarmed = f"'{cell}" if cell.startswith(_FORMULA) else cell
        return disarmed.replace("\r\n", "\n").replace("\r", "\n")
    return cell


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))


def _field(column: Column) -> pa.Field:
    import pyarrow as pa

    types = {
        Kind.COUNT: pa.int64(),
        Kind.SECONDS: pa.int64(),
        Kind.SHARE: pa.float64(),
        Kind.NUMBER: pa.float64(),
        Kind.TIME: pa.timestamp("ms", "UTC"),
        Kind.WEEK: pa.date32(),
        Kind.FLAG: pa.bool_(),
    }
    return pa.field(column.name, types.get(column.kind, pa.string()), metadata={"meaning": column.meaning})


def _parquet_cell(kind: Kind, cell: Cell) -> str | int | float | bool | date | datetime | None:
    if cell is None:
        return None
    if kind is Kind.TIME:
        return datetime.fromtimestamp(int(cell), UTC) if 0 <= int(cell) <= _LAST_TIME_S else None
    if kind is Kind.WEEK:
        return monday_of(int(cell))
    return _JSON.get(kind, _finite)(cell)
