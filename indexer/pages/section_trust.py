"""Questions 6 to 8: how few are behind it, self-dealing, and what became doubtful."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from indexer.pages.blocks import TIER_KEYS, Figure, Key, Section, Stat, table_of
from indexer.pages.charts_rows import SplitRow, split_rows
from indexer.pages.desk import Desk, Record
from indexer.pages.formats import (
    TIER_NAMES,
    count,
    moment,
    number,
    percent,
    plural,
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
        note=f"ten largest: {percent(record['top10'])}",
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
        explanation="Self-dealing is no guess: by what the contracts say, payer and prover belong together. "
        "Suspected is a guess by rules, which have versions and a confidence. Labels are on pairs of payer "
        "and prover, never on a payer, and no row is ever deleted: choose the rows without labelled pairs "
        "at the top.",
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
    listed = Figure(
        id="doubts",
        title="What became doubtful",
        table=table_of(desk.answer("doubts"), "Keys and routes, the latest first", empty="Nothing."),
        metrics=("doubts",),
        wide=True,
    )
    return Section(
        id="tainted",
        short="Doubtful",
        question="Has anything that was counted become doubtful since?",
        answer=_tainted_answer(sum(r["tainted"] for r in rows), doubts),
        explanation="An enclave key or a verifier can be found broken after it was used. What was settled "
        "never changes; as known today, doubtful inferences count as signed. This page counts as settled.",
        figures=(_both_series(desk, rows), listed) if doubts else (),
    )


def _tainted_answer(doubtful: int, doubts: Sequence[Record]) -> str:
    if not doubts:
        return "No. No enclave key was called compromised, and no circuit was shown to contradict itself."
    last = moment(max(r["last_declared"] for r in doubts))
    several = f"{len(doubts)} keys or routes became doubtful, the last one on"
    what = several if len(doubts) > 1 else "One key or route became doubtful on"
    return f"{what} {last}. In this window {plural(doubtful, 'paid inference')} rest on what is doubtful now."


def _both_series(desk: Desk, rows: Sequence[Record]) -> Figure:
    """Both series over the whole window."""
    bars = []
    for name, column in (("As settled", "as_settled"), ("As known today", "as_known_today")):
        numbers = {tier: sum(r[column] for r in rows if r["tier"] == tier) for tier in TIER_NAMES}
        paid = sum(numbers.values()) or 1
        parts = tuple(Mark(tier, n / paid, percent(n / paid), name) for tier, n in numbers.items())
        strong = sum(n for tier, n in numbers.items() if tier > 1) / paid
        bars.append(SplitRow(name, f"strong share {percent(strong)}", parts))
    title = "As settled, and as known today"
    said = "; ".join(f"{bar.label}: {bar.note}" for bar in bars) + "."
    return Figure(
        id="tainted-series",
        title=title,
        table=table_of(desk.answer("tainted"), "Paid inferences per week and tier, in both series"),
        chart=split_rows("tainted-chart", title, said, bars),
        metrics=("tainted",),
        wide=True,
        legend=TIER_KEYS,
    )
