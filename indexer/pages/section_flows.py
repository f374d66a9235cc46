"""Question 4: do payers who tried a strong tier stay, move up or move down?"""

from __future__ import annotations

from collections.abc import Sequence

from indexer.analytics.weeks import Window
from indexer.pages.blocks import (
    TIER_KEYS,
    Figure,
    Heading,
    Section,
    Stat,
    Table,
    TableCell,
    table_of,
)
from indexer.pages.charts_cohorts import Returned, returned_weeks
from indexer.pages.charts_flow import Flow, Place, flow_chart
from indexer.pages.desk import Desk, Record
from indexer.pages.formats import TIER_NAMES, count, days, percent, plural, tier_label

_TIERS = tuple(Place(tier_label(tier), name, tier_label(tier)) for tier, name in TIER_NAMES.items())
_FROM = (*_TIERS[::-1], Place("new", "New", "outside"))
_TO = (*_TIERS[::-1], Place("gone", "Gone", "outside"))
_LATER = 4
"""Weeks after which payers are looked for again."""
_LEAST_PAYERS = 5
"""A share of fewer is not drawn."""
_TOO_FEW = f"With no tier did {_LEAST_PAYERS} of them begin more than a week ago: too few for a chart."
_HOW_DRAWN = (
    "Solid: most often at the tier that they began with; pale: at another one. The further to the right, "
    "the fewer payers began early enough to be counted; shares of fewer than "
    f"{_LEAST_PAYERS} stand in the table only."
)


def flows(desk: Desk) -> Section:
    """Moves between two windows, and who came back."""
    moves = desk.records("tier-flow")
    returned = _returned(desk)
    return Section(
        id="flows",
        short="Moves",
        question="Do payers who tried a strong tier stay, move up or move down?",
        answer=_answer(desk, moves),
        explanation="The tier of a payer is that of most of its inferences in the span; of ties, the "
        "lower one. New "
        "and gone mean: not there in the other span.",
        stats=_stats(returned),
        figures=_figures(desk, moves, returned) if moves else (),
    )


def _figures(desk: Desk, moves: Sequence[Record], returned: Sequence[Returned]) -> tuple[Figure, ...]:
    return _flow(desk, moves), _upgrades(desk), _retention(desk, returned), _cohorts(desk)


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


def _retention(desk: Desk, returned: Sequence[Returned]) -> Figure:
    """All first weeks together."""
    title, both = "Who comes back", Window(desk.now.before.first, desk.now.end)
    later = [one for one in returned if one.weeks_later]
    drawn = [one for one in later if one.payers >= _LEAST_PAYERS]
    return Figure(
        id="retention",
        title=title,
        table=Table(
            "Payers by the tier that they began with, and how many paid again",
            _RETURNED,
            tuple(map(_line, later)),
            empty="Nobody began more than a week ago.",
        ),
        chart=returned_weeks("retention-chart", title, drawn) if drawn else None,
        metrics=("retention",),
        note=f"Payers who paid for the first time from {days(both)}. {_HOW_DRAWN if drawn else _TOO_FEW}",
        legend=TIER_KEYS,
        wide=True,
    )


_RETURNED = (
    Heading("began with"),
    *(
        Heading(text, meaning, is_number=True)
        for text, meaning in (
            ("weeks later", "weeks after the first one"),
            ("payers", "who began so long ago"),
            ("paid again", "in that week, at any tier"),
            ("share", "paid again / payers"),
            ("same tier", "who paid again most often at the tier that they began with"),
            ("same tier share", "same tier / payers"),
        )
    ),
)


def _line(one: Returned) -> tuple[TableCell, ...]:
    numbers = (
        count(one.weeks_later),
        count(one.payers),
        count(one.active),
        percent(one.share),
        count(one.same_tier),
        percent(one.same_tier_share),
    )
    name = TableCell(TIER_NAMES[one.tier], tier=tier_label(one.tier))
    return (name, *(TableCell(text, is_number=True) for text in numbers))


def _cohorts(desk: Desk) -> Figure:
    return Figure(
        id="cohorts",
        title="Who comes back, by first week",
        table=table_of(
            desk.answer("retention"), "Payers by their first week and tier, and how many paid again"
        ),
        metrics=("retention",),
        wide=True,
    )


def _returned(desk: Desk) -> list[Returned]:
    """Over all cohorts that are old enough, by tier and weeks later."""
    sums: dict[tuple[int, int], list[int]] = {}
    for r in desk.records("retention"):
        of = sums.setdefault((r["tier"], r["weeks_later"]), [0, 0, 0])
        for place, column in enumerate(("payers", "active", "same_tier")):
            of[place] += r[column]
    return [Returned(*key, *numbers) for key, numbers in sorted(sums.items())]


def _stats(returned: Sequence[Returned]) -> tuple[Stat, ...]:
    return tuple(
        Stat(
            label=f"Began with {TIER_NAMES[one.tier]}",
            value=percent(one.share),
            interval=f"paid again {_LATER} weeks later",
            note=f"{percent(one.same_tier_share)} at the same tier; {plural(one.payers, 'payer')}",
            tier=tier_label(one.tier),
        )
        for one in returned
        if one.weeks_later == _LATER
    )
