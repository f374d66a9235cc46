"""The definitions of docs/metrics.md, computed again from single inferences, with exact fractions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from statistics import median

from settled_world import Settled

Payers = dict[str, tuple[int, int]]
"""Of each payer: number of inferences, and of those at the tiers in question."""


def counted(row: Settled) -> int:
    return 1 if row.development or row.unbound else row.tier


def paid(rows: Iterable[Settled], weeks: range, flagged: set[tuple[str, str]] = frozenset()) -> list[Settled]:
    return [r for r in rows if r.payer and r.week in weeks and (r.payer, r.prover) not in flagged]


def payers_of(rows: Iterable[Settled], tiers: Sequence[int]) -> Payers:
    n, y = Counter(), Counter()
    for row in rows:
        n[row.payer] += 1
        y[row.payer] += counted(row) in tiers
    return {payer: (n[payer], y[payer]) for payer in n}


def weights(payers: Payers, cap: int) -> dict[str, tuple[Fraction, Fraction]]:
    """Of each payer: weight, and the part of it at the tiers in question."""
    found = {}
    for payer, (n, y) in payers.items():
        m = Fraction(min(n, cap))
        found[payer] = m, m * y / n
    return found


def share(payers: Payers, cap: int) -> Fraction:
    w = weights(payers, cap).values()
    return sum(z for _, z in w) / sum(m for m, _ in w)


def n_eff(payers: Payers, cap: int) -> Fraction:
    m = [m for m, _ in weights(payers, cap).values()]
    return sum(m) ** 2 / sum(x * x for x in m)


def variance(payers: Payers, cap: int) -> Fraction:
    """The jackknife below 200 payers, else clustered."""
    w = list(weights(payers, cap).values())
    count, total = len(w), sum(m for m, _ in w)
    if count < 200:
        part = sum(z for _, z in w)
        without = [(part - z) / (total - m) for m, z in w]
        mean = sum(without) / count
        return Fraction(count - 1, count) * sum((r - mean) ** 2 for r in without)
    r = share(payers, cap)
    return Fraction(count, count - 1) * sum((z - r * m) ** 2 for m, z in w) / total**2


def change_variance(before: Payers, now: Payers, cap: int) -> Fraction:
    w0, w1 = weights(before, cap), weights(now, cap)
    s0, s1 = share(before, cap), share(now, cap)
    m0, m1 = sum(m for m, _ in w0.values()), sum(m for m, _ in w1.values())
    absent = Fraction(0), Fraction(0)
    everybody = before.keys() | now.keys()
    squares = Fraction(0)
    for payer in everybody:
        (a, b), (c, d) = w0.get(payer, absent), w1.get(payer, absent)
        squares += ((d - s1 * c) / m1 - (b - s0 * a) / m0) ** 2
    return Fraction(len(everybody), len(everybody) - 1) * squares


def parts(before: Payers, now: Payers, cap: int) -> dict[str, Fraction]:
    w0, w1 = weights(before, cap), weights(now, cap)
    m0, m1 = sum(m for m, _ in w0.values()), sum(m for m, _ in w1.values())
    middle = (share(before, cap) + share(now, cap)) / 2
    found: dict[str, Fraction] = defaultdict(Fraction)
    for payer in before.keys() & now.keys():
        (a, b), (c, d) = w0[payer], w1[payer]
        found["switching"] += (a / m0 + c / m1) / 2 * (d / c - b / a)
        found["mix"] += (c / m1 - a / m0) * ((b / a + d / c) / 2 - middle)
    for payer in now.keys() - before.keys():
        c, d = w1[payer]
        found["entrants"] += c / m1 * (d / c - middle)
    for payer in before.keys() - now.keys():
        a, b = w0[payer]
        found["leavers"] -= a / m0 * (b / a - middle)
    return found


def concentration(sizes: Iterable[int]) -> tuple[int, float, float, float, float]:
    """Members, n_eff, top 1, top 10 and HHI."""
    x = sorted(sizes, reverse=True)
    total, squares = sum(x), sum(v * v for v in x)
    return (
        len(x),
        float(Fraction(total**2, squares)),
        float(Fraction(x[0], total)),
        float(Fraction(sum(x[:10]), total)),
        float(Fraction(squares, total**2)),
    )


def sums(rows: Iterable[Settled], key: Callable[[Settled], str], value: bool) -> list[int]:
    found: Counter[str] = Counter()
    for row in rows:
        found[key(row)] += row.amount if value else 1
    return [size for size in found.values() if size]


def slope(totals: Sequence[int]) -> float:
    """Theil-Sen."""
    points = [(week, math.log(total)) for week, total in enumerate(totals) if total]
    return median((b - a) / (v - u) for i, (u, a) in enumerate(points) for v, b in points[i + 1 :])
