"""Detail pages: a model, a prover, a payer, a receipt, and the lists of the busiest ones."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.pages import formats
from indexer.pages.blocks import TIER_KEYS, Figure, Heading, Table, TableCell
from indexer.pages.charts_rows import SplitRow, split_rows
from indexer.pages.lookups import RECENT_DAYS
from indexer.pages.render import render
from indexer.pages.source import (
    Line,
    PageSource,
    Party,
    PartyDetail,
    PartyLine,
    ReceiptDetail,
    StateView,
    Total,
)
from indexer.pages.svg import Mark
from veritally.labels import Labels

PATHS = {Party.MODEL: "/models", Party.PROVER: "/provers", Party.PAYER: "/payers"}
_TITLES = {Party.MODEL: "Models", Party.PROVER: "Provers", Party.PAYER: "Payers"}
_BARS = 12
"""Most bars of a chart of parties."""
_MOST_LETTERS, _HEAD = 20, 8
"""Of a model's name in a chart, and before what is left out: names that begin alike end differently."""
_LABEL_MEANINGS = {
    Labels.DEVELOPMENT: "DEVELOPMENT: the evidence rests on a development root and proves nothing. "
    "Counts as signed.",
    Labels.UNBOUND: "UNBOUND: the evidence may have been made for somebody else. Counts as signed.",
}


def party_list(source: PageSource, party: Party, now_s: int) -> str:
    """The busiest models, provers or payers."""
    found = source.lookups.parties(party)
    state = None if source.analysis is None else source.analysis.state
    title = _TITLES[party]
    return render(
        "parties.html",
        state,
        now_s,
        PATHS[party],
        title=title,
        days=RECENT_DAYS,
        figure_of=_parties_figure(party, found) if found else None,
    )


def party_page(state: StateView | None, detail: PartyDetail, now_s: int) -> str:
    """One model, prover or payer."""
    return render(
        "party.html",
        state,
        now_s,
        detail=detail,
        title=detail.party.value.capitalize(),
        back=(PATHS[detail.party], _TITLES[detail.party]),
        notes=_notes([total.labels for total in detail.totals]),
        split=_split(detail.totals),
        totals=_totals_table(detail.totals),
        latest=lines_table(detail.latest, "The latest inferences"),
    )


def receipt_page(state: StateView | None, found: ReceiptDetail, now_s: int) -> str:
    """One settled inference."""
    return render(
        "receipt.html",
        state,
        now_s,
        found=found,
        line=found.line,
        notes=_notes([found.line.labels]),
        served=_served(found.served_at_s),
        paid=formats.amount(found.line.amount_base_units, found.line.decimals),
    )


def totals_table(totals: Sequence[Total], caption: str) -> Table:
    """Sums with their labels."""
    heads = (
        Heading("tier"),
        Heading("label", "how the evidence is weaker than its tier says"),
        Heading("inferences", is_number=True),
        Heading("paid", "in whole tokens", is_number=True),
        Heading("token"),
    )
    rows = tuple(
        (
            _tier(total.tier),
            TableCell(_label(total.labels), is_tag=bool(total.labels)),
            TableCell(formats.count(total.inferences), is_number=True),
            TableCell(formats.amount(total.amount_base_units, total.decimals), is_number=True),
            TableCell(formats.short(total.asset), whole=total.asset),
        )
        for total in totals
    )
    return Table(caption, heads, rows)


def lines_table(lines: Sequence[Line], caption: str) -> Table:
    """Inferences, each with a link to its page."""
    heads = ("block", "time", "tier", "label", "model", "payer", "prover")
    rows = tuple(
        (
            TableCell(f"{line.block}-{line.log_index}", href=f"/inferences/{line.block}-{line.log_index}"),
            TableCell(formats.moment(line.time_s)),
            _tier(line.tier),
            TableCell(_label(line.labels), is_tag=bool(line.labels)),
            _link(Party.MODEL, line.model),
            _link(Party.PAYER, line.payer) if line.payer else TableCell("nobody"),
            _link(Party.PROVER, line.prover),
            TableCell(formats.amount(line.amount_base_units, line.decimals), is_number=True),
        )
        for line in lines
    )
    return Table(caption, (*map(Heading, heads), Heading("paid", is_number=True)), rows)


def _totals_table(totals: Sequence[Total]) -> Table:
    return totals_table(totals, "Inferences and payments by tier")


def _parties_figure(party: Party, found: Sequence[PartyLine]) -> Figure:
    name = _TITLES[party].lower()
    bars = [
        SplitRow(
            _name(line), f"{formats.count(line.inferences)} inferences", _parts(line.by_tier, _name(line))
        )
        for line in found[:_BARS]
    ]
    title = f"The busiest {name} and their split over the tiers"
    said = f"The {len(bars)} busiest {name}, one bar each. The table below has all numbers."
    tiers = tuple(Heading(formats.TIER_NAMES[tier], is_number=True) for tier in formats.TIER_NAMES)
    text = (Heading("text of its owner"),) if party is Party.MODEL else ()
    heads = (Heading(party.value), *text, Heading("inferences", is_number=True), *tiers)
    rows = tuple(_party_row(party, line) for line in found)
    table = Table(f"{_TITLES[party]} by inferences of the last {RECENT_DAYS} days", heads, rows)
    chart = split_rows(f"{name}-chart", title, said, bars)
    return Figure(name, title, table, chart, wide=True, legend=TIER_KEYS, table_open=True)


def _party_row(party: Party, line: PartyLine) -> tuple[TableCell, ...]:
    by_tier = dict(line.by_tier)
    text = (TableCell(line.uri or formats.NONE),) if party is Party.MODEL else ()
    counts = [line.inferences, *(by_tier.get(tier, 0) for tier in formats.TIER_NAMES)]
    return (_link(party, line.id), *text, *(TableCell(formats.count(n), is_number=True) for n in counts))


def _split(totals: Sequence[Total]) -> Figure | None:
    """All inferences by counted tier."""
    by_tier: dict[int, int] = {}
    for total in totals:
        counted = 1 if total.labels else total.tier
        by_tier[counted] = by_tier.get(counted, 0) + total.inferences
    every = sum(by_tier.values())
    if not every:
        return None
    parts = _parts(sorted(by_tier.items()), "all inferences")
    row = SplitRow("All inferences", formats.count(every), parts)
    said = "; ".join(f"{formats.tier_name(mark.tier or 0)} {mark.text}" for mark in parts)
    title = "Split over the tiers that are counted"
    heads = (Heading("tier"), Heading("inferences", is_number=True), Heading("share", is_number=True))
    rows = tuple(
        (
            _tier(tier),
            TableCell(formats.count(n), is_number=True),
            TableCell(formats.percent(n / every), is_number=True),
        )
        for tier, n in sorted(by_tier.items())
    )
    chart = split_rows("split-chart", title, said, [row])
    return Figure("split", title, Table(title, heads, rows), chart, wide=True, legend=TIER_KEYS)


def _parts(by_tier: Sequence[tuple[int, int]], name: str) -> tuple[Mark, ...]:
    every = sum(n for _, n in by_tier)
    return tuple(Mark(tier, n / every, formats.percent(n / every), name) for tier, n in by_tier)


def _name(line: PartyLine) -> str:
    """What its owner wrote, in so few letters that a number fits beside it on a phone."""
    text = " ".join(line.uri.split()).removeprefix("https://")
    if len(text) > _MOST_LETTERS:
        text = f"{text[:_HEAD]}…{text[_HEAD + 1 - _MOST_LETTERS :]}"
    return text or formats.short(line.id)


def _link(party: Party, identity: str) -> TableCell:
    return TableCell(formats.short(identity), href=f"{PATHS[party]}/{identity}", whole=identity)


def _tier(tier: int) -> TableCell:
    return TableCell(formats.tier_name(tier), tier=formats.tier_label(tier))


def _label(labels: Labels) -> str:
    return ", ".join(str(label.name) for label in labels)


def _notes(every: Sequence[Labels]) -> list[str]:
    return [meaning for label, meaning in _LABEL_MEANINGS.items() if any(label in labels for labels in every)]


def _served(served_at_s: int) -> str:
    """What the prover states; it may be any number."""
    return formats.moment(served_at_s) if served_at_s < 253_402_300_800 else f"{served_at_s} (no time)"
