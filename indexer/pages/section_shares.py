"""Question 1: which share of paid inferences carries which verified guarantee now."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.analytics.answer import Cell
from indexer.pages.blocks import TIER_KEYS, Figure, Heading, Section, Stat, Table, TableCell, table_of
from indexer.pages.charts_rows import RangeRow, SplitRow, from_zero, range_rows, split_rows
from indexer.pages.charts_time import WeekShares, stacked_weeks
from indexer.pages.desk import Desk, Record, records_of
from indexer.pages.formats import (
    TIER_NAMES,
    amount,
    count,
    days,
    interval,
    number,
    percent,
    plural,
    short,
    tier_label,
)
from indexer.pages.svg import Mark

WAYS = {
    "raw": ("By count", "every inference weighs the same"),
    "capped": ("Capped", "no payer weighs more than 50"),
    "payer-equal": ("Per payer", "every payer weighs the same"),
}
"""How a weighting is named on the page."""


def share_now(desk: Desk) -> Section:
    """Shares by count, by payer, capped and by value; their history."""
    tiers = desk.records("count-share")
    strong = {r["weighting"]: r for r in desk.records("strong-share")}
    paid = sum(r["inferences"] for r in tiers)
    return Section(
        id="share",
        short="Share now",
        question="Which share of paid inferences carries which verified guarantee?",
        answer=_answer(desk, tiers, strong["raw"], paid),
        explanation=_explained(tiers),
        notice=_labelled(tiers),
        stats=tuple(_stat(record) for record in tiers),
        figures=(_ways(desk), _strong(desk), _weeks(desk)) if paid else (),
    )


def _answer(desk: Desk, tiers: Sequence[Record], strong: Record, paid: int) -> str:
    if not paid:
        return f"Nothing was paid for from {days(desk.now)}."
    shares = {r["tier"]: percent(r["share"]) for r in tiers}
    between = interval(strong["low"], strong["high"])
    sure = f"; 95 % interval {between}, {number(strong['n_eff'])} effective payers" if between else ""
    return (
        f"From {days(desk.now)}, {percent(strong['share'])} of {count(paid)} paid inferences were backed "
        "by more than "
        f"the prover's own signature: {shares[2]} by a TEE and {shares[3]} by a zk proof{sure}."
    )


def _labelled(tiers: Sequence[Record]) -> str:
    labelled = sum(max(r["on_chain"] - r["inferences"], 0) for r in tiers if r["tier"] > 1)
    if not labelled:
        return ""
    return (
        f"{plural(labelled, 'paid inference')} at a stronger tier rest on evidence labelled DEVELOPMENT "
        "(a development "
        "root, which proves nothing) or UNBOUND (it may have been made for somebody else). They count as "
        "signed here."
    )


def _explained(tiers: Sequence[Record]) -> str:
    free = sum(r["free"] for r in tiers)
    without = f" {plural(free, 'inference')} that nobody paid for are in no share." if free else ""
    return (
        "Effective payers: how many payers of equal size would tell as much. The fewer there are, the "
        "wider the "
        f"intervals.{without}"
    )


def headline(desk: Desk) -> Stat:
    """The strong share in one number."""
    ways = {r["weighting"]: r for r in desk.records("strong-share")}
    strong, capped = ways["raw"], ways["capped"]
    between = interval(strong["low"], strong["high"])
    return Stat(
        label="Strong share now (TEE and zkML)",
        value=percent(strong["share"]),
        interval=f"95 % interval: {between}" if between else "no interval: too few payers",
        note=f"{count(strong['all_inferences'])} paid inferences, {plural(strong['payers'], 'payer')}, "
        f"{number(strong['n_eff'])} effective; {percent(capped['share'])} when no payer "
        "counts for more than 50",
    )


def _stat(record: Record) -> Stat:
    between = interval(record["low"], record["high"])
    return Stat(
        label=TIER_NAMES[record["tier"]],
        value=percent(record["share"]),
        interval=f"95 %: {between}" if between else "",
        note=f"{count(record['inferences'])} inferences, {plural(record['payers'], 'payer')}, "
        f"{number(record['n_eff'])} effective",
        tier=tier_label(record["tier"]),
    )


def _ways(desk: Desk) -> Figure:
    """The split by each way of counting."""
    values = _by_value(desk)
    found: list[tuple[str, str, Sequence[Record]]] = [
        (*WAYS["raw"], desk.records("count-share")),
        (*WAYS["capped"], desk.records("capped-share")),
        (*WAYS["payer-equal"], desk.records("payer-equal-share")),
        *(("By value", f"paid in {asset}", records) for asset, _, records in values),
    ]
    rows = [
        SplitRow(name, note, tuple(_part(f"{name}, {note}", r) for r in records))
        for name, note, records in found
    ]
    sums = "".join(f" Paid in {asset}: {paid}." for asset, paid, _ in values)
    lines = tuple(
        (TableCell(f"{name}, {note}"), *(_share_cell(tier, records) for tier in TIER_NAMES))
        for name, note, records in found
    )
    heads = (Heading("counted"), *(Heading(TIER_NAMES[tier], is_number=True) for tier in TIER_NAMES))
    title = "The split, counted in different ways"
    said = (
        "Shares of signed, TEE and zkML, one bar for each way of counting. The table below has all numbers."
    )
    return Figure(
        id="ways",
        title=title,
        table=Table("Shares of the tiers", heads, lines),
        chart=split_rows("ways-chart", title, said, rows),
        metrics=("count-share", "capped-share", "payer-equal-share", "value-share"),
        note=f"When these differ, a few large payers behave unlike the many.{sums}",
        legend=TIER_KEYS,
    )


def _by_value(desk: Desk) -> list[tuple[str, str, Sequence[Record]]]:
    """For each token its name, what was paid in it, and the split of that."""
    by_asset: dict[str, list[Record]] = {}
    for record in desk.records("value-share"):
        if record["share"] is not None:
            by_asset.setdefault(str(record["asset"]), []).append(record)
    found: list[tuple[str, str, Sequence[Record]]] = []
    for asset, records in by_asset.items():
        paid = sum(r["amount"] for r in records)
        found.append((short(asset), amount(paid, records[0]["decimals"], digits=2), records))
    return found


def _part(name: str, record: Record) -> Mark:
    share = record["share"] or 0.0
    return Mark(record["tier"], share, percent(share), name)


def _share_cell(tier: int, records: Sequence[Record]) -> TableCell:
    shares: list[Cell] = [r["share"] for r in records if r["tier"] == tier]
    value = shares[0] if shares else 0.0
    return TableCell(percent(value if isinstance(value, float) else 0.0), is_number=True)


def _strong(desk: Desk) -> Figure:
    """The strong share with intervals."""
    answer = desk.answer("strong-share")
    rows = []
    for r in records_of(answer):
        name, note = WAYS[str(r["weighting"])]
        share = r["share"]
        text = f"{percent(share)} ({interval(r['low'], r['high']) or 'no interval'})"
        mark = Mark(None, share, percent(share), f"{name}, {note}: {text}")
        rows.append(RangeRow(name, text, mark, r["low"], r["high"]))
    scale = from_zero([row.high if row.high is not None else row.mark.value for row in rows])
    title = "Strong share (TEE and zkML) with 95 % intervals"
    said = "; ".join(f"{row.label}: {row.note}" for row in rows) + "."
    return Figure(
        id="strong",
        title=title,
        table=table_of(answer, "Strong share and what it rests on"),
        chart=range_rows("strong-chart", title, said, rows, scale),
        metrics=("strong-share",),
        note="Intervals treat each payer as one story, however often it pays.",
    )


def _weeks(desk: Desk) -> Figure:
    """The split week by week."""
    answer = desk.answer("weekly-count-share", desk.history)
    by_week: dict[int, list[tuple[int, float]]] = {}
    for r in records_of(answer):
        if r["share"] is not None:
            by_week.setdefault(int(r["week"]), []).append((int(r["tier"]), float(r["share"])))
    weeks = [WeekShares(week, tuple(shares)) for week, shares in by_week.items()]
    title = "Share by count, week by week"
    return Figure(
        id="weeks",
        title=title,
        table=table_of(answer, "Paid inferences per week and tier"),
        chart=stacked_weeks("weeks-chart", title, weeks),
        metrics=("weekly-count-share",),
        weeks=desk.history.weeks,
        note="Full weeks that are final, from Monday on, UTC.",
        wide=True,
        legend=TIER_KEYS,
    )
