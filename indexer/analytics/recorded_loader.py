"""Loads how much other contracts claim to have settled. It is recorded, never verified, and counted apart."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

from indexer.analytics.cube import Cube, sql
from indexer.analytics.taint import end_of_weeks

MOST_CLAIMED = 10**9
"""What one event can claim; whoever claims more is taken to claim this."""


def load_recorded(session: Session, cube: Cube, _deployment_id: int) -> None:
    """Fills `recorded_week` anew. Without recorded settlements it stays empty."""
    cube.execute("DELETE FROM recorded_week")
    end = end_of_weeks(cube)
    if end is None:
        return
    rows = [
        (wk, form, n, n * _claimed(size))
        for wk, form, size, n in session.connection().execute(text(sql("load_recorded")))
        if wk < end
    ]
    cube.insert("recorded_week", ("wk", "form", "n", "claimed"), rows)


def _claimed(batch_size: str | None) -> int:
    """Inferences that one event claims."""
    return 1 if batch_size is None else min(int(batch_size), MOST_CLAIMED)
