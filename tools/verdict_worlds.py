"""Made-up populations with few heavy payers, on which intervals and verdict are tried by the real SQL.

Inferences per payer and window are Pareto(1.1) up to 3,000, drawn anew for each window; the strong
share of each payer is Beta(0.4, 1.6) and stays, so that the true share is 20 % for every weighting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.analytics.change import Change, change
from indexer.analytics.cube import Cube
from indexer.analytics.metric import Scope
from indexer.analytics.tiers import TierSet, Weighting
from indexer.analytics.verdict import Verdict, judge
from indexer.analytics.weeks import Window

TRUE_SHARE = 0.4 / (0.4 + 1.6)
FIRST_WEEK = 2916
WINDOW_WEEKS = 4

_SHAPE, _MOST_INFERENCES = 1.1, 3_000
_NOW = Window(FIRST_WEEK + WINDOW_WEEKS, FIRST_WEEK + 2 * WINDOW_WEEKS)
_COLUMNS = ("wk", "payer", "flagged", "counted", "n")

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """Inferences of each payer in two windows, and those of them at a strong tier."""

    n: Numbers
    """Window by payer."""
    y: Numbers


def population(chance: np.random.Generator, payers: int, shift: float = 0.0) -> World:
    """A world; in the later window each payer's own share p is p + shift * (1 - p)."""
    n = np.minimum(1 + chance.pareto(_SHAPE, (2, payers)), _MOST_INFERENCES).astype(np.int64)
    shares = chance.beta(0.4, 1.6, payers)
    later = shares + shift * (1 - shares)
    return World(n, chance.binomial(n, np.stack([shares, later])))


def with_whale(world: World, inferences: int) -> World:
    """The same, and one payer who moves that many inferences from signed to strong."""
    n = np.column_stack([world.n, [inferences, inferences]])
    return World(n, np.column_stack([world.y, [0, inferences]]))


def shuffled(chance: np.random.Generator, world: World) -> World:
    """The same with the windows of each payer exchanged, or not, by the toss of a coin."""
    swap = chance.random(world.n.shape[1]) < 0.5
    return World(np.where(swap, world.n[::-1], world.n), np.where(swap, world.y[::-1], world.y))


class Judge:
    """Asks the statements of indexer/analytics/sql/ about one world after the other."""

    def __init__(self) -> None:
        self._cube = Cube()
        weeks = range(FIRST_WEEK, FIRST_WEEK + 2 * WINDOW_WEEKS)
        self._cube.insert("week", ("wk", "inferences"), [(week, 1) for week in weeks])
        self._scope = Scope(_NOW)

    def look_at(self, world: World) -> None:
        """Puts a world in place of the last one; each window's inferences lie in its second week."""
        self._cube.execute("DELETE FROM payer_week")
        rows = []
        for window in (0, 1):
            week = FIRST_WEEK + WINDOW_WEEKS * window + 1
            for payer, (n, y) in enumerate(zip(world.n[window], world.y[window], strict=True)):
                rows += [(week, payer + 1, 0, 1, int(n - y))] * bool(n > y)
                rows += [(week, payer + 1, 0, 3, int(y))] * bool(y)
        self._cube.insert("payer_week", _COLUMNS, rows)

    def verdict(self) -> Verdict:
        """On the strong share."""
        return judge(self._cube, self._scope)

    def change(self, weighting: Weighting) -> Change:
        """Of the strong share."""
        return change(self._cube, self._scope, TierSet.STRONG, weighting)

    def share(self, weighting: Weighting) -> tuple[float, float, float, float]:
        """Of the later window: share, n_eff, clustered variance and that of the jackknife."""
        own = {"cap": weighting.cap, "weeks_each": WINDOW_WEEKS}
        parameters = self._scope.parameters | TierSet.STRONG.parameters | own
        ((*_, share, n_eff, clustered, jackknife),) = self._cube.select("ratio", parameters)
        return share, n_eff, clustered, jackknife
