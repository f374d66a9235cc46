"""What was asked for and what was delivered (M13), how long that took (M14), and what it cost (M15)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from indexer.amounts import join
from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.details import LONGEST_LATENCY_S
from indexer.analytics.metric import Metric

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope


def _asked_delivered(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for required, n, at_least, above, *by_tier in cube.select("asked_delivered", scope.parameters):
        rows.append((required, n, at_least, at_least / n, above, above / n, *by_tier))
    return Answer(_ASKED_COLUMNS, tuple(rows))


def _skipped(cube: Cube, scope: Scope) -> Answer:
    return Answer(_SKIPPED_COLUMNS, tuple(cube.select("skipped", scope.parameters)))


def _refunds(cube: Cube, scope: Scope) -> Answer:
    amounts: Counter[str] = Counter()
    for asset, n, *limbs in cube.select("refund_amounts", scope.parameters):
        amounts[asset] += n * join(*limbs)
    rows = []
    for asset, n, payers, paid in cube.select("refunds", scope.parameters):
        rows.append((asset, n, payers, amounts[asset], paid, n / paid if paid else None))
    return Answer(_REFUND_COLUMNS, tuple(rows))


def _latency(cube: Cube, scope: Scope) -> Answer:
    rows = cube.select("latency", scope.parameters | {"limit_s": LONGEST_LATENCY_S})
    return Answer(_LATENCY_COLUMNS, tuple(rows))


def _premium(cube: Cube, scope: Scope) -> Answer:
    found = cube.select("premium", scope.parameters)
    signed = {(model, asset): (n, join(*limbs)) for model, asset, tier, n, *limbs in found if tier == 1}
    rows = []
    for model, asset, tier, n, *limbs in found:
        n_signed, base = signed.get((model, asset), (0, 0))
        premium = join(*limbs) / base if base else None
        rows.append((model, asset, tier, n, join(*limbs), n_signed, base if n_signed else None, premium))
    return Answer(_PREMIUM_COLUMNS, tuple(rows))


_COUNTED = Column("tier", Kind.TIER, "counted tier: labelled evidence counts as signed")
_ASKED_COLUMNS = (
    Column("required", Kind.TIER, "the lowest tier that the payer accepted"),
    Column("inferences", Kind.COUNT, "paid inferences that asked for it"),
    Column("delivered", Kind.COUNT, "those that are counted at this tier or above"),
    Column("share", Kind.SHARE, "delivered / inferences; below 1 only because of labelled evidence"),
    Column("above", Kind.COUNT, "those that are counted above this tier"),
    Column("share_above", Kind.SHARE, "above / inferences"),
    Column("signed", Kind.COUNT, "those that are counted as signed"),
    Column("tee", Kind.COUNT, "those that are counted as tee"),
    Column("zkml", Kind.COUNT, "those that are counted as zkml"),
)
_SKIPPED_COLUMNS = (
    Column("kind", Kind.TEXT, "receipt, or group: a group of receipts as a whole"),
    Column("reason", Kind.TEXT, "name of the contract's error; unknown when none of ours declares it"),
    Column("skipped", Kind.COUNT, "times that it was left untouched; it may be tried again"),
)
_REFUND_COLUMNS = (
    Column("asset", Kind.ADDRESS, "token"),
    Column("refunds", Kind.COUNT, "refunds of what a payment channel still held"),
    Column("payers", Kind.COUNT, "payers who got one"),
    Column("amount", Kind.AMOUNT, "what went back, in the token's base units"),
    Column("inferences", Kind.COUNT, "paid inferences in this token"),
    Column("rate", Kind.NUMBER, "refunds / inferences; none without inferences"),
)
_LATENCY_COLUMNS = (
    _COUNTED,
    Column("inferences", Kind.COUNT, "settled inferences, free ones among them"),
    Column("p50", Kind.SECONDS, "half of them took this long or less"),
    Column("p90", Kind.SECONDS, "90 % took this long or less"),
    Column("p99", Kind.SECONDS, "99 % took this long or less"),
    Column("stated_later", Kind.COUNT, "those said to be served after they were settled; they count as 0 s"),
    Column("at_limit", Kind.COUNT, "those said to have taken seven days or more; they count as seven days"),
)
_PREMIUM_COLUMNS = (
    Column("model", Kind.ID, "model id"),
    Column("asset", Kind.ADDRESS, "token"),
    _COUNTED,
    Column("inferences", Kind.COUNT, "paid inferences of the model at this tier in this token"),
    Column("median", Kind.AMOUNT, "lower median of their prices, in the token's base units"),
    Column("inferences_signed", Kind.COUNT, "paid inferences of the model that are counted as signed"),
    Column("median_signed", Kind.AMOUNT, "lower median of their prices; none without any"),
    Column("premium", Kind.NUMBER, "median / median_signed; none without one that is above zero"),
)

METRICS = (
    Metric(
        id="M13",
        name="asked-delivered",
        title="Asked and delivered",
        question="What was asked for, and what was delivered?",
        formula=(
            "For each tier r that payers required: P(a >= r) and P(a > r) over paid inferences, where a is "
            "the counted tier. The contract settles nothing below r; labelled evidence counts as signed."
        ),
        columns=_ASKED_COLUMNS,
        compute=_asked_delivered,
        sql=("asked_delivered",),
    ),
    Metric(
        id="M13",
        name="skipped",
        title="Left untouched",
        question="What did the contract refuse to settle, and why?",
        formula=(
            "Number of ReceiptSkipped and GroupSkipped events by reason. Anybody may submit a bad group in "
            "anybody's name: it says nothing about the prover that it names."
        ),
        columns=_SKIPPED_COLUMNS,
        compute=_skipped,
        sql=("skipped",),
    ),
    Metric(
        id="M13",
        name="refunds",
        title="Refunds of payment channels",
        question="How much went back to payers who had paid in advance?",
        formula="ChannelRefunded events by token: what a channel still held, not the price of a result.",
        columns=_REFUND_COLUMNS,
        compute=_refunds,
        sql=("refunds", "refund_amounts"),
    ),
    Metric(
        id="M14",
        name="latency",
        title="From result to settlement",
        question="How long does the evidence of each tier take?",
        formula=(
            "Block time of the settlement - servedAt, in seconds, per counted tier: the least value that "
            "50, 90 or 99 % do not exceed. servedAt is the prover's word. Values below 0 count as 0, "
            f"values above {LONGEST_LATENCY_S} (seven days) as that, and both are counted. All rows, "
            "free ones among them, whatever the filter. What never settled is not on the chain."
        ),
        columns=_LATENCY_COLUMNS,
        compute=_latency,
        sql=("latency",),
    ),
    Metric(
        id="M15",
        name="premium",
        title="Price of a guarantee",
        question="What does each tier cost beside a signed result?",
        formula=(
            "Per model and token: median price at tier k / median price at tier 1, paid inferences, counted "
            "tiers, whatever the filter. Of an even number the lower one of the two in the middle."
        ),
        columns=_PREMIUM_COLUMNS,
        compute=_premium,
        sql=("premium",),
    ),
)
