"""What else is loaded into the cube besides `settled_week`: one loader for each of its other tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlmodel import Session

from indexer.analytics.cube import Cube


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

LOADERS: tuple[WeekLoader, ...] = ()
"""Called once for each week that is loaded, after its `settled_week`, in this order."""

AFTER_LOADING: tuple[AfterLoading, ...] = ()
"""Called after the last loaded week, and when an event of a registry has become final, in this order."""
