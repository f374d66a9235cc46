"""Question 9: how fresh and complete is it, and how to compute it again."""

from __future__ import annotations

from indexer.pages.blocks import Command, Figure, Section, Stat, table_of
from indexer.pages.desk import Desk, Record
from indexer.pages.formats import count, duration, moment, short


def freshness(desk: Desk) -> Section:
    """Health, and how to compute everything again."""
    (health,) = desk.records("health") or ({},)
    verified = health.get("verified_block")
    block = desk.analysis.state.block_number if verified is None else verified
    return Section(
        id="fresh",
        short="Fresh and complete?",
        question="How fresh and complete is this, and can I compute it myself?",
        answer=_health_answer(health),
        explanation="Every inference has a number of the contract's, without gaps, and the contract "
        "counts by itself. "
        "A difference stops the indexer.",
        stats=_health_stats(health) if health else (),
        figures=(_health(desk), _verified(desk)),
        commands=(
            Command(
                f"Read the chain yourself and derive everything anew up to block {block}. The digest is the "
                "same at every node:",
                f"veritally-indexer sync --once\nveritally-indexer verify --to-block {block}",
            ),
            Command(
                "Export the rows as Parquet, and compute the numbers again with the same SQL. Name the "
                "deployment's file behind the folder when this page was served with it:",
                "veritally-indexer export --to lake\npython examples/notebook/recompute.py lake",
            ),
        ),
    )


def _health_answer(health: Record) -> str:
    if not health:
        return "Nobody has looked yet."
    difference = health["counter_difference"]
    complete = (
        "as many as the contract counts"
        if not difference
        else f"{count(difference)} off the contract's count"
    )
    verified = "It was never derived anew from the chain."
    if health["verified_at"] is not None:
        outcome = "and it was the same" if health["verified"] else "and it was NOT the same"
        verified = (
            f"On {moment(health['verified_at'])} everything was derived anew from the chain, {outcome}."
        )
    return f"{count(health['inferences'])} inferences are indexed, {complete}. {verified}"


def _health_stats(health: Record) -> tuple[Stat, ...]:
    incidents = f"{count(health['open_incidents'])} open"
    digest = "" if health["digest"] is None else f"digest {short(str(health['digest']))}"
    return (
        Stat("Last indexed block", count(health["block"]), moment(health["block_time"])),
        Stat(
            "Final block is behind by",
            duration(health["final_lag"]),
            "no reorganisation reaches final blocks",
        ),
        Stat("Off the contract's count", count(health["counter_difference"]), "must be 0"),
        Stat("Incidents", count(health["incidents"]), incidents),
        Stat("Verified up to block", count(health["verified_block"]), digest),
    )


def _health(desk: Desk) -> Figure:
    return Figure(
        id="health",
        title="State of the index",
        table=table_of(desk.answer("health"), "As of the last refresh"),
        metrics=("health",),
        note="The state of this indexer, and no fact of the chain. Every other number on this page can be "
        "computed again from an export.",
        wide=True,
    )


def _verified(desk: Desk) -> Figure:
    return Figure(
        id="verified",
        title="Verified and recorded",
        table=table_of(
            desk.answer("verified-recorded"),
            "Inferences by who checked their evidence, free ones among them",
            empty="None.",
        ),
        metrics=("verified-recorded",),
        note="What is recorded are claims of other contracts, which nobody verified: so many inferences as "
        "they say, and no plain payments. They enter no other number on this page.",
        wide=True,
    )
