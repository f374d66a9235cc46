"""One thread that writes: what is asked for at the same time shares one transaction and one fsync."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from prover.errors import ProverError
from prover.jobs.tables import JobRow
from veritally.transactions import Database

_log = logging.getLogger("veritally.prover")
_MOST_AT_ONCE = 256
_T = TypeVar("_T")
_ROWS = select(JobRow).where(col(JobRow.id).in_(bindparam("ids", expanding=True)))


@dataclass
class Unit:
    """A database transaction, and the requests that it changes."""

    session: Session
    changed: set[bytes] = field(default_factory=set)
    reserved: int | None = None
    """How many requests are reserved; None before anybody has asked."""
    _rows: dict[bytes, JobRow | None] = field(default_factory=dict)

    def fetch(self, job_ids: Sequence[bytes]) -> None:
        """Reads rows in one statement that will be asked for."""
        self._rows = dict.fromkeys(job_ids)
        if job_ids:
            for row in self.session.scalars(_ROWS, {"ids": job_ids}):
                self._rows[row.id] = row

    def find(self, job_id: bytes) -> JobRow | None:
        """The row of a request, also when it is added in this transaction; None when there is none."""
        if job_id not in self._rows:
            self._rows[job_id] = self.session.get(JobRow, job_id)
        return self._rows[job_id]

    def add(self, row: JobRow) -> None:
        """Adds the row of a request."""
        self.session.add(row)
        self._rows[row.id] = row


Work = Callable[[Unit], _T]
"""Reads and writes rows. It may run twice, and has written nothing when it raises a ProverError."""


@dataclass(frozen=True)
class _Asked:
    work: Work[Any]
    future: Future[Any]
    job_ids: tuple[bytes, ...]


class Writer:
    """Runs work of many threads in few transactions, in the order in which it came."""

    def __init__(self, database: Database, committed: Callable[[set[bytes]], None]) -> None:
        """`committed` is told which requests a transaction has changed, from the writer's thread."""
        self.database = database
        self._committed = committed
        self._waiting: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="prover-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[_T], *job_ids: bytes) -> Future[_T]:
        """What the work returns or raises, once it is on the disk. `job_ids`: whose rows it will ask for."""
        future: Future[_T] = Future()
        self._waiting.put(_Asked(work, future, job_ids))
        return future

    def run(self, work: Work[_T], *job_ids: bytes) -> _T:
        """The same, waited for. Not for the event loop's thread."""
        return self.submit(work, *job_ids).result()

    def close(self) -> None:
        """Writes what waits, and stops."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        running = True
        while running:
            taken = [self._waiting.get()]
            with suppress(queue.Empty):
                while len(taken) < _MOST_AT_ONCE:
                    taken.append(self._waiting.get_nowait())
            running = None not in taken
            items = [item for item in taken if item is not None]
            self._write([item for item in items if item.future.set_running_or_notify_cancel()])

    def _write(self, items: Sequence[_Asked]) -> None:
        """All in one transaction; when that fails, each in its own."""
        try:
            self._commit(items)
        except Exception as error:  # whatever it is, its own work shall hear of it, and no other
            if len(items) > 1:
                for item in items:
                    self._write([item])
            elif items:
                items[0].future.set_exception(error)

    def _commit(self, items: Sequence[_Asked]) -> None:
        results: list[tuple[Future[Any], Any, ProverError | None]] = []
        with self.database.transaction() as session:
            unit = Unit(session)
            unit.fetch([job_id for item in items for job_id in item.job_ids])
            for item in items:
                try:
                    results.append((item.future, item.work(unit), None))
                except ProverError as refusal:
                    results.append((item.future, None, refusal))
        if unit.changed:
            self._tell(unit.changed)
        for future, result, failure in results:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    def _tell(self, changed: set[bytes]) -> None:
        try:
            self._committed(changed)
        except Exception:  # what is committed stays so, and the next work must not wait for ever
            _log.exception("nobody could be told what was written")
