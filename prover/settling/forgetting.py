"""Deletes what people asked and what they were answered, once nobody may ask for the answer again."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import col, or_, select

from prover.jobs.job import JobState
from prover.jobs.tables import JobRow
from prover.jobs.writer import Unit, Writer

EVERY_S = 3_600.0
"""Time between two looks through all rows."""
_OVER = [state.value for state in (JobState.FINAL, JobState.SKIPPED, JobState.RELEASED)]
_AT_ONCE = 500
"""Rows that are changed while others wait to write."""


class Forgetter:
    """Empties bodies and responses. Receipts, evidence, payments and settlements stay. For one thread."""

    def __init__(self, writer: Writer, kept_s: float) -> None:
        """`kept_s`: how long after a request its contents stay at least."""
        self._writer = writer
        self._kept_s = kept_s
        self._next_s = 0.0

    def step(self, now_s: float) -> None:
        """Does what is due at `now_s`."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        ids = self._old(now_s - self._kept_s)
        for start in range(0, len(ids), _AT_ONCE):
            self._empty(ids[start : start + _AT_ONCE])

    def _old(self, before_s: float) -> list[bytes]:
        chosen = select(JobRow.id).where(
            col(JobRow.state).in_(_OVER),
            col(JobRow.created_at_s) < before_s,
            or_(col(JobRow.body) != b"", col(JobRow.response) != b""),
        )
        with self._writer.database.reading() as session:
            return list(session.exec(chosen))

    def _empty(self, ids: list[bytes]) -> None:
        def work(unit: Unit) -> None:
            row = col(JobRow.id).in_(ids), col(JobRow.state).in_(_OVER)  # one may have been taken up again
            answered = col(JobRow.response).is_not(None)
            unit.session.connection().execute(update(JobRow).where(*row).values(body=b""))
            unit.session.connection().execute(update(JobRow).where(*row, answered).values(response=b""))

        self._writer.run(work)
