"""The verdict (M8): one word on whether a share is growing, and why it is no other word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.change import OF, Change, change
from indexer.analytics.metric import Metric, Rows
from indexer.analytics.tiers import TierSet, Weighting
from indexer.analytics.weeks import Window

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope

LEAST_WEEKS = 8
"""Full weeks that a verdict needs."""
LEAST_PAYERS = 20
"""Effective payers that a verdict needs in both windows."""


class VerdictWord(StrEnum):
    """The only four."""

    GROWING = "growing"
    SHRINKING = "shrinking"
    NO_CLEAR_CHANGE = "no clear change"
    NOT_ENOUGH_PAYERS = "not enough independent payers"


@dataclass(frozen=True)
class Verdict:
    """On the capped share of some tiers."""

    word: VerdictWord
    reason: str
    """One sentence."""
    rows: Rows
    before: Window
    now: Window
    share_before: float | None
    share_now: float | None
    delta: float | None
    low: float | None
    """Lower end of delta's 95 % interval."""
    high: float | None
    n_eff_before: float | None
    """Effective payers, of the capped weights."""
    n_eff_now: float | None
    parts: Mapping[str, float]
    """What delta is made of: switching, mix, entrants, leavers."""
    of: TierSet = TierSet.STRONG


def judge(cube: Cube, scope: Scope, of: TierSet = TierSet.STRONG) -> Verdict:
    """The verdict on the change from the earlier window to the later one."""
    found = change(cube, scope, of, Weighting.CAPPED)
    loaded = [week for week, _ in cube.select("weeks")]
    compared = range(scope.before.first, scope.now.end)
    usable = len(loaded) if set(compared) <= set(loaded) else len(set(compared) & set(loaded))
    word, reason = _word(found, usable, max(LEAST_WEEKS, len(compared)), of)
    return Verdict(
        word,
        reason,
        scope.rows,
        scope.before,
        scope.now,
        found.share_before,
        found.share_now,
        found.delta,
        found.low,
        found.high,
        found.n_eff_before,
        found.n_eff_now,
        found.parts,
        of,
    )


def _word(found: Change, weeks: int, needed: int, of: TierSet) -> tuple[VerdictWord, str]:
    if weeks < needed:
        full = "week is" if weeks == 1 else "weeks are"
        return VerdictWord.NOT_ENOUGH_PAYERS, f"Only {weeks} of the {needed} needed {full} full and final."
    few = _too_few(found)
    if few is not None:
        return VerdictWord.NOT_ENOUGH_PAYERS, few
    assert found.delta is not None  # there are payers in both windows
    moved = (
        f"the capped {of.value} share went from {_percent(found.share_before)} to "
        f"{_percent(found.share_now)}, by {_points(found.delta)} points "
        f"(95 % interval {_points(found.low)} to {_points(found.high)})"
    )
    if not found.is_clear:
        return VerdictWord.NO_CLEAR_CHANGE, f"That may be noise: {moved}."
    word = VerdictWord.GROWING if found.delta > 0 else VerdictWord.SHRINKING
    return word, f"More than noise explains: {moved}."


def _too_few(found: Change) -> str | None:
    """Why there are not enough payers; None when there are."""
    windows = {"the earlier": found.n_eff_before or 0.0, "the later": found.n_eff_now or 0.0}
    name, n_eff = min(windows.items(), key=lambda window: window[1])
    if n_eff >= LEAST_PAYERS:
        return None
    return (
        f"The payers of {name} window count as {n_eff:.1f} independent ones, "
        f"even at 50 inferences each at most; a verdict needs {LEAST_PAYERS} in both windows."
    )


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{100 * share:.1f} %"


def points_text(difference: float) -> str:
    """A difference of shares in points, with its sign; never a negative zero."""
    return f"{round(100 * difference, 1) + 0.0:+.1f}"


def _points(share: float | None) -> str:
    return "unknown" if share is None else points_text(share)


def _verdicts(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for of in (TierSet.STRONG, TierSet.TEE, TierSet.ZKML):
        v = judge(cube, scope, of)
        numbers = (v.share_before, v.share_now, v.delta, v.low, v.high, v.n_eff_before, v.n_eff_now)
        rows.append((of.value, v.rows.name.lower(), v.word.value, v.reason, *numbers))
    return Answer(_COLUMNS, tuple(rows))


_COLUMNS = (
    OF,
    Column("rows", Kind.TEXT, "raw: all paid inferences; strict: without pairs labelled self or suspected"),
    Column("verdict", Kind.TEXT, "growing, shrinking, no clear change, or not enough independent payers"),
    Column("reason", Kind.TEXT, "why, in one sentence"),
    Column("share_before", Kind.SHARE, "capped share in the earlier window (W0)"),
    Column("share_now", Kind.SHARE, "capped share in the later window (W1)"),
    Column("delta", Kind.SHARE, "share now minus share before"),
    Column("low", Kind.SHARE, "lower end of delta's 95 % interval"),
    Column("high", Kind.SHARE, "upper end of delta's 95 % interval"),
    Column("n_eff_before", Kind.NUMBER, "effective payers of the capped share in the earlier window"),
    Column("n_eff_now", Kind.NUMBER, "effective payers of the capped share in the later window"),
)

METRICS = (
    Metric(
        id="M8",
        name="verdict",
        title="Verdict",
        question="Is the share of stronger guarantees growing, or is it one payer?",
        formula=(
            "On the capped share (M4, the cap of 50 applies to each whole window): fewer than 8 full "
            "weeks, or n_eff < 20 in either window: not enough independent payers. Else |delta| <= "
            "t(0.975, n_eff - 1) * SE (M7, with the smaller n_eff): no clear change. Else growing or "
            "shrinking."
        ),
        columns=_COLUMNS,
        compute=_verdicts,
        sql=("change", "weeks"),
    ),
)
