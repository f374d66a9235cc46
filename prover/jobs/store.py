"""The paid requests of this prover, in a database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from prover.jobs import channels, rows
from prover.jobs.channels import Channel
from prover.jobs.codec import job_of
from prover.jobs.errors import UnknownJobError
from prover.jobs.job import Computed, Job, JobState, Order, Reason
from prover.jobs.rows import Book
from prover.jobs.waiting import Waiters
from prover.jobs.writer import Unit, Writer
from veritally.transactions import Database

_T = TypeVar("_T")
MOST_RESERVED = 10_000
"""Requests that may run or wait to run at the same time."""


class DurableJobs:
    """Implements `Jobs`. What it has answered is on the disk."""

    def __init__(self, database: Database, book: Book, most_reserved: int = MOST_RESERVED) -> None:
        self._database = database
        self.book = book
        self._most_reserved = most_reserved
        self._waiters = Waiters(self._read)
        self._on_change: Callable[[], None] = lambda: None
        self.writer = Writer(database, self._committed)

    def on_change(self, tell: Callable[[], None]) -> None:
        """Has `tell` called after every change, from the writer's thread."""
        self._on_change = tell

    async def reserve(self, order: Order) -> tuple[Job, bool]:
        """See `Jobs.reserve`."""
        return await self._write(lambda unit: rows.reserve(unit, order, self._most_reserved), order.job_id)

    async def computed(self, job_id: bytes, computed: Computed) -> Job:
        """See `Jobs.computed`.

        Raises:
            UnknownJobError: it was not reserved.
            AmountError: it costs more than the payer signed for.
        """
        return await self._write(lambda unit: rows.compute(unit, job_id, computed, self.book))

    async def release(self, job_id: bytes, reason: Reason) -> Job:
        """See `Jobs.release`."""
        return await self._write(lambda unit: rows.release(unit, job_id, reason), job_id)

    async def find(self, job_id: bytes) -> Job | None:
        """See `Jobs.find`."""
        return await asyncio.to_thread(self._find, job_id)

    async def channel(self, channel_id: bytes) -> Channel | None:
        """What is known of a payment channel; None when nothing was paid out of it here."""
        return await asyncio.to_thread(self._channel, channel_id)

    async def wait(self, job_id: bytes, *states: JobState, timeout_s: float) -> Job:
        """See `Jobs.wait`.

        Raises:
            UnknownJobError: there is none with this id.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        with self._waiters.watching(job_id) as news:
            job = await self.find(job_id)
            if job is None:
                raise UnknownJobError(job_id)
            while not (job.state in states or job.state.is_over):
                try:
                    job = await asyncio.wait_for(news.get(), deadline - loop.time())
                except TimeoutError:
                    break
        return job

    def unfinished(self) -> list[Job]:
        """Requests that are not over, oldest first: after a start, those to go on with."""
        with self._database.reading() as session:
            states = [state for state in JobState if not state.is_over]
            return [job_of(row) for row in rows.in_states(session, *states)]

    def close(self) -> None:
        """Writes what waits, and stops."""
        self.writer.close()

    async def _write(self, work: Callable[[Unit], _T], *job_ids: bytes) -> _T:
        return await asyncio.wrap_future(self.writer.submit(work, *job_ids))

    def _find(self, job_id: bytes) -> Job | None:
        with self._database.reading() as session:
            return rows.find(session, job_id)

    def _channel(self, channel_id: bytes) -> Channel | None:
        with self._database.reading() as session:
            return channels.find(session, channel_id)

    def _read(self, job_ids: set[bytes]) -> list[Job]:
        with self._database.reading() as session:
            return rows.by_ids(session, job_ids)

    def _committed(self, changed: set[bytes]) -> None:
        self._waiters.tell(changed)
        self._on_change()
