"""Tables of an overview: few columns, short addresses, nothing wider than a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.writing import shown, tier_text

TIER_STYLES = {"signed": "yellow", "tee": "cyan", "zkml": "magenta"}
_NUMERIC = {Kind.COUNT, Kind.SHARE, Kind.NUMBER, Kind.SECONDS, Kind.AMOUNT}
_TIERS = 1, 2, 3, None
"""Where a payer may come from or go to; None is outside."""
_ENDS = 6, 4
"""Characters that are left of an address or id, at either end."""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[str] = ()) -> Table:
    """A table; the first column and those in `left` are set to the left."""
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, heading in enumerate(headings):
        is_left = number == 0 or heading in left
        found.add_column(heading, justify="left" if is_left else "right", overflow="fold")
    for row in rows:
        found.add_row(*(_coloured(cell) for cell in row))
    return found


def part_of(answer: Answer, headings: Mapping[str, str]) -> Table:
    """Some columns of an answer, by name with their headings."""
    chosen = [(number, column) for number, column in enumerate(answer.columns) if column.name in headings]
    left = [headings[column.name] for _, column in chosen if column.kind not in _NUMERIC]
    rows = [[cell_text(column, row[number]) for number, column in chosen] for row in answer.rows]
    return table([headings[column.name] for _, column in chosen], rows, left)


def listed(answer: Answer, headings: Mapping[str, str]) -> Table:
    """The columns of the first row, one below the other."""
    kinds = {column.name: column for column in answer.columns}
    (first, *_) = answer.records()
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name, heading in headings.items():
        found.add_row(heading, _coloured(cell_text(kinds[name], first[name])))
    return found


def flow_table(answer: Answer, _headings: Mapping[str, str]) -> Table:
    """From (down) and to (across): payers of each way, of which an answer has a row each."""
    payers = {(row["from_tier"], row["to_tier"]): row["payers"] for row in answer.records()}
    sources = [tier for tier in _TIERS if any(source == tier for source, _ in payers)]
    targets = [tier for tier in _TIERS if any(target == tier for _, target in payers)]
    rows = [
        [_flow_name(source, "came"), *(f"{payers.get((source, target), 0):,}" for target in targets)]
        for source in sources
    ]
    return table(["from", *(f"to {_flow_name(target, 'gone')}" for target in targets)], rows)


def _flow_name(tier: int | None, outside: str) -> str:
    return outside if tier is None else tier_text(tier)


def cell_text(column: Column, cell: Cell) -> str:
    """A value for people, with thousands apart and ids cut."""
    if cell is None:
        return shown(column.kind, cell)
    if column.kind is Kind.COUNT:
        return f"{cell:,}"
    if column.kind is Kind.SECONDS:
        return f"{cell:,} s"
    text = shown(column.kind, cell)
    return shortened(text) if column.kind in (Kind.ADDRESS, Kind.ID) or text.startswith("0x") else text


def shortened(identity: str) -> str:
    """The two ends of an address or id."""
    head, tail = _ENDS
    return identity if len(identity) <= head + tail + 1 else f"{identity[:head]}…{identity[-tail:]}"


def _coloured(text: str) -> str:
    clean = escape(
        "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    )
    style = TIER_STYLES.get(text)
    return f"[{style}]{clean}[/]" if style else clean
