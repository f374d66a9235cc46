"""What stands around every statistic: of which deployment, as of which block, by which definitions."""

from __future__ import annotations

import time
from typing import Any

from indexer.analytics.analysis import State
from indexer.analytics.metric import METHODOLOGY, Metric, Rows, Scope
from indexer.analytics.weeks import Window, monday_of
from indexer.analytics.writing import time_text


def frame(state: State) -> dict[str, Any]:
    """Deployment, block and version of the definitions, for JSON."""
    return {
        "chain_id": state.chain_id,
        "settlement": state.settlement,
        "as_of": {
            "block": state.block_number,
            "hash": state.block_hash,
            "time": time_text(state.block_time_s),
            "finality": "final",
        },
        "methodology": METHODOLOGY,
    }


def scope_frame(scope: Scope) -> dict[str, Any]:
    """What a metric was asked about, for JSON."""
    return {
        "window": window_frame(scope.now),
        "before": window_frame(scope.before),
        "rows_counted": label(scope.rows),
    }


def window_frame(window: Window) -> dict[str, Any]:
    """Its weeks; `until` is the Monday behind the last one."""
    return {
        "from": monday_of(window.first).isoformat(),
        "until": monday_of(window.end).isoformat(),
        "weeks": window.weeks,
    }


def definition(metric: Metric) -> dict[str, Any]:
    """What a metric is, for JSON."""
    return {
        "id": metric.id,
        "name": metric.name,
        "title": metric.title,
        "question": metric.question,
        "formula": metric.formula,
        "sql": list(metric.sql),
    }


def label(rows: Rows) -> str:
    """`raw` or `strict`."""
    return rows.name.lower()


def weeks_text(window: Window) -> str:
    """The weeks in words."""
    if not window.weeks:
        return "no full week whose blocks are final"
    number = "1 week" if window.weeks == 1 else f"{window.weeks} weeks"
    return f"{number} from {monday_of(window.first)}, before {monday_of(window.end)}"


def age_text(state: State) -> str:
    """How old the final block is."""
    age_s = max(0, int(time.time()) - state.block_time_s)
    for unit, length_s in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if age_s >= 2 * length_s:
            return f"{age_s // length_s} {unit} old"
    return f"{age_s} s old"


def state_lines(state: State) -> list[str]:
    """Deployment, block and version of the definitions, for people."""
    return [
        f"chain {state.chain_id}, settlement {state.settlement}",
        f"final up to block {state.block_number} of {time_text(state.block_time_s)}, {age_text(state)}",
        f"definitions of version {METHODOLOGY}: docs/metrics.md",
    ]
