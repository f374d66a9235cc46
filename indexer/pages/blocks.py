"""What a page is made of: sections with an answer, figures with the table of the same numbers."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.pages import formats

_NUMERIC = {Kind.COUNT, Kind.SHARE, Kind.NUMBER, Kind.SECONDS, Kind.AMOUNT}
_NAMES = {
    "n_eff": "effective payers",
    "low": "95 % from",
    "high": "to",
    "n": "inferences",
    "rate": "per inference",
}
"""Headings of columns whose names are no words."""
_PATHS = {"model": "/models", "prover": "/provers", "payer": "/payers"}
"""Pages of what stands in columns of these names."""


@dataclass(frozen=True)
class TableCell:
    """Text, perhaps with a link, a tier or a label before it."""

    text: str
    href: str = ""
    tier: str = ""
    """`signed`, `tee` or `zkml`: a patch of its colour stands before the text."""
    whole: str = ""
    """The text in full when `text` is cut."""
    is_number: bool = False
    is_tag: bool = False
    """A label that nobody may overlook."""


@dataclass(frozen=True)
class Heading:
    """Head of a column."""

    text: str
    meaning: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a caption."""

    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    empty: str = "None."
    """Stands in place of rows."""


@dataclass(frozen=True)
class Stat:
    """One number with what makes it trustworthy."""

    label: str
    value: str
    interval: str = ""
    note: str = ""
    tier: str = ""


@dataclass(frozen=True)
class Key:
    """What a colour stands for."""

    kind: str
    """`signed`, `tee`, `zkml`, or a class of the style sheet."""
    name: str
    meaning: str = ""


TIER_KEYS = (
    Key("signed", "Signed", "the prover's signature"),
    Key("tee", "TEE", "a key inside an attested enclave"),
    Key("zkml", "zkML", "a zero-knowledge proof of the run"),
)


@dataclass(frozen=True)
class Figure:
    """A chart, the table of its numbers, and where the numbers can be had."""

    id: str
    title: str
    table: Table
    chart: Markup | None = None
    metrics: tuple[str, ...] = ()
    """Names of the metrics behind it, for the links."""
    weeks: int | None = None
    """Length of the window of the numbers; None for the one that was chosen."""
    note: str = ""
    table_open: bool = False
    """Whether the table can be seen at once; short ones without a chart can be anyway."""
    wide: bool = False
    legend: tuple[Key, ...] = ()
    """Stands above the chart."""


@dataclass(frozen=True)
class VerdictCard:
    """A verdict with what it rests on."""

    title: str
    word: str
    kind: str
    """Class that gives the colour."""
    reason: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Command:
    """Something to type into a terminal."""

    meaning: str
    text: str


@dataclass(frozen=True)
class Section:
    """A question with its answer."""

    id: str
    short: str
    """Two or three words, for the table of contents."""
    question: str
    answer: str
    explanation: str = ""
    notice: str = ""
    """What nobody may overlook."""
    stats: tuple[Stat, ...] = ()
    figures: tuple[Figure, ...] = ()
    verdicts: tuple[VerdictCard, ...] = ()
    commands: tuple[Command, ...] = ()


def table_of(answer: Answer, caption: str, empty: str = "None.") -> Table:
    """A table of all rows of an answer."""
    headings = tuple(Heading(heading(c), c.meaning, c.kind in _NUMERIC) for c in answer.columns)
    rows = tuple(tuple(map(cell_of, row, answer.columns)) for row in answer.rows)
    return Table(caption, headings, rows, empty)


def cell_of(value: Cell, column: Column) -> TableCell:
    """A cell with the link, the patch of colour or the full text that its kind has."""
    kind = column.kind
    text = formats.cell(value, kind)
    if kind is Kind.TIER and isinstance(value, int) and value in formats.TIER_NAMES:
        return TableCell(text, tier=formats.tier_label(value))
    if kind in (Kind.ADDRESS, Kind.ID) and isinstance(value, str):
        path = _PATHS.get(column.name)
        return TableCell(text, whole=value, href=f"{path}/{value}" if path else "")
    if text.startswith("0x"):
        return TableCell(formats.short(text), whole=text)
    return TableCell(text, is_number=kind in _NUMERIC)


def heading(column: Column) -> str:
    """A column's name in words, with the unit that its values do not say."""
    name = _NAMES.get(column.name, column.name.replace("_", " "))
    return f"{name} (base units)" if column.kind is Kind.AMOUNT else name
