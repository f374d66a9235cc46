"""What else is loaded into the cube besides `settled_week`: one loader for each of its other tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlmodel import Session

from indexer.analytics import details
from indexer.analytics.cube import Cube
from indexer.analytics.labels import load_labels
from indexer.analytics.money_loaders import load_money_back, load_owners, load_pay_addresses
from indexer.analytics.recorded_loader import load_recorded
from indexer.analytics.taint import load_taint


@dataclass(frozen=True)
class WeekSource:
    """Where the rows of one full, final week are in the database. Ranges are half-open."""

    deployment_id: int
    week: int
    first_id: int
    """Lowest key that a row of events can have; equal to `end_id` in a week without any."""
    end_id: int
    first_block: int
    """The same for `block.id`."""
    end_block: int


WeekLoader: TypeAlias = Callable[[Session, Cube, WeekSource], None]
"""Copies one week. The tables `*_week` hold no row of that week when it is called."""

AfterLoading: TypeAlias = Callable[[Session, Cube, int], None]
"""Derives what spans weeks, for the deployment of that number, anew: it deletes its own old rows first."""

LOADERS: tuple[WeekLoader, ...] = (
    details.load_prices,
    details.load_latencies,
    details.load_skipped,
    details.load_refunds,
    details.load_starts,
)
"""Called once for each week that is loaded, after its `settled_week`, in this order."""

AFTER_LOADING: tuple[AfterLoading, ...] = (
    load_taint,
    load_owners,
    load_pay_addresses,
    load_money_back,
    load_labels,
    load_recorded,
)
"""Called after the last loaded week, and when an event of a registry has become final, in this order."""
