"""The change of a share between two windows (M7), tested payer by payer, and what it is made of (M9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.metric import Metric
from indexer.analytics.ratio import half_width
from indexer.analytics.tiers import TierSet, Weighting

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope

PARTS = ("switching", "mix", "entrants", "leavers")
"""What a change is made of; they add up to it."""

_ROUNDING = 1e-12
"""Shares that are equal may differ by less."""
_SETS = (TierSet.STRONG, TierSet.SIGNED, TierSet.TEE, TierSet.ZKML)


@dataclass(frozen=True)
class Change:
    """A share in two windows. What needs paid inferences in both is None when one has none."""

    share_before: float | None
    share_now: float | None
    n_eff_before: float | None
    n_eff_now: float | None
    variance: float | None
    """Of the difference."""
    stayed: int
    """Payers of both windows."""
    entered: int
    gone: int
    parts: Mapping[str, float]
    """Empty when a window has no paid inferences."""

    @property
    def delta(self) -> float | None:
        """Share now minus share before."""
        if self.share_before is None or self.share_now is None:
            return None
        return self.share_now - self.share_before

    @property
    def n_eff(self) -> float | None:
        """Effective payers of the window that has fewer."""
        if self.n_eff_before is None or self.n_eff_now is None:
            return None
        return min(self.n_eff_before, self.n_eff_now)

    @property
    def low(self) -> float | None:
        """Lower end of the 95 % interval of `delta`, at least -1; None when there is none."""
        half = self._half
        return None if self.delta is None or half is None else max(-1.0, self.delta - half)

    @property
    def high(self) -> float | None:
        """Upper end of the 95 % interval of `delta`, at most 1; None when there is none."""
        half = self._half
        return None if self.delta is None or half is None else min(1.0, self.delta + half)

    @property
    def is_clear(self) -> bool:
        """Whether it is larger than its interval is wide: |delta| > t * SE."""
        half = self._half
        return self.delta is not None and half is not None and abs(self.delta) > max(half, _ROUNDING)

    @property
    def _half(self) -> float | None:
        return half_width(self.variance, self.n_eff)


_NOTHING = Change(None, None, None, None, None, 0, 0, 0, {})


def change(cube: Cube, scope: Scope, tiers: TierSet, weighting: Weighting) -> Change:
    """The change from the earlier window to the later one."""
    rows = cube.select("change", scope.parameters | tiers.parameters | {"cap": weighting.cap})
    if not rows:
        return _NOTHING
    share0, share1, n_eff0, n_eff1, variance, stayed, entered, gone, *parts = rows[0]
    both = share0 is not None and share1 is not None
    named = dict(zip(PARTS, parts, strict=True)) if both else {}
    return Change(share0, share1, n_eff0, n_eff1, variance, stayed, entered, gone, named)


def _change(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for tiers in _SETS:
        for weighting in Weighting:
            c = change(cube, scope, tiers, weighting)
            rows.append(
                (
                    tiers.value,
                    weighting.label,
                    c.share_before,
                    c.share_now,
                    c.delta,
                    c.low,
                    c.high,
                    c.n_eff_before,
                    c.n_eff_now,
                    c.is_clear,
                )
            )
    return Answer(_CHANGE_COLUMNS, tuple(rows))


def _why(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for tiers in _SETS:
        for weighting in Weighting:
            c = change(cube, scope, tiers, weighting)
            parts = (c.parts.get(part) for part in PARTS)
            rows.append((tiers.value, weighting.label, *parts, c.delta, c.stayed, c.entered, c.gone))
    return Answer(_WHY_COLUMNS, tuple(rows))


OF = Column("of", Kind.TEXT, "strong (tee and zkml together), signed, tee or zkml")
WEIGHTING = Column("weighting", Kind.TEXT, "raw, capped (50 inferences per payer) or payer-equal")

_CHANGE_COLUMNS = (
    OF,
    WEIGHTING,
    Column("share_before", Kind.SHARE, "share in the earlier window (W0)"),
    Column("share_now", Kind.SHARE, "share in the later window (W1)"),
    Column("delta", Kind.SHARE, "share now minus share before"),
    Column("low", Kind.SHARE, "lower end of delta's 95 % interval"),
    Column("high", Kind.SHARE, "upper end of delta's 95 % interval"),
    Column("n_eff_before", Kind.NUMBER, "effective payers in the earlier window"),
    Column("n_eff_now", Kind.NUMBER, "effective payers in the later window"),
    Column(
        "clear", Kind.FLAG, "whether the interval leaves out 0; without 20 effective payers, not a verdict"
    ),
)

_WHY_COLUMNS = (
    OF,
    WEIGHTING,
    Column("switching", Kind.SHARE, "payers of both windows changed their own share"),
    Column("mix", Kind.SHARE, "payers of both windows changed their weight"),
    Column("entrants", Kind.SHARE, "payers came who were not there before"),
    Column("leavers", Kind.SHARE, "payers left"),
    Column("delta", Kind.SHARE, "sum of the four: share now minus share before"),
    Column("stayed", Kind.COUNT, "payers of both windows"),
    Column("entered", Kind.COUNT, "payers of the later window only"),
    Column("gone", Kind.COUNT, "payers of the earlier window only"),
)

METRICS = (
    Metric(
        id="M7",
        name="change",
        title="Change of shares",
        question="By how much did a share change from one window to the next, and is that more than noise?",
        formula=(
            "With m = min(n, cap), z = m * y / n and M = sum of m, per window: d(u) = (z1(u) - S1 * "
            "m1(u)) / M1 - (z0(u) - S0 * m0(u)) / M0 over the N payers of both windows together, 0 "
            "where a payer is absent; SE^2 = N / (N - 1) * sum of d(u)^2; interval delta +- t(0.975, "
            "n_eff - 1) * SE with the smaller n_eff of the two windows, cut at -1 and 1."
        ),
        columns=_CHANGE_COLUMNS,
        compute=_change,
        sql=("change",),
    ),
    Metric(
        id="M9",
        name="why-it-changed",
        title="Why shares changed",
        question="Did payers switch, did the weight of payers shift, or did payers come and go?",
        formula=(
            "With w = m / M, s = y / n of a payer and S = (S0 + S1) / 2: switching = sum over payers of "
            "both windows of (w0 + w1) / 2 * (s1 - s0); mix = sum over the same of (w1 - w0) * ((s0 + "
            "s1) / 2 - S); entrants = sum over payers of the later window only of w1 * (s1 - S); "
            "leavers = minus the sum over payers of the earlier window only of w0 * (s0 - S). The four "
            "add up to S1 - S0 exactly."
        ),
        columns=_WHY_COLUMNS,
        compute=_why,
        sql=("change",),
    ),
)
