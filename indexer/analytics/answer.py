"""What a metric answers: a table whose columns say what they mean and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Cell: TypeAlias = str | int | float | bool | None
"""None is "there is none", for example a median of nothing."""


class Kind(StrEnum):
    """What the values of a column are, which decides how they are written."""

    TEXT = "text"
    COUNT = "count"
    """A number of things; an integer."""
    SHARE = "share"
    """A float; 1.0 is everything. Differences of shares are below zero at times."""
    NUMBER = "number"
    """Another float: a ratio, a slope, a number of effective payers."""
    SECONDS = "seconds"
    """A duration; an integer."""
    TIME = "time"
    """Unix seconds; written in ISO 8601."""
    WEEK = "week"
    """Number of a week; written as the date of its Monday."""
    TIER = "tier"
    """1, 2 or 3; written as signed, tee or zkml."""
    AMOUNT = "amount"
    """Base units of a token, exact; a Python integer of any size, written as a decimal string."""
    ADDRESS = "address"
    """20 bytes in 0x hex with checksum."""
    ID = "id"
    """32 bytes in 0x hex."""
    FLAG = "flag"


@dataclass(frozen=True)
class Column:
    """One column of an answer."""

    name: str
    """Of letters, digits and underscores; stable, for programs."""
    kind: Kind
    meaning: str
    """One phrase, with the unit."""


@dataclass(frozen=True)
class Answer:
    """Rows in a stable order."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def records(self) -> list[Mapping[str, Cell]]:
        """Each row by the names of its columns."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[Any]:
        """All values of one column."""
        index = [column.name for column in self.columns].index(name)
        return [row[index] for row in self.rows]
