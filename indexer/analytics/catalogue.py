"""All metrics, in the order of docs/metrics.md."""

from __future__ import annotations

from indexer.analytics.metric import Metric

METRICS: tuple[Metric, ...] = ()
