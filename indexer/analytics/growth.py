"""How fast the number of paid inferences grows (M10)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.change import OF
from indexer.analytics.metric import Metric
from indexer.analytics.tiers import BY_TIER, TierSet

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope

LEAST_WEEKS = 8
"""With an inference in each of them; a shorter history has no trend."""

_RESAMPLES = 1000
_SEED = 202_611
_AT_ONCE = 100

Counts = NDArray[np.float64]


def _growth(cube: Cube, scope: Scope) -> Answer:
    weeks = range(scope.before.first, scope.now.end)
    cells = np.array(cube.select("growth", scope.parameters), np.int64).reshape(-1, 4)
    payers, places = np.unique(cells[:, 0], return_inverse=True)
    counts = np.zeros((len(payers), len(BY_TIER), len(weeks)))
    counts[places, cells[:, 2] - 1, cells[:, 1] - weeks.start] = cells[:, 3]
    samples = _samples(counts)
    return Answer(
        _COLUMNS, tuple((of.value, *_trend(_of(counts, of).sum(axis=0), _of(samples, of))) for of in TierSet)
    )


def _of(counts: Counts, tiers: TierSet) -> Counts:
    """Sums over the tiers, which are the second axis."""
    found: Counts = counts[:, tiers.numbers.start - 1 : tiers.numbers.stop - 1].sum(axis=1)
    return found


def _trend(totals: Counts, samples: Counts) -> tuple[Cell, ...]:
    """Of weekly totals, and of those of each sample."""
    last = float(math.log(totals[-1] / totals[-2])) if totals[-2:].all() else None
    used = int(np.count_nonzero(totals))
    if used < LEAST_WEEKS:
        return used, int(totals[-1]), last, None, None, None
    usable = samples[np.count_nonzero(samples, axis=1) > 1]
    low, high = np.quantile(slopes(usable), (0.025, 0.975)).tolist()
    return used, int(totals[-1]), last, float(slopes(totals[None, :])[0]), low, high


def slopes(totals: Counts) -> Counts:
    """Theil-Sen slope of the logarithm of each row's weekly totals, per week, without the empty weeks."""
    with np.errstate(divide="ignore"):
        logarithms = np.where(totals > 0, np.log(totals), np.nan)
    earlier, later = np.triu_indices(totals.shape[1], 1)
    with np.errstate(invalid="ignore"):
        steep = (logarithms[:, later] - logarithms[:, earlier]) / (later - earlier)
    found: Counts = np.nanmedian(steep, axis=1)
    return found


def _samples(counts: Counts) -> Counts:
    """Totals by tier and week when as many payers are drawn with repetition, again and again.

    The same payers give the same samples, whatever their order: they are sorted by their counts.
    """
    if not len(counts):
        return np.zeros((_RESAMPLES, *counts.shape[1:]))
    flat = counts.reshape(len(counts), -1)
    flat = flat[np.lexsort(flat.T)]
    chance, even = np.random.default_rng(_SEED), np.full(len(flat), 1 / len(flat))
    parts = [chance.multinomial(len(flat), even, _AT_ONCE) @ flat for _ in range(_RESAMPLES // _AT_ONCE)]
    return np.concatenate(parts).reshape(-1, *counts.shape[1:])


_COLUMNS = (
    Column(OF.name, Kind.TEXT, "signed, tee, zkml, strong (tee and zkml together) or all"),
    Column("weeks", Kind.COUNT, "weeks of both windows with a paid inference; a trend needs 8"),
    Column("inferences", Kind.COUNT, "paid inferences of the last week"),
    Column("last", Kind.NUMBER, "logarithm of last week's number by that of the week before"),
    Column("slope", Kind.NUMBER, "trend: change of the logarithm per week; 0.01 is about 1 % a week"),
    Column("low", Kind.NUMBER, "lower end of the slope's 95 % interval"),
    Column("high", Kind.NUMBER, "upper end"),
)

METRICS = (
    Metric(
        id="M10",
        name="growth",
        title="Growth",
        question="Does the number of paid inferences grow, tier by tier?",
        formula=(
            "N(w) = paid inferences of week w; last = ln(N(w) / N(w - 1)). Trend: the Theil-Sen slope, "
            "the median of (ln N(b) - ln N(a)) / (b - a) over all pairs of weeks of both windows with "
            "paid inferences, of which there must be at least 8. Interval: the middle 95 % of the "
            "slopes of 1,000 bootstrap samples, each of as many payers drawn with repetition; the seed "
            "is fixed."
        ),
        columns=_COLUMNS,
        compute=_growth,
        sql=("growth",),
    ),
)
