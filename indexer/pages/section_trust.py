"""Questions 6 to 9: how few are behind it, self-dealing, what became doubtful, and is it complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from indexer.pages.blocks import Command, Figure, Key, Section, Stat, table_of
from indexer.pages.charts_rows import SplitRow, split_rows
from indexer.pages.desk import Desk, Record
from indexer.pages.formats import (
    NONE,
    count,
    duration,
    machine_time,
    moment,
    number,
    percent,
    plural,
    short,
)
from indexer.pages.svg import Mark

_SIZES = (Key("first", "the largest"), Key("next", "the next nine"), Key("rest", "all others"))
_CLASSES = (
    Key("self", "Self-dealing", "no guess"),
    Key("suspected", "Suspected", "by rules"),
    Key("few", "Too few payers to judge"),
    Key("rest", "Not labelled"),
)


def concentration(desk: Desk) -> Section:
    """Payers, provers and models."""
    found = [r for r in desk.records("concentration") if r["asset"] is None]
    return Section(
        id="concentration",
        short="Concentration",
        question="Who is behind it, and how few are they?",
        answer=_concentrated(found),
        stats=tuple(_effective(r) for r in found),
        figures=(_sizes(desk, found),) if found else (),
    )


def _concentrated(found: Sequence[Record]) -> str:
    if not found:
        return "Nobody paid for anything."
    told = [
        f"the largest of {count(r['members'])} {r['kind']} stands for {percent(r['top1'])}" for r in found
    ]
    return f"Of the paid inferences, {', '.join(told[:-1])}, and {told[-1]}."


def _effective(record: Record) -> Stat:
    return Stat(
        label=f"Effective {record['kind']}",
        value=number(record["n_eff"]),
        interval=f"of {count(record['members'])}",
        note=f"ten largest: {percent(record['top10'])}; HHI {number(record['hhi'])}",
    )


def _sizes(desk: Desk, found: Sequence[Record]) -> Figure:
    rows = []
    for r in found:
        name = str(r["kind"]).capitalize()
        parts = (
            Mark(None, r["top1"], percent(r["top1"]), f"{name}, the largest", "first"),
            Mark(
                None,
                r["top10"] - r["top1"],
                percent(r["top10"] - r["top1"]),
                f"{name}, the next nine",
                "next",
            ),
            Mark(None, 1 - r["top10"], percent(1 - r["top10"]), f"{name}, all others", "rest"),
        )
        rows.append(SplitRow(name, f"like {number(r['n_eff'])} of equal size", parts))
    title = "Paid inferences of the largest"
    said = "; ".join(f"{row.label}: largest {row.parts[0].text}, {row.note}" for row in rows) + "."
    return Figure(
        id="sizes",
        title=title,
        table=table_of(desk.answer("concentration"), "Concentration by number and by what was paid"),
        chart=split_rows("sizes-chart", title, said, rows),
        metrics=("concentration",),
        wide=True,
        legend=_SIZES,
    )


def labelled(desk: Desk) -> Section:
    """Self-dealing and suspected pairs."""
    classes = {r["class"]: r for r in desk.records("row-classes")}
    paid = sum(r["inferences"] for r in classes.values())
    return Section(
        id="self",
        short="Self-dealing",
        question="How much is self-dealing, or looks like it?",
        answer=_labelled_answer(classes, paid),
        explanation="Self-dealing is no guess: payer and prover are the same by what the contracts say. "
        "Suspected is "
        "one: rules with versions, each with a confidence. Labels are on pairs of payer and prover, "
        "never on a payer, "
        "and no row is ever deleted: choose the rows without them at the top.",
        figures=(_classes(desk, classes), _rules(desk), _pairs(desk)) if paid else (),
    )


def _labelled_answer(classes: Mapping[Any, Record], paid: int) -> str:
    if not paid:
        return "Nothing was paid for."
    self_dealing, suspected, few = (
        classes[name] for name in ("self", "suspected", "too few payers to judge")
    )
    if not self_dealing["inferences"] + suspected["inferences"]:
        return (
            f"No pair of payer and prover is labelled. For {percent(few['share'])} of the paid inferences "
            "the prover "
            "has too few payers to judge."
        )
    return (
        f"{percent(self_dealing['share'])} of paid inferences are self-dealing and "
        f"{percent(suspected['share'])} are "
        f"suspected. For {percent(few['share'])} the prover has too few payers to judge."
    )


def _classes(desk: Desk, classes: Mapping[Any, Record]) -> Figure:
    parts = tuple(
        Mark(None, r["share"], percent(r["share"]), key.name, key.kind)
        for key, r in zip(_CLASSES, classes.values(), strict=True)
        if r["share"]
    )
    title = "Paid inferences by what is said of their pair"
    said = "; ".join(f"{part.label}: {part.text}" for part in parts) + "."
    row = SplitRow("All paid inferences", count(sum(r["inferences"] for r in classes.values())), parts)
    return Figure(
        id="classes",
        title=title,
        table=table_of(desk.answer("row-classes"), "Each paid inference is in one class"),
        chart=split_rows("classes-chart", title, said, [row]),
        metrics=("row-classes",),
        wide=True,
        legend=_CLASSES,
    )


def _rules(desk: Desk) -> Figure:
    own, guessed = desk.answer("self-dealing"), desk.answer("suspected")
    both = type(own)(own.columns, own.rows + guessed.rows)
    return Figure(
        id="rules",
        title="By rule and tier",
        table=table_of(both, "What the rules label", empty="No rule labels anything."),
        metrics=("self-dealing", "suspected"),
    )


def _pairs(desk: Desk) -> Figure:
    return Figure(
        id="pairs",
        title="Labelled pairs",
        table=table_of(desk.answer("labelled-pairs"), "Pairs of payer and prover", empty="None."),
        metrics=("labelled-pairs",),
    )


def tainted(desk: Desk) -> Section:
    """As settled, and as known today."""
    rows = desk.records("tainted")
    doubts = desk.records("doubts")
    doubtful = sum(r["tainted"] for r in rows)
    figures = (
        Figure(
            id="tainted-weeks",
            title="As settled, and as known today",
            table=table_of(desk.answer("tainted"), "Paid inferences per week and tier, in both series"),
            metrics=("tainted",),
        ),
        Figure(
            id="doubts",
            title="What became doubtful",
            table=table_of(desk.answer("doubts"), "Keys and routes, the latest first", empty="Nothing."),
            metrics=("doubts",),
        ),
    )
    return Section(
        id="tainted",
        short="Doubtful",
        question="Has anything that was counted become doubtful since?",
        answer=_tainted_answer(doubtful, doubts),
        explanation="An enclave key or a verifier can be found broken after it was used. What was "
        "settled never "
        "changes; as known today, doubtful inferences count as signed. This page counts as settled.",
        figures=figures if doubtful or doubts else (),
    )


def _tainted_answer(doubtful: int, doubts: Sequence[Record]) -> str:
    if not doubts:
        return "No. No enclave key was called compromised, and no circuit was shown to contradict itself."
    last = max(r["last_declared"] for r in doubts)
    things = f"{plural(len(doubts), 'key')} or routes" if len(doubts) > 1 else "One key or route"
    return (
        f"{things} became doubtful, the last one on {moment(last)}. In this window "
        f"{plural(doubtful, 'inference')} "
        "rest on them."
    )


def freshness(desk: Desk) -> Section:
    """Health, and how to compute everything again."""
    (health,) = desk.records("health") or ({},)
    state = desk.analysis.state
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
                f"Read the chain yourself and derive everything anew up to block {state.block_number}. "
                "The digest is "
                "the same at every node:",
                f"veritally-indexer sync --once\nveritally-indexer verify --to-block {state.block_number}",
            ),
            Command(
                "Export the rows as Parquet, and run the SQL of any number on them:",
                "veritally-indexer export --to lake",
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
    verified = NONE if health["verified_block"] is None else f"block {count(health['verified_block'])}"
    digest = "" if health["digest"] is None else f"digest {short(str(health['digest']))}"
    return (
        Stat("Last indexed block", count(health["block"]), machine_time(health["block_time"])),
        Stat("Final behind it by", duration(health["final_lag"]), "no reorganisation reaches final blocks"),
        Stat("Off the contract's count", count(health["counter_difference"]), "must be 0"),
        Stat("Incidents", count(health["incidents"]), incidents),
        Stat("Verified up to", verified, digest),
    )


def _health(desk: Desk) -> Figure:
    return Figure(
        id="health",
        title="State of the index",
        table=table_of(desk.answer("health"), "As of the last refresh"),
        metrics=("health",),
        wide=True,
    )


def _verified(desk: Desk) -> Figure:
    return Figure(
        id="verified",
        title="Verified and recorded",
        table=table_of(
            desk.answer("verified-recorded"), "Inferences by who checked their evidence", empty="None."
        ),
        metrics=("verified-recorded",),
        note="Recorded events of other contracts are claims. They enter no other number on this page.",
        wide=True,
    )
