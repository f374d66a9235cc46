"""Shares of the tiers: by count (M1), value (M2), payer (M3) and capped (M4), and of the strong ones (M6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.amounts import join
from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.change import WEIGHTING
from indexer.analytics.metric import Metric
from indexer.analytics.ratio import Ratio, ratio, ratios
from indexer.analytics.tiers import BY_TIER, TierSet, Weighting

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope


def _interval(found: Ratio | None) -> tuple[Cell, ...]:
    """Share, low, high and n_eff."""
    return (None,) * 4 if found is None else (found.share, found.low, found.high, found.n_eff)


def _counts(found: Ratio | None) -> tuple[Cell, ...]:
    """Inferences and payers of the tiers."""
    return (0, 0) if found is None else (found.hits, found.users)


def _count_share(cube: Cube, scope: Scope) -> Answer:
    apart = {tier: others for tier, *others in cube.select("apart", scope.parameters)}
    rows = []
    for tier, tiers in BY_TIER.items():
        found = ratio(cube, scope, tiers, Weighting.RAW)
        rows.append((tier, *_counts(found), *_interval(found), *apart.get(tier, (0, 0))))
    return Answer(_COUNT_COLUMNS, tuple(rows))


def _value_share(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for asset, tier, n, e20, e10, e0, share, decimals in cube.select("value_share", scope.parameters):
        rows.append((asset, tier, n, join(e20, e10, e0), share, decimals))
    return Answer(_VALUE_COLUMNS, tuple(rows))


def _payer_equal_share(cube: Cube, scope: Scope) -> Answer:
    return _by_tier(cube, scope, Weighting.PAYER_EQUAL)


def _capped_share(cube: Cube, scope: Scope) -> Answer:
    return _by_tier(cube, scope, Weighting.CAPPED)


def _by_tier(cube: Cube, scope: Scope, weighting: Weighting) -> Answer:
    found = {tier: ratio(cube, scope, tiers, weighting) for tier, tiers in BY_TIER.items()}
    rows = tuple((tier, *_counts(one), *_interval(one)) for tier, one in found.items())
    return Answer(_TIER_COLUMNS, rows)


def _weekly_count_share(cube: Cube, scope: Scope) -> Answer:
    return _weekly(cube, scope, Weighting.RAW)


def _weekly_capped_share(cube: Cube, scope: Scope) -> Answer:
    return _weekly(cube, scope, Weighting.CAPPED)


def _weekly(cube: Cube, scope: Scope, weighting: Weighting) -> Answer:
    by_tier = {tier: ratios(cube, scope, tiers, weighting, 1) for tier, tiers in BY_TIER.items()}
    rows = []
    for week in _loaded_weeks(cube, scope):
        for tier, by_week in by_tier.items():
            rows.append((week, tier, *_counts(by_week.get(week)), *_interval(by_week.get(week))))
    return Answer((_WEEK, *_TIER_COLUMNS), tuple(rows))


def _strong_share(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for weighting in Weighting:
        found = ratio(cube, scope, TierSet.STRONG, weighting)
        rows.append((weighting.label, *_interval(found), *_basis(found)))
    return Answer(_STRONG_COLUMNS, tuple(rows))


def _weekly_strong_share(cube: Cube, scope: Scope) -> Answer:
    by_weighting = {w.label: ratios(cube, scope, TierSet.STRONG, w, 1) for w in Weighting}
    rows = []
    for week in _loaded_weeks(cube, scope):
        for label, by_week in by_weighting.items():
            found = by_week.get(week)
            rows.append((week, label, *_interval(found), *_basis(found)))
    return Answer((_WEEK, *_STRONG_COLUMNS), tuple(rows))


def _basis(found: Ratio | None) -> tuple[Cell, ...]:
    """What a strong share rests on."""
    if found is None:
        return 0, 0, 0, 0, None
    return found.hits, found.users, found.inferences, found.payers, found.method


def _loaded_weeks(cube: Cube, scope: Scope) -> list[int]:
    return [week for week, _ in cube.select("weeks") if scope.now.first <= week < scope.now.end]


_WEEK = Column("week", Kind.WEEK, "Monday on which the week begins")
_TIER = Column("tier", Kind.TIER, "counted tier: labelled evidence counts as signed")
_INTERVAL = (
    Column("low", Kind.SHARE, "lower end of the share's 95 % interval; none with a single payer"),
    Column("high", Kind.SHARE, "upper end"),
    Column("n_eff", Kind.NUMBER, "effective payers behind the share"),
)
_TIER_COLUMNS = (
    _TIER,
    Column("inferences", Kind.COUNT, "paid inferences at this tier"),
    Column("payers", Kind.COUNT, "payers with at least one of them"),
    Column("share", Kind.SHARE, "share of this tier; none without paid inferences"),
    *_INTERVAL,
)
_COUNT_COLUMNS = (
    *_TIER_COLUMNS,
    Column(
        "on_chain", Kind.COUNT, "paid inferences that the contract verified at this tier, labelled ones too"
    ),
    Column("free", Kind.COUNT, "inferences at this counted tier that nobody paid; in no share"),
)
_VALUE_COLUMNS = (
    Column("asset", Kind.ADDRESS, "token"),
    _TIER,
    Column("inferences", Kind.COUNT, "paid inferences at this tier in this token"),
    Column("amount", Kind.AMOUNT, "what was paid for them, in the token's base units"),
    Column("share", Kind.SHARE, "share of this tier in what was paid in this token"),
    Column("decimals", Kind.COUNT, "the token's own decimals; none when it does not state them"),
)
_STRONG_COLUMNS = (
    WEIGHTING,
    Column("share", Kind.SHARE, "share of tee and zkml together; none without paid inferences"),
    *_INTERVAL,
    Column("inferences", Kind.COUNT, "paid inferences at these tiers"),
    Column("users", Kind.COUNT, "payers with at least one of them"),
    Column("all_inferences", Kind.COUNT, "paid inferences at any tier"),
    Column("payers", Kind.COUNT, "payers at any tier"),
    Column("method", Kind.TEXT, "how the interval is made: jackknife below 200 payers, else clustered"),
)

_RATIO = (
    "S_k = sum over payers u of m(u) * n(u, k) / n(u), divided by the sum of m(u); m(u) = min(n(u), {cap})"
)

METRICS = (
    Metric(
        id="M1",
        name="count-share",
        title="Share by count",
        question="Which share of paid inferences carried which verified guarantee?",
        formula=(
            "S_k = n_k / X: paid inferences counted at tier k, divided by all paid inferences of the "
            "window. Intervals as in M6."
        ),
        columns=_COUNT_COLUMNS,
        compute=_count_share,
        sql=("ratio", "apart"),
    ),
    Metric(
        id="M1",
        name="weekly-count-share",
        title="Share by count, week by week",
        question="How did the shares develop?",
        formula="M1 in each week of the window.",
        columns=(_WEEK, *_TIER_COLUMNS),
        compute=_weekly_count_share,
        sql=("ratio", "weeks"),
    ),
    Metric(
        id="M2",
        name="value-share",
        title="Share by value",
        question="Which share of what was paid went to which tier?",
        formula=(
            "Sum of the amounts paid at tier k, divided by the sum of all amounts of the same token. "
            "Tokens are never added up."
        ),
        columns=_VALUE_COLUMNS,
        compute=_value_share,
        sql=("value_share",),
    ),
    Metric(
        id="M3",
        name="payer-equal-share",
        title="Share per payer",
        question="Which share does the average payer give to which tier?",
        formula=_RATIO.format(cap=1)
        + ", which is the mean of n(u, k) / n(u). No single payer moves it; many made-up ones do.",
        columns=_TIER_COLUMNS,
        compute=_payer_equal_share,
        sql=("ratio",),
    ),
    Metric(
        id="M4",
        name="capped-share",
        title="Capped share",
        question="Which share has which tier when no payer counts for more than 50 inferences?",
        formula=_RATIO.format(cap=50) + " over the whole window.",
        columns=_TIER_COLUMNS,
        compute=_capped_share,
        sql=("ratio",),
    ),
    Metric(
        id="M4",
        name="weekly-capped-share",
        title="Capped share, week by week",
        question="How did the capped shares develop?",
        formula="M4 in each week of the window; the cap of 50 applies to each week by itself.",
        columns=(_WEEK, *_TIER_COLUMNS),
        compute=_weekly_capped_share,
        sql=("ratio", "weeks"),
    ),
    Metric(
        id="M6",
        name="strong-share",
        title="Strong share with its interval",
        question="How large is the share of tee and zkml, and how sure is that?",
        formula=(
            "R = sum of z(u) / M with z(u) = m(u) * y(u) / n(u) and M = sum of m(u). For N >= 200 "
            "payers s^2 = N / (N - 1) * sum of (z(u) - R * m(u))^2 / M^2; for fewer the jackknife, "
            "R(-u) = (sum of z - z(u)) / (M - m(u)) and s^2 = (N - 1) / N * sum of (R(-u) - mean of "
            "R(-u))^2. n_eff = M^2 / sum of m(u)^2; interval R +- t(0.975, n_eff - 1) * s, cut at 0 and "
            "1."
        ),
        columns=_STRONG_COLUMNS,
        compute=_strong_share,
        sql=("ratio",),
    ),
    Metric(
        id="M6",
        name="weekly-strong-share",
        title="Strong share, week by week",
        question="How did the strong share develop?",
        formula="M6 in each week of the window; the cap of 50 applies to each week by itself.",
        columns=(_WEEK, *_STRONG_COLUMNS),
        compute=_weekly_strong_share,
        sql=("ratio", "weeks"),
    ),
)
