"""Questions 3 and 5: what was asked for and delivered, what a guarantee costs, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.pages.blocks import TIER_KEYS, Figure, Section, Stat, table_of
from indexer.pages.charts_rows import RangeRow, SplitRow, logarithmic, range_rows, split_rows
from indexer.pages.desk import Desk, Record
from indexer.pages.formats import (
    TIER_NAMES,
    TIMES,
    count,
    duration,
    percent,
    plural,
    short,
    tier_label,
    times,
)
from indexer.pages.svg import Mark

_TIMES_S = (
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3_600.0, "1 h"),
    (21_600.0, "6 h"),
    (86_400.0, "1 day"),
    (604_800.0, "7 days"),
)
_MULTIPLES = tuple((float(n), f"{n}{TIMES}") for n in (1, 2, 5, 10, 20, 50, 100, 1_000, 10_000, 1_000_000))
_MODELS = 8
"""Most rows of the chart of prices."""


def asked_delivered(desk: Desk) -> Section:
    """By the floor that the payer signed."""
    asked = desk.records("asked-delivered")
    return Section(
        id="asked",
        short="Asked and delivered",
        question="What was asked for, and what was delivered?",
        answer=_asked_answer(asked),
        explanation="Every payer signs the lowest tier that it accepts, and the contract settles nothing "
        "below that. "
        "Short of 100 % is only evidence labelled DEVELOPMENT or UNBOUND, which counts as signed here.",
        figures=(_asked(desk, asked), _skipped(desk), _refunds(desk)) if asked else (),
    )


def _asked_answer(asked: Sequence[Record]) -> str:
    told = [
        f"{_floor(r['required'])} was asked for {count(r['inferences'])} times and "
        "delivered in "
        f"{percent(r['share'])} of them"
        for r in asked
        if r["required"] > 1
    ]
    if not asked:
        return "Nothing was paid for."
    if not told:
        return "Nobody asked for more than a signature."
    higher, every = sum(r["above"] for r in asked), sum(r["inferences"] for r in asked)
    return f"{'; '.join(told)}. {percent(higher / every)} of all paid inferences got more than was asked for."


def _floor(required: int) -> str:
    return TIER_NAMES[required] + (" or better" if required < max(TIER_NAMES) else "")


def _asked(desk: Desk, asked: Sequence[Record]) -> Figure:
    rows = [
        SplitRow(
            _floor(r["required"]),
            f"{count(r['inferences'])} inferences",
            tuple(_delivered(r, tier) for tier in TIER_NAMES if r[tier_label(tier)]),
        )
        for r in asked
    ]
    title = "What was delivered, by what was asked for"
    said = (
        "One bar for each tier that was asked for, split by the tier that was delivered. The table has "
        "all numbers."
    )
    return Figure(
        id="asked-chart",
        title=title,
        table=table_of(desk.answer("asked-delivered"), "Paid inferences by required and by counted tier"),
        chart=split_rows("asked-split", title, said, rows),
        metrics=("asked-delivered",),
        wide=True,
        legend=TIER_KEYS,
    )


def _delivered(record: Record, tier: int) -> Mark:
    share = record[tier_label(tier)] / record["inferences"]
    return Mark(tier, share, percent(share), f"asked for {TIER_NAMES[record['required']]}")


def _skipped(desk: Desk) -> Figure:
    return Figure(
        id="skipped",
        title="Left untouched by the contract",
        table=table_of(desk.answer("skipped"), "Receipts and groups that were not settled", empty="Nothing."),
        metrics=("skipped",),
        note="Nobody paid for these. Anybody may submit a bad group in anybody's name.",
    )


def _refunds(desk: Desk) -> Figure:
    return Figure(
        id="refunds",
        title="Refunds of payment channels",
        table=table_of(desk.answer("refunds"), "What payers got back, by token", empty="No refunds."),
        metrics=("refunds",),
        note="What a channel still held when it was closed, not the price of a result.",
    )


def cost(desk: Desk) -> Section:
    """Premium and latency."""
    premiums = [r for r in desk.records("premium") if r["premium"] is not None and r["tier"] > 1]
    latencies = [r for r in desk.records("latency") if r["p50"] is not None]
    stats = (*_price_stats(premiums), *(_latency_stat(r) for r in latencies))
    return Section(
        id="cost",
        short="Price and time",
        question="What does each tier cost, and how long does its evidence take?",
        answer=_cost_answer(premiums, latencies),
        explanation="Prices are compared within one model and one token. Times go from the moment at "
        "which the prover says that it answered, which nobody checks, to the block that settled it.",
        stats=stats,
        figures=(_premium(desk, premiums), _latency(desk, latencies)) if stats else (),
    )


def _cost_answer(premiums: Sequence[Record], latencies: Sequence[Record]) -> str:
    prices = [f"{TIER_NAMES[tier]} {times(middle)}" for tier, (middle, _) in _middle(premiums).items()]
    waits = [f"{TIER_NAMES[r['tier']]} {duration(r['p50'])}" for r in latencies]
    told = []
    if prices:
        told.append(f"Beside a signed result of the same model, the typical price is: {', '.join(prices)}.")
    if waits:
        told.append(f"Half of all results were settled within: {', '.join(waits)}.")
    return " ".join(told) or "No model was paid for at two tiers in this window, and nothing was settled."


def _middle(premiums: Sequence[Record]) -> dict[int, tuple[float, int]]:
    """The lower median over models and tokens, and their number, by tier."""
    by_tier: dict[int, list[float]] = {}
    for record in premiums:
        by_tier.setdefault(record["tier"], []).append(record["premium"])
    return {tier: (sorted(some)[(len(some) - 1) // 2], len(some)) for tier, some in sorted(by_tier.items())}


def _price_stats(premiums: Sequence[Record]) -> list[Stat]:
    return [
        Stat(
            label=f"{TIER_NAMES[tier]} price",
            value=times(middle),
            interval="of a signed result",
            note=f"the middle one of {plural(number_of, 'price')}, by model and token",
            tier=tier_label(tier),
        )
        for tier, (middle, number_of) in _middle(premiums).items()
    ]


def _latency_stat(record: Record) -> Stat:
    return Stat(
        label=f"{TIER_NAMES[record['tier']]} time",
        value=duration(record["p50"]),
        interval=f"90 % within {duration(record['p90'])}, 99 % within {duration(record['p99'])}",
        note=plural(record["inferences"], "inference"),
        tier=tier_label(record["tier"]),
    )


def _premium(desk: Desk, premiums: Sequence[Record]) -> Figure:
    """The busiest models, each in the token that most of it was paid in; the table has all."""
    rows = [_premium_row(records) for records in _busiest(premiums)]
    title = "Price beside a signed result of the same model"
    chart = None
    if rows:
        scale = logarithmic(
            _MULTIPLES, max(mark.value for row in rows for mark in (row.mark, row.other) if mark)
        )
        said = (
            f"The {len(rows)} busiest models that were paid for at two tiers. The table below has all "
            "numbers."
        )
        chart = range_rows("premium-chart", title, said, rows, scale)
    return Figure(
        id="premium",
        title=title,
        table=table_of(desk.answer("premium"), "Median prices by model, token and tier"),
        chart=chart,
        metrics=("premium",),
        note="Median prices, in the token that most of the model was paid in; a logarithmic scale.",
        legend=TIER_KEYS[1:],
    )


def _busiest(premiums: Sequence[Record]) -> list[list[Record]]:
    """The stronger tiers of each of the busiest models, in one token."""
    by_price: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(premiums, key=lambda r: r["tier"]):
        by_price.setdefault((record["model"], record["asset"]), []).append(record)
    by_model: dict[str, list[Record]] = {}
    for (model, _), records in sorted(by_price.items(), key=lambda item: -_inferences(item[1])):
        by_model.setdefault(model, records)
    return list(by_model.values())[:_MODELS]


def _inferences(records: Sequence[Record]) -> int:
    return sum(r["inferences"] for r in records)


def _premium_row(records: Sequence[Record]) -> RangeRow:
    """A dot for each tier."""
    name = short(records[0]["model"])
    dots = [Mark(r["tier"], r["premium"], times(r["premium"]), name) for r in records]
    note = ", ".join(f"{TIER_NAMES[r['tier']]} {times(r['premium'])}" for r in records)
    return RangeRow(name, note, dots[0], None, None, dots[1] if len(dots) > 1 else None)


def _latency(desk: Desk, latencies: Sequence[Record]) -> Figure:
    rows = []
    for r in latencies:
        name = TIER_NAMES[r["tier"]]
        note = f"{duration(r['p50'])}, {duration(r['p90'])}, {duration(r['p99'])}"
        half = Mark(r["tier"], r["p50"], duration(r["p50"]), "half of them")
        most = Mark(r["tier"], r["p90"], duration(r["p90"]), "90 % of them")
        rows.append(RangeRow(name, note, half, r["p50"], r["p99"], most))
    title = "From the result to its settlement"
    scale = logarithmic(_TIMES_S, max((r["p99"] for r in latencies), default=1.0))
    said = "; ".join(f"{row.label}: {row.note} for 50, 90 and 99 %" for row in rows) + "."
    return Figure(
        id="latency",
        title=title,
        table=table_of(desk.answer("latency"), "Time from result to settlement by tier"),
        chart=range_rows("latency-chart", title, said, rows, scale) if rows else None,
        metrics=("latency",),
        note="Large dot: 50 % took this long or less; small dot: 90 %; end of the line: 99 %. A "
        "logarithmic scale.",
    )
