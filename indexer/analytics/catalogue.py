"""All metrics, in the order of docs/metrics.md."""

from __future__ import annotations

from indexer.analytics import (
    change,
    concentration,
    delivery,
    flows,
    growth,
    health,
    shares,
    trust,
    verdict,
)
from indexer.analytics.metric import Metric

_MODULES = (
    shares.METRICS,
    concentration.METRICS,
    change.METRICS,
    verdict.METRICS,
    growth.METRICS,
    flows.METRICS,
    delivery.METRICS,
    trust.METRICS,
    health.METRICS,
)

METRICS: tuple[Metric, ...] = tuple(
    sorted((metric for metrics in _MODULES for metric in metrics), key=lambda metric: int(metric.id[1:]))
)

BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}
"""Each metric by its name."""
