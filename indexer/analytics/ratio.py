"""A share with its interval (M6): payers differ, inferences of one payer do not tell independent stories."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import stdtrit

from indexer.analytics.tiers import TierSet, Weighting

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope

JACKKNIFE_BELOW = 200
"""With fewer payers the interval rests on leaving out one payer after the other."""

_UPPER_TAIL = 0.975
_LEAST_FREEDOM = 1e-9
"""n_eff of a single payer may come out as a little more than 1."""


@dataclass(frozen=True)
class Ratio:
    """The share of some tiers among the paid inferences of some weeks."""

    first_week: int
    payers: int
    users: int
    """Payers with an inference of these tiers."""
    inferences: int
    hits: int
    """Inferences of these tiers."""
    share: float
    n_eff: float
    """Number of payers of equal weight that would tell as much."""
    variance: float | None
    """Of the share; None for a single payer."""

    @property
    def method(self) -> str:
        """How the variance was estimated."""
        return "jackknife" if self.payers < JACKKNIFE_BELOW else "clustered"

    @property
    def low(self) -> float | None:
        """Lower end of the 95 % interval, at least 0; None when there is none."""
        half = half_width(self.variance, self.n_eff)
        return None if half is None else max(0.0, self.share - half)

    @property
    def high(self) -> float | None:
        """Upper end of the 95 % interval, at most 1; None when there is none."""
        half = half_width(self.variance, self.n_eff)
        return None if half is None else min(1.0, self.share + half)


def half_width(variance: float | None, n_eff: float | None) -> float | None:
    """Half of a 95 % interval: t(0.975, n_eff - 1) * sqrt(variance); None when there is none."""
    if variance is None or n_eff is None or n_eff - 1 < _LEAST_FREEDOM:
        return None
    return float(stdtrit(n_eff - 1, _UPPER_TAIL)) * math.sqrt(max(0.0, variance))


def ratios(
    cube: Cube, scope: Scope, tiers: TierSet, weighting: Weighting, weeks_each: int | None = None
) -> dict[int, Ratio]:
    """The shares in the later window by their first week: of all its weeks together by default.

    Weeks without paid inferences are missing.
    """
    own = {"cap": weighting.cap, "weeks_each": weeks_each or max(1, scope.now.weeks)}
    found = {}
    for row in cube.select("ratio", scope.parameters | tiers.parameters | own):
        *numbers, clustered, jackknife = row
        fields = (*numbers, jackknife if numbers[1] < JACKKNIFE_BELOW else clustered)
        found[numbers[0]] = Ratio(*fields)
    return found


def ratio(cube: Cube, scope: Scope, tiers: TierSet, weighting: Weighting) -> Ratio | None:
    """The share in the whole later window; None without paid inferences."""
    return ratios(cube, scope, tiers, weighting).get(scope.now.first)
