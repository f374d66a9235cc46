"""All metrics, in the order of docs/metrics.md."""

from __future__ import annotations

from indexer.analytics import delivery, flows, health, trust
from indexer.analytics.metric import Metric

METRICS: tuple[Metric, ...] = (*flows.METRICS, *delivery.METRICS, *trust.METRICS, *health.METRICS)
