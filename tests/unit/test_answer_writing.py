"""Every form of an answer holds the same values, and no text of the chain gets out of its cell."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import pyarrow.parquet as pq
from rich.console import Console

from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.weeks import week_of_monday
from indexer.analytics.writing import json_rows, shown, to_csv, to_json, to_parquet, to_table

UINT128_MAX = 2**128 - 1
MONDAY = date(2026, 11, 16)

EXAMPLES: dict[Kind, tuple[Cell, str | int | float | bool]] = {
    Kind.TEXT: ("plain, with a comma", "plain, with a comma"),
    Kind.COUNT: (7, 7),
    Kind.SHARE: (-0.125, -0.125),
    Kind.NUMBER: (12.5, 12.5),
    Kind.SECONDS: (90, 90),
    Kind.TIME: (1_764_000_000, "2025-11-24T16:00:00Z"),
    Kind.WEEK: (week_of_monday(MONDAY), "2026-11-16"),
    Kind.TIER: (3, "zkml"),
    Kind.AMOUNT: (UINT128_MAX, str(UINT128_MAX)),
    Kind.ADDRESS: (
        "0xC2C2C2C2c2c2C2C2C2c2C2c2C2C2c2c2c2C2c2C2",
        "0xC2C2C2C2c2c2C2C2C2c2C2c2C2C2c2c2c2C2c2C2",
    ),
    Kind.ID: ("0x" + "11" * 32, "0x" + "11" * 32),
    Kind.FLAG: (True, True),
}


def answer_of_all_kinds() -> Answer:
    """One row of examples, and one of nothing."""
    columns = tuple(Column(kind.value, kind, f"a {kind.value}") for kind in Kind)
    return Answer(columns, (tuple(EXAMPLES[kind][0] for kind in Kind), (None,) * len(columns)))


def one_cell(kind: Kind, cell: Cell) -> Answer:
    return Answer((Column("x", kind, "a value"),), ((cell,),))


def test_every_kind_is_tried() -> None:
    assert set(EXAMPLES) == set(Kind)


def test_json_has_values_and_meanings() -> None:
    content = json.loads(to_json(answer_of_all_kinds()))
    assert content["rows"][0] == {kind.value: EXAMPLES[kind][1] for kind in Kind}
    assert content["rows"][1] == dict.fromkeys((kind.value for kind in Kind), None)
    assert {"name": "share", "kind": "share", "meaning": "a share"} in content["columns"]


def test_csv_has_the_values_of_json() -> None:
    full, empty = csv.DictReader(io.StringIO(to_csv(answer_of_all_kinds())))
    expected = {kind.value: str(EXAMPLES[kind][1]) for kind in Kind} | {"flag": "true"}
    assert full == expected
    assert set(empty.values()) == {""}


def test_parquet_has_types_and_meanings() -> None:
    content = to_parquet(answer_of_all_kinds(), {"methodology": "2026-11"})
    table = pq.read_table(io.BytesIO(content))
    full, empty = table.to_pylist()
    times = {"time": datetime.fromtimestamp(1_764_000_000, UTC), "week": MONDAY}
    assert full == {kind.value: EXAMPLES[kind][1] for kind in Kind} | times
    assert set(empty.values()) == {None}
    assert table.schema.metadata[b"methodology"] == b"2026-11"
    assert table.schema.field("amount").metadata[b"meaning"] == b"a amount"


def test_answers_without_rows_keep_their_columns() -> None:
    nothing = Answer(answer_of_all_kinds().columns, ())
    assert pq.read_table(io.BytesIO(to_parquet(nothing))).schema.names == [kind.value for kind in Kind]
    assert to_csv(nothing) == ",".join(kind.value for kind in Kind) + "\n"
    assert json_rows(nothing) == []


def test_what_is_no_number_is_absent() -> None:
    for number in (float("nan"), float("inf")):
        assert json.loads(to_json(one_cell(Kind.NUMBER, number)))["rows"] == [{"x": None}]
        assert to_csv(one_cell(Kind.NUMBER, number)) == 'x\n""\n'
        assert pq.read_table(io.BytesIO(to_parquet(one_cell(Kind.NUMBER, number)))).to_pylist() == [
            {"x": None}
        ]
        assert shown(Kind.NUMBER, number) == "-"


def test_times_that_no_date_can_show_are_absent() -> None:
    late = one_cell(Kind.TIME, 2**64 - 1)
    assert json_rows(late) == [{"x": None}]
    assert pq.read_table(io.BytesIO(to_parquet(late))).to_pylist() == [{"x": None}]


def test_csv_disarms_formulas() -> None:
    for text in ("=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"):
        (_, (cell,)) = csv.reader(io.StringIO(to_csv(one_cell(Kind.TEXT, text)), newline=""))
        assert cell == f"'{text}".replace("\r", "\n")
        assert json_rows(one_cell(Kind.TEXT, text)) == [{"x": text}]
    assert to_csv(one_cell(Kind.SHARE, -0.5)) == "x\n-0.5\n"


def test_terminal_rounds_and_escapes() -> None:
    console = Console(file=io.StringIO(), width=400, force_terminal=True)
    console.print(to_table(answer_of_all_kinds()))
    console.print(to_table(one_cell(Kind.TEXT, "[red]\x1b[31mmodel")))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "-12.50 %" in printed
    assert "zkml" in printed
    assert str(UINT128_MAX) in printed
    assert "[red]\N{REPLACEMENT CHARACTER}[31mmodel" in printed
    assert "\x1b[31mmodel" not in printed


def test_people_see_rounded_numbers() -> None:
    assert shown(Kind.NUMBER, 18.512345) == "18.51"
    assert shown(Kind.NUMBER, 123_456.7) == "123457"
    assert shown(Kind.SHARE, 1) == "100.00 %"
    assert shown(Kind.FLAG, False) == "no"
