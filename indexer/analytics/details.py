"""Loads what single inferences cost and took, what was left untouched, and what went back, week by week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlmodel import Session

from indexer.analytics.cube import Cube, sql

if TYPE_CHECKING:
    from indexer.analytics.loaders import WeekSource

LONGEST_LATENCY_S = 604_800
"""Longer ones count as this one: whoever states them shall not fill the memory. Seven days."""
STATED_LATER = -1
"""Latency of an inference that the prover says to have served after the block that settled it."""

_LIMBS = ("amount_e20", "amount_e10", "amount_e0")


def load_prices(session: Session, cube: Cube, source: WeekSource) -> None:
    """Fills `price_week`."""
    columns = ("wk", "model", "asset", "counted", *_LIMBS, "n")
    cube.insert("price_week", columns, rows_of_week(session, "load_price", source))


def load_latencies(session: Session, cube: Cube, source: WeekSource) -> None:
    """Fills `latency_week`. Latencies go from `STATED_LATER` to `LONGEST_LATENCY_S`."""
    rows = rows_of_week(session, "load_latency", source, limit_s=LONGEST_LATENCY_S)
    cube.insert("latency_week", ("wk", "achieved", "counted", "latency_s", "n"), rows)


def load_skipped(session: Session, cube: Cube, source: WeekSource) -> None:
    """Fills `skipped_week`."""
    cube.insert("skipped_week", ("wk", "kind", "reason", "n"), rows_of_week(session, "load_skipped", source))


def load_refunds(session: Session, cube: Cube, source: WeekSource) -> None:
    """Fills `refund_week`."""
    columns = ("wk", "payer", "prover", "asset", "n", *_LIMBS)
    cube.insert("refund_week", columns, rows_of_week(session, "load_refund", source))


def load_starts(session: Session, cube: Cube, source: WeekSource) -> None:
    """Fills `start_week`."""
    columns = ("wk", "payer", "prover", "time_s", "asset", *_LIMBS)
    cube.insert("start_week", columns, rows_of_week(session, "load_start", source))


def rows_of_week(session: Session, name: str, source: WeekSource, **parameters: Any) -> list[tuple[Any, ...]]:
    """What the file `name` of indexer/analytics/sql/ gives for a week, with the week before it."""
    keys = {"first_id": source.first_id, "end_id": source.end_id}
    rows = session.connection().execute(text(sql(name)), keys | parameters)
    return [(source.week, *row) for row in rows]
