"""How payers move between the tiers (M11), and whether they stay (M12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.metric import Metric

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope

_MODAL = "A payer's tier in a span is the counted tier of most of its paid inferences, of ties the lower one."


def _tier_flow(cube: Cube, scope: Scope) -> Answer:
    return Answer(_FLOW_COLUMNS, tuple(cube.select("tier_flow", scope.parameters)))


def _upgrades(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for week, stayed, up, down, first_strong in cube.select("upgrades", scope.parameters):
        rates = (up / stayed, down / stayed) if stayed else (None, None)
        rows.append((week, stayed, up, down, *rates, first_strong))
    return Answer(_UPGRADE_COLUMNS, tuple(rows))


def _retention(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for week, tier, later, payers, any_tier, same_tier in cube.select("retention", scope.parameters):
        rows.append((week, tier, later, payers, any_tier, any_tier / payers, same_tier, same_tier / payers))
    return Answer(_RETENTION_COLUMNS, tuple(rows))


_WEEK = Column("week", Kind.WEEK, "Monday on which the week begins")
_FLOW_COLUMNS = (
    Column("from_tier", Kind.TIER, "tier in the earlier window; none for those who were not there"),
    Column("to_tier", Kind.TIER, "tier in the later window; none for those who are gone"),
    Column("payers", Kind.COUNT, "payers who went this way"),
)
_UPGRADE_COLUMNS = (
    _WEEK,
    Column("stayed", Kind.COUNT, "payers of this week who paid in the week before, too"),
    Column("upgraded", Kind.COUNT, "those of them whose tier is higher than in the week before"),
    Column("downgraded", Kind.COUNT, "those whose tier is lower"),
    Column("upgrade_rate", Kind.SHARE, "upgraded / stayed; none when nobody stayed"),
    Column("downgrade_rate", Kind.SHARE, "downgraded / stayed"),
    Column("first_strong", Kind.COUNT, "payers who used tee or zkml for the first time ever in this week"),
)
_RETENTION_COLUMNS = (
    Column("week", Kind.WEEK, "week of the cohort's first paid inference"),
    Column("tier", Kind.TIER, "tier of the cohort in that week"),
    Column("weeks_later", Kind.COUNT, "weeks after that week; 0 is the week itself"),
    Column("payers", Kind.COUNT, "payers in the cohort"),
    Column("active", Kind.COUNT, "those who paid in that later week, at any tier"),
    Column("share", Kind.SHARE, "active / payers"),
    Column("same_tier", Kind.COUNT, "those whose tier in that later week is the cohort's"),
    Column("same_tier_share", Kind.SHARE, "same_tier / payers"),
)

METRICS = (
    Metric(
        id="M11",
        name="tier-flow",
        title="From tier to tier",
        question="Do payers who tried a strong tier stay, move up or move down?",
        formula=(
            f"Payers by their tiers in the earlier window W0 and in the later window W1. {_MODAL} Not being "
            "there means no paid inference in that window, not never."
        ),
        columns=_FLOW_COLUMNS,
        compute=_tier_flow,
        sql=("tier_flow",),
    ),
    Metric(
        id="M11",
        name="upgrades",
        title="Upgrades, downgrades and first strong use",
        question="How many payers move up or down from one week to the next?",
        formula=(
            "Of the payers of both week w - 1 and week w: the shares whose tier rose and fell. First strong "
            f"use is the first week ever in which a payer has a paid inference at tee or zkml. {_MODAL}"
        ),
        columns=_UPGRADE_COLUMNS,
        compute=_upgrades,
        sql=("upgrades",),
    ),
    Metric(
        id="M12",
        name="retention",
        title="Retention",
        question="Do payers come back, and to the same tier?",
        formula=(
            "A cohort is the payers whose first paid inference ever lies in one week, by their tier in that "
            "week; cohorts that begin in either window, followed up to the end of the later one. Active in "
            f"week + h / size of the cohort, at any tier and at the same tier. {_MODAL}"
        ),
        columns=_RETENTION_COLUMNS,
        compute=_retention,
        sql=("retention",),
    ),
)
