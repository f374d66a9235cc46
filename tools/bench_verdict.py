"""Measures on made-up worlds how often intervals hold the truth, and how often verdicts are wrong.

`bench_verdict.py [--worlds N]` prints the tables that docs/metrics.md quotes. It takes a minute or two.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from verdict_worlds import TRUE_SHARE, Judge, World, population, shuffled, with_whale

from indexer.analytics.ratio import half_width
from indexer.analytics.tiers import Weighting
from indexer.analytics.verdict import VerdictWord

PAYERS = (50, 200, 800)
SHIFT = 0.1
"""Moves the share by 8 points."""
WHALE = 100_000

_WORLDS = 1_000
_ALARMS = (VerdictWord.GROWING, VerdictWord.SHRINKING)
_Z = 1.96


@dataclass
class Coverage:
    """How often intervals held the true share, and how wide they were."""

    worlds: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    width: Counter[str] = field(default_factory=Counter)
    n_eff: list[float] = field(default_factory=list)

    def add(self, name: str, share: float, half: float) -> None:
        """Takes note of one interval."""
        low, high = max(0.0, share - half), min(1.0, share + half)
        self.hits[name] += low <= TRUE_SHARE <= high
        self.width[name] += high - low  # type: ignore[assignment]

    def rate(self, name: str) -> float:
        """Share of the worlds whose interval held the truth."""
        return self.hits[name] / self.worlds


def coverage(payers: int, worlds: int) -> Coverage:
    """Of all intervals, over that many worlds of so many payers."""
    chance, judge, found = np.random.default_rng(payers), Judge(), Coverage()
    for _ in range(worlds):
        world = population(chance, payers)
        judge.look_at(world)
        found.worlds += 1
        found.add("naive Wilson on all inferences", *_wilson(int(world.y[1].sum()), int(world.n[1].sum())))
        for weighting in Weighting:
            share, n_eff, clustered, jackknife = judge.share(weighting)
            present = int(np.count_nonzero(world.n[1]))
            ours = jackknife if present < 200 else clustered
            for name, variance in (("clustered", clustered), ("jackknife", jackknife), ("M6", ours)):
                found.add(f"{weighting.label}, {name}", share, half_width(variance, n_eff) or 1.0)
            if weighting == Weighting.RAW:
                found.n_eff.append(n_eff)
    return found


def _wilson(hits: int, count: int) -> tuple[float, float]:
    """Middle and half width of the interval that takes inferences for independent."""
    share, scale = hits / count, 1 + _Z**2 / count
    return (share + _Z**2 / 2 / count) / scale, _Z / scale * math.sqrt(
        share * (1 - share) / count + _Z**2 / 4 / count**2
    )


def words(worlds: Iterable[World]) -> Counter[VerdictWord]:
    """How often each verdict fell."""
    judge, found = Judge(), Counter[VerdictWord]()
    for world in worlds:
        judge.look_at(world)
        found[judge.verdict().word] += 1
    return found


def alarms(found: Counter[VerdictWord]) -> float:
    """Share of the worlds in which a change was called."""
    return sum(found[word] for word in _ALARMS) / found.total()


def unchanged(payers: int, worlds: int) -> Iterator[World]:
    """Worlds in which nothing changes but chance."""
    chance = np.random.default_rng(payers + 1)
    return (population(chance, payers) for _ in range(worlds))


def shifted(payers: int, worlds: int) -> Iterator[World]:
    """Worlds whose strong share rises by 8 points."""
    chance = np.random.default_rng(payers + 2)
    return (population(chance, payers, SHIFT) for _ in range(worlds))


def exchanged(payers: int, worlds: int) -> Iterator[World]:
    """Worlds with that shift whose windows are shuffled: nothing changes but chance."""
    chance = np.random.default_rng(payers + 3)
    return (shuffled(chance, population(chance, payers, SHIFT)) for _ in range(worlds))


def whales(payers: int, worlds: int) -> Iterator[World]:
    """Worlds in which one payer moves a hundred thousand inferences, and the others stay as they are."""
    chance = np.random.default_rng(payers + 4)
    for _ in range(worlds):
        world = population(chance, payers)
        yield with_whale(World(world.n[[0, 0]], world.y[[0, 0]]), WHALE)


def naive_alarms(worlds: Iterable[World]) -> float:
    """How often the test that takes inferences for independent calls a change."""
    found = []
    for world in worlds:
        (y0, y1), (n0, n1) = world.y.sum(axis=1), world.n.sum(axis=1)
        pooled = (y0 + y1) / (n0 + n1)
        error = math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
        found.append(abs(y1 / n1 - y0 / n0) > _Z * error)
    return float(np.mean(found))


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=_WORLDS, help="made-up worlds per figure")
    worlds = parser.parse_args().worlds
    covered = {payers: coverage(payers, worlds) for payers in PAYERS}
    heads = " | ".join(f"{payers} payers" for payers in PAYERS)
    print(f"| 95 % interval holds the truth (mean width) | {heads} |\n|---|{'---|' * len(PAYERS)}")
    for name in next(iter(covered.values())).hits:
        cells = (f"{c.rate(name):.0%} ({c.width[name] / worlds:.3f})" for c in covered.values())
        print(f"| {name} | {' | '.join(cells)} |".replace("%", " %"))
    print(f"| median n_eff, raw | {' | '.join(f'{np.median(c.n_eff):.1f}' for c in covered.values())} |")
    print(f"\n| verdict | {heads} |\n|---|{'---|' * len(PAYERS)}")
    for name, figures in _verdict_rows(worlds):
        print(f"| {name} | {' | '.join(f'{figure:.1%}' for figure in figures)} |".replace("%", " %"))


def _verdict_rows(worlds: int) -> Iterator[tuple[str, list[float]]]:
    silent = VerdictWord.NOT_ENOUGH_PAYERS
    yield "naive z-test: false alarms", [naive_alarms(unchanged(payers, worlds)) for payers in PAYERS]
    still = [words(unchanged(payers, worlds)) for payers in PAYERS]
    yield "verdict: false alarms", [alarms(found) for found in still]
    yield "verdict: not enough independent payers", [found[silent] / worlds for found in still]
    mixed = [words(exchanged(payers, worlds)) for payers in PAYERS]
    yield "verdict: alarms when the windows are shuffled", [alarms(found) for found in mixed]
    grown = [words(shifted(payers, worlds)) for payers in PAYERS]
    yield "verdict: growing when 8 points are added", [f[VerdictWord.GROWING] / worlds for f in grown]
    lonely = [words(whales(payers, worlds)) for payers in PAYERS]
    yield "verdict: growing when one whale moves", [f[VerdictWord.GROWING] / worlds for f in lonely]


if __name__ == "__main__":
    main()
