"""What dashboards and analysts ask of the indexer's own tables, from roll-ups and from raw rows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from replay_chain import FIRST_BLOCK_TIME_S
from scale_rows import DAYS

_DAY_S, _HOUR_S = 86_400, 3_600
_END_S = FIRST_BLOCK_TIME_S + DAYS * _DAY_S
_SUMS = "sum(amount_e20), sum(amount_e10), sum(amount_e0)"
_COUNTED = f"sum(inferences), {_SUMS}"
_RAW = "FROM inference JOIN block ON block.id = inference.id >> 20"

ROLLUPS: Mapping[str, str] = {
    "totals": f"SELECT tier, {_COUNTED} FROM rollup WHERE deployment_id = 0 GROUP BY tier",
    "tier_by_hour_7_days": f"SELECT hour, tier, {_COUNTED} FROM rollup_hour WHERE deployment_id = 0"
    f" AND hour >= {(_END_S - 7 * _DAY_S) // _HOUR_S} GROUP BY hour, tier",
    "tier_by_day": f"SELECT hour / 24, tier, {_COUNTED} FROM rollup_hour WHERE deployment_id = 0"
    " GROUP BY hour / 24, tier",
    "top_models_30_days": f"SELECT model_id, {_COUNTED} FROM rollup_day_model WHERE deployment_id = 0"
    f" AND day >= {_END_S // _DAY_S - 30} GROUP BY model_id ORDER BY sum(inferences) DESC LIMIT 10",
}
"""Answered from roll-ups."""

RAW: Mapping[str, str] = {
    "totals": f"SELECT tier, count(*), {_SUMS} FROM inference GROUP BY tier",
    "tier_by_day": f"SELECT timestamp_s / 86400, tier, count(*), {_SUMS} {_RAW}"
    " GROUP BY timestamp_s / 86400, tier",
    "one_payer": f"SELECT tier, count(*), {_SUMS} FROM inference WHERE payer_id = 77 GROUP BY tier",
}
"""Answered from every row."""


def timings_ms(ask: Callable[[str], Any], statement: str, tries: int) -> tuple[float, float]:
    """Median and maximum of some tries, after one that warms the caches up."""
    ask(statement)
    found = []
    for _ in range(tries):
        start_s = time.perf_counter()
        ask(statement)
        found.append((time.perf_counter() - start_s) * 1_000)
    return statistics.median(found), max(found)
