"""Question 4: do payers who tried a strong tier stay, move up or move down?"""

from __future__ import annotations

from collections.abc import Sequence

from indexer.pages.blocks import Figure, Section, Stat, table_of
from indexer.pages.charts_flow import Flow, Place, flow_chart
from indexer.pages.desk import Desk, Record
from indexer.pages.formats import TIER_NAMES, count, days, percent, plural, tier_label

_TIERS = tuple(Place(tier_label(tier), name, tier_label(tier)) for tier, name in TIER_NAMES.items())
_FROM = (*_TIERS[::-1], Place("new", "New", "outside"))
_TO = (*_TIERS[::-1], Place("gone", "Gone", "outside"))
_LATER = 4
"""Weeks after which payers are looked for again."""


def flows(desk: Desk) -> Section:
    """Moves between two windows, and who came back."""
    moves = desk.records("tier-flow")
    return Section(
        id="flows",
        short="Moves",
        question="Do payers who tried a strong tier stay, move up or move down?",
        answer=_answer(desk, moves),
        explanation="The tier of a payer is that of most of its inferences in the span; of ties, the "
        "lower one. New "
        "and gone mean: not there in the other span.",
        stats=tuple(_retained(desk)),
        figures=(_flow(desk, moves), _upgrades(desk), _retention(desk)) if moves else (),
    )


def _answer(desk: Desk, moves: Sequence[Record]) -> str:
    both = [(r["from_tier"], r["to_tier"], r["payers"]) for r in moves if r["from_tier"] and r["to_tier"]]
    stayed = sum(n for _, _, n in both)
    if not stayed:
        return f"No payer of {days(desk.now.before)} paid again from {days(desk.now)}."
    up = sum(n for before, now, n in both if now > before)
    down = sum(n for before, now, n in both if now < before)
    new = sum(r["payers"] for r in moves if not r["from_tier"])
    gone = sum(r["payers"] for r in moves if not r["to_tier"])
    return (
        f"Of {plural(stayed, 'payer')} active in both spans, {count(up)} moved to a stronger tier "
        f"({percent(up / stayed)}), {count(down)} to a weaker one ({percent(down / stayed)}), and "
        f"{count(stayed - up - down)} stayed. {count(new)} were new, {count(gone)} gone."
    )


def _flow(desk: Desk, moves: Sequence[Record]) -> Figure:
    found = [
        Flow(_key(r["from_tier"], "new"), _key(r["to_tier"], "gone"), r["payers"])
        for r in moves
        if r["from_tier"] or r["to_tier"]
    ]
    title = "Payers by tier, before and now"
    said = "; ".join(f"{flow.source} to {flow.target}: {count(flow.payers)} payers" for flow in found) + "."
    return Figure(
        id="flow",
        title=title,
        table=table_of(desk.answer("tier-flow"), "Payers by tier before and now"),
        chart=flow_chart("flow-chart", title, said, found, (_FROM, _TO)),
        metrics=("tier-flow",),
        note=f"Left: {days(desk.now.before)}. Right: {days(desk.now)}. A band is as thick as its number "
        "of payers.",
        wide=True,
    )


def _key(tier: int | None, outside: str) -> str:
    return outside if tier is None else tier_label(tier)


def _upgrades(desk: Desk) -> Figure:
    return Figure(
        id="upgrades",
        title="Week by week",
        table=table_of(desk.answer("upgrades"), "Payers who moved up or down since the week before"),
        metrics=("upgrades",),
        wide=True,
    )


def _retention(desk: Desk) -> Figure:
    return Figure(
        id="retention",
        title="Who comes back",
        table=table_of(
            desk.answer("retention"), "Payers by their first week and tier, and how many paid again"
        ),
        metrics=("retention",),
        wide=True,
    )


def _retained(desk: Desk) -> list[Stat]:
    """Over all cohorts that are old enough."""
    found = []
    for tier, name in TIER_NAMES.items():
        cohorts = [r for r in desk.records("retention") if (r["tier"], r["weeks_later"]) == (tier, _LATER)]
        size = sum(r["payers"] for r in cohorts)
        if size:
            same, active = (sum(r[column] for r in cohorts) / size for column in ("same_tier", "active"))
            found.append(
                Stat(
                    label=f"Began with {name}",
                    value=percent(active),
                    interval=f"paid again {_LATER} weeks later",
                    note=f"{percent(same)} at the same tier; {plural(size, 'payer')}",
                    tier=tier_label(tier),
                )
            )
    return found
