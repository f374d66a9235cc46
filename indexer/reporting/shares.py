"""The first table of the overview: the shares of the tiers, by four measures, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from indexer.analytics.answer import Cell
from indexer.analytics.writing import tier_text
from indexer.reporting.overview import Overview
from indexer.reporting.tables import shortened, table

_MEASURES = {"count-share": "by count", "payer-equal-share": "per payer", "capped-share": "capped at 50"}
"""Metrics with intervals, and their headings."""


def print_shares(overview: Overview, console: Console) -> None:
    """Prints the shares, what was paid, and what they leave out."""
    counts = overview.answer("count-share").records()
    if not any(row["inferences"] for row in counts):
        console.print("  No paid inferences in these weeks.")
    else:
        found = {name: _by_tier(overview, name) for name in _MEASURES}
        rows = [
            [tier_text(int(row["tier"])), f"{row['inferences']:,}"]  # type: ignore[arg-type]
            + [_with_interval(found[name][row["tier"]]) for name in _MEASURES]
            for row in counts
        ]
        rows.append(_strong(overview))
        console.print(table(["tier", "inferences", *_MEASURES.values()], rows))
        console.print("  95 % intervals by payers, not by inferences.", style="dim")
        _print_values(overview, console)
    _print_left_out(counts, console)


def _strong(overview: Overview) -> list[str]:
    """The line of both stronger tiers together."""
    found = {row["weighting"]: row for row in overview.answer("strong-share").records()}
    shares = [_with_interval(found[weighting]) for weighting in ("raw", "payer-equal", "capped")]
    return ["tee + zkml", f"{found['raw']['inferences']:,}", *shares]


def _by_tier(overview: Overview, name: str) -> dict[Cell, Mapping[str, Any]]:
    return {row["tier"]: row for row in overview.answer(name).records()}


def _with_interval(row: Mapping[str, Any]) -> str:
    if row["share"] is None:
        return "-"
    share = f"{100 * row['share']:.1f} %"
    if row["low"] is None:
        return f"{share} (unknown)"
    return f"{share} ({100 * row['low']:.0f}-{100 * row['high']:.0f})"


def _print_values(overview: Overview, console: Console) -> None:
    """By value, a line for each token."""
    by_asset: dict[str, list[str]] = {}
    for row in overview.answer("value-share").records():
        share = "-" if row["share"] is None else f"{100 * float(row['share']):.1f} %"
        by_asset.setdefault(str(row["asset"]), []).append(f"{tier_text(int(row['tier'] or 0))} {share}")
    for asset, parts in by_asset.items():
        console.print(f"  by value in {shortened(asset)}: {', '.join(parts)}", markup=False)


def _print_left_out(counts: list[Mapping[str, Cell]], console: Console) -> None:
    """What no share contains, and what counts lower than the contract verified it."""
    free = sum(int(row["free"] or 0) for row in counts)
    if free:
        console.print(f"  {free:,} free inferences are in no share.", markup=False)
    lowered = sum(max(0, int(row["on_chain"] or 0) - int(row["inferences"] or 0)) for row in counts)
    if lowered:
        text = f"  {lowered:,} with labelled evidence (DEVELOPMENT, UNBOUND) count as signed."
        console.print(text, markup=False, highlight=False)
