"""Question 2: is the strong share growing, or is it one payer?"""

from __future__ import annotations

import math
from typing import Any

from indexer.analytics.metric import Rows
from indexer.analytics.tiers import TierSet
from indexer.analytics.verdict import Verdict, VerdictWord
from indexer.pages.blocks import Figure, Section, Stat, VerdictCard, table_of
from indexer.pages.charts_rows import PartRow, RangeRow, part_rows, range_rows, symmetric
from indexer.pages.charts_time import WeekShare, share_weeks
from indexer.pages.desk import Desk, records_of
from indexer.pages.formats import NO_WIDTH, NONE, POINTS, days, interval, number, percent, points
from indexer.pages.svg import Mark

ROWS = {Rows.RAW: "All paid inferences", Rows.STRICT: "Without self-dealing and suspected pairs"}
_KINDS = {
    VerdictWord.GROWING: "growing",
    VerdictWord.SHRINKING: "shrinking",
    VerdictWord.NO_CLEAR_CHANGE: "calm",
}
_PARTS = {
    "switching": "Own choice changed",
    "mix": "Amounts bought changed",
    "entrants": "New payers",
    "leavers": "Payers who left",
}

_ALONE = {"TEE": TierSet.TEE, "zkML": TierSet.ZKML}


def trend(desk: Desk) -> Section:
    """The verdicts, raw and strict, and what they rest on."""
    raw, strict = (desk.analysis.verdict(rows) for rows in (Rows.RAW, Rows.STRICT))
    return Section(
        id="growing",
        short="Is it growing?",
        question="Is the strong share growing, or is it one payer?",
        answer=f"{_answer(raw, strict)} {_alone(desk)}",
        explanation=f"Compared are {days(raw.before)} and {days(raw.now)}, with no payer counting for "
        "more than 50 "
        "inferences in either. A verdict is one look at a 5 % level: look every week, and chance alone "
        "gives a false "
        "alarm now and then.",
        verdicts=(_card(raw), _card(strict)),
        figures=_figures(desk, raw),
    )


def headline(desk: Desk) -> Stat:
    """The verdict in one word."""
    verdict = desk.analysis.verdict(desk.rows)
    return Stat(
        label=f"Is it growing? ({verdict.now.weeks} weeks against the {verdict.before.weeks} before)",
        value=str(verdict.word).capitalize(),
        interval=_changed(verdict),
        note=f"{_basis(verdict)}{_otherwise(desk, verdict.word)}",
    )


def _basis(verdict: Verdict) -> str:
    few = verdict.word is VerdictWord.NOT_ENOUGH_PAYERS
    return verdict.reason.removesuffix(".") if few else _effective(verdict)


def _otherwise(desk: Desk, word: VerdictWord, of: TierSet = TierSet.STRONG) -> str:
    """The verdict on the other rows, when it is another one."""
    rows = Rows.STRICT if desk.rows is Rows.RAW else Rows.RAW
    other = desk.analysis.verdict(rows, of).word
    return "" if other is word else f"; {ROWS[rows][0].lower()}{ROWS[rows][1:]}: {other}"


def _changed(verdict: Verdict) -> str:
    if verdict.word is VerdictWord.NOT_ENOUGH_PAYERS:
        return ""
    moved = f"{percent(verdict.share_before)} to {percent(verdict.share_now)}"
    between = _between(verdict.low, verdict.high)
    return f"capped share {moved}: {points(verdict.delta)} (95 % interval: {between})"


def _effective(verdict: Verdict) -> str:
    before, now = number(verdict.n_eff_before), number(verdict.n_eff_now)
    return f"no payer counts for more than 50; effective payers: {before} before, {now} now"


def _answer(raw: Verdict, strict: Verdict) -> str:
    if raw.word is strict.word:
        return f"Verdict: {raw.word}. It is the same without self-dealing and suspected pairs."
    return (
        f"The verdicts differ: {raw.word} over all paid inferences, but {strict.word} without "
        "self-dealing and "
        "suspected pairs. Trust neither alone."
    )


def _alone(desk: Desk) -> str:
    """The verdicts on each of the stronger tiers by itself."""
    told = []
    for name, tier in _ALONE.items():
        verdict = desk.analysis.verdict(desk.rows, tier)
        told.append(f"{name} alone: {_said(verdict)}{_otherwise(desk, verdict.word, tier)}.")
    return " ".join(told)


def _said(verdict: Verdict) -> str:
    if verdict.word is VerdictWord.NOT_ENOUGH_PAYERS:
        return str(verdict.word)
    before, now = percent(verdict.share_before), percent(verdict.share_now)
    return f"{verdict.word}, from {before} to {now} of the capped inferences"


def _card(verdict: Verdict) -> VerdictCard:
    facts = [
        ("Before", percent(verdict.share_before)),
        ("Now", percent(verdict.share_now)),
        ("Change", points(verdict.delta)),
        ("95 % interval", _between(verdict.low, verdict.high)),
        ("Effective payers", f"{number(verdict.n_eff_before)} before, {number(verdict.n_eff_now)} now"),
    ]
    kind = _KINDS.get(verdict.word, "unsure")
    return VerdictCard(
        ROWS[verdict.rows],
        str(verdict.word),
        kind,
        verdict.reason,
        tuple(fact for fact in facts if fact[1] != NONE),
    )


def _between(low: float | None, high: float | None) -> str:
    if low is None or high is None or high - low < NO_WIDTH:
        return "none"
    return f"{points(low).removesuffix(POINTS)} to {points(high)}"


def _figures(desk: Desk, raw: Verdict) -> tuple[Figure, ...]:
    found = [_weekly(desk, raw), _why(desk), _growth(desk)]
    return tuple(figure for figure in found if figure is not None)


def _weekly(desk: Desk, raw: Verdict) -> Figure | None:
    answer = desk.answer("weekly-strong-share", desk.history)
    weeks = [
        WeekShare(r["week"], r["share"], r["low"], r["high"])
        for r in records_of(answer)
        if r["weighting"] == "capped" and r["share"] is not None
    ]
    if not weeks:
        return None
    title = "Strong share per week, capped at 50 inferences per payer and week"
    return Figure(
        id="strong-weeks",
        title=title,
        table=table_of(answer, "Strong share per week, counted in three ways"),
        chart=share_weeks("strong-weeks-chart", title, weeks, raw.before, raw.now),
        metrics=("weekly-strong-share",),
        weeks=desk.history.weeks,
        note="Lines through the points are 95 % intervals. The shaded windows are those of the verdict.",
        wide=True,
    )


def _why(desk: Desk) -> Figure | None:
    window = desk.analysis.window()
    answer = desk.answer("why-it-changed", window)
    (parts,) = (r for r in records_of(answer) if (r["of"], r["weighting"]) == ("strong", "capped"))
    if parts["delta"] is None:
        return None
    rows = [PartRow(name, _part(name, parts[key])) for key, name in _PARTS.items()]
    title = "Why the capped strong share moved"
    said = f"In all {points(parts['delta'])}: " + "; ".join(f"{r.label} {r.mark.text}" for r in rows) + "."
    return Figure(
        id="why",
        title=title,
        table=table_of(answer, "Parts of the change of each share"),
        chart=part_rows("why-chart", title, said, rows),
        metrics=("why-it-changed", "change", "verdict"),
        weeks=window.weeks,
        note=f"The four parts add up to the change of {points(parts['delta'])}, exactly.",
    )


def _part(name: str, value: float) -> Mark:
    return Mark(None, value, points(value), name)


def _growth(desk: Desk) -> Figure:
    window = desk.analysis.window()
    answer = desk.answer("growth", window)
    rows = []
    for r in records_of(answer):
        if r["slope"] is None:
            continue
        slope, low, high = (_weekly_rate(r[name]) for name in ("slope", "low", "high"))
        text = f"{_rate(slope)} a week ({interval(low, high)})"
        name = _OF.get(str(r["of"]), str(r["of"]))
        rows.append(RangeRow(name, text, Mark(None, slope, _rate(slope), name), low, high))
    title = "Growth of the number of paid inferences"
    chart = None
    if rows:
        scale = symmetric([v for row in rows for v in (row.low, row.high) if v is not None])
        said = "; ".join(f"{row.label}: {row.note}" for row in rows) + "."
        chart = range_rows("growth-chart", title, said, rows, scale)
    return Figure(
        id="growth",
        title=title,
        table=table_of(answer, "Trend of the weekly numbers"),
        chart=chart,
        metrics=("growth",),
        weeks=window.weeks,
        note="A share can stand still while everything grows. Every inference counts here: one large payer "
        "can move this. Change per week: median trend over both windows.",
    )


_OF = {"all": "All", "strong": "TEE and zkML", "signed": "Signed", "tee": "TEE", "zkml": "zkML"}


def _rate(value: float) -> str:
    return f"{'+' if value > 0 else ''}{percent(value)}"


def _weekly_rate(slope: Any) -> float:
    """From a slope of logarithms to a change per week."""
    return math.expm1(float(slope))
