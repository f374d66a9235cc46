"""The overview as text for a terminal of 80 columns."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.text import Text

from indexer.analytics.metric import Rows
from indexer.analytics.tiers import TierSet
from indexer.analytics.verdict import Verdict, VerdictWord, points_text
from indexer.analytics.weeks import monday_of
from indexer.reporting.frame import state_lines, weeks_text
from indexer.reporting.overview import Overview
from indexer.reporting.sections import SECTIONS, Section
from indexer.reporting.shares import print_shares
from indexer.reporting.sparkline import sparkline

_STYLES = {
    VerdictWord.GROWING: "bold green",
    VerdictWord.SHRINKING: "bold red",
    VerdictWord.NO_CLEAR_CHANGE: "bold",
    VerdictWord.NOT_ENOUGH_PAYERS: "bold yellow",
}
_INDENT = "  "
_LABEL = 16


def print_overview(overview: Overview, console: Console) -> None:
    """Prints everything, in the order in which people ask."""
    for line in state_lines(overview.state):
        console.print(line, markup=False)
    sections = SECTIONS
    if overview.state.first_week < overview.state.end_week:
        console.print(f"about {weeks_text(overview.now)}; paid inferences only", markup=False)
        _heading("Which verified guarantee do paid inferences carry?", console)
        print_shares(overview, console)
    else:
        _print_not_yet(overview, console)
        sections = SECTIONS[-1:]
    _heading("Is the share of stronger guarantees growing?", console)
    _print_verdicts(overview, console)
    _print_trend(overview, console)
    for section in sections:
        _heading(section.question, console)
        _print_section(section, overview, console)
    console.print()
    for line in _RECOMPUTE:
        console.print(line, markup=False)


def _print_not_yet(overview: Overview, console: Console) -> None:
    """Before the first full week."""
    console.print()
    day = monday_of(overview.state.end_week + 1)
    _indented(
        f"No full week yet: the first shares appear when a block from {day} on is final. "
        "What is there so far is shown by `veritally-indexer tallies`.",
        console,
    )


_RECOMPUTE = (
    "Recompute it: `veritally-indexer verify` holds the database to the chain, and",
    "`veritally-indexer metrics NAME --sql` prints what a number is computed from.",
)


def _heading(text: str, console: Console) -> None:
    console.print()
    console.print(Text(text, style="bold underline"))


def _print_verdicts(overview: Overview, console: Console) -> None:
    raw, strict = overview.verdicts[Rows.RAW], overview.verdicts[Rows.STRICT]
    if replace(strict, rows=Rows.RAW) == raw:
        _print_verdict("raw and strict", raw, console)
    else:
        _print_verdict("raw", raw, console)
        _print_verdict("strict", strict, console)
        if overview.verdicts_differ:
            _indented(
                "The two differ: labelled pairs of payer and prover decide. Trust neither alone.", console
            )
    for tier in (TierSet.TEE, TierSet.ZKML):
        alone = overview.analysis.verdict(Rows.RAW, tier)
        _print_word(f"{tier} alone, raw", alone, console)
        if alone.word is not VerdictWord.NOT_ENOUGH_PAYERS:
            _indented(alone.reason, console)
        strict_too = overview.analysis.verdict(Rows.STRICT, tier)
        if strict_too.word is not alone.word:
            _print_word("  strict", strict_too, console)


def _print_verdict(heading: str, verdict: Verdict, console: Console) -> None:
    _print_word(heading, verdict, console)
    _indented(verdict.reason, console)
    if verdict.n_eff_before is not None or verdict.n_eff_now is not None:
        _indented(_basis(verdict), console)


def _print_word(heading: str, verdict: Verdict, console: Console) -> None:
    line = Text(f"{_INDENT}{heading:<{_LABEL}}")
    console.print(line.append(verdict.word.value, style=_STYLES[verdict.word]))


def _basis(verdict: Verdict) -> str:
    """How many payers there are behind a verdict, and what the change is made of."""
    counts = f"effective payers {_number(verdict.n_eff_before)} before, {_number(verdict.n_eff_now)} now"
    if not verdict.parts:
        return f"{counts}."
    parts = ", ".join(f"{name} {points_text(part)}" for name, part in verdict.parts.items())
    return f"{counts}; change in points: {parts}."


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"


def _print_trend(overview: Overview, console: Console) -> None:
    rows = overview.answer("weekly-strong-share").records()
    shares = [row["share"] for row in rows if row["weighting"] == "capped"]
    known = [float(share) for share in shares if isinstance(share, float)]
    if not known:
        return
    bars = sparkline([share if isinstance(share, float) else None for share in shares])
    _indented(f"by week, capped: {bars} {100 * known[0]:.1f} % to {100 * known[-1]:.1f} %", console)


def _print_section(section: Section, overview: Overview, console: Console) -> None:
    for part in section.parts:
        answer = overview.answer(part.metric)
        table = part.table(answer)
        if part.title:
            console.print(Text(f"{_INDENT}{part.title}", style="dim"))
        if table is None:
            _indented(part.empty, console)
        else:
            console.print(table)
        if more := part.left_out(answer):
            _indented(f"and {more} more rows: `veritally-indexer metrics {part.metric}`", console)


def _indented(text: str, console: Console) -> None:
    width = max(20, console.width - len(_INDENT))
    for line in Text(text).wrap(console, width):
        console.print(f"{_INDENT}{line.plain.rstrip()}", markup=False)
