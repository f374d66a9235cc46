"""One thread that writes: what is asked for at the same time shares one transaction and one fsync."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm.util import identity_key
from sqlmodel import Session, col

from prover.errors import ProverError
from prover.jobs.tables import JobRow
from veritally.transactions import Database

_log = logging.getLogger("veritally.prover")
_MOST_AT_ONCE = 256
_T = TypeVar("_T")
_IS_JOB = col(JobRow.id) == bindparam("job")
# Prepared once: each paid request needs them, and an object for its row costs more than all of them.
_COLUMNS = select(*JobRow.__table__.columns).where(_IS_JOB)  # type: ignore[attr-defined]
_INSERT = insert(JobRow)
_CHANGE = update(JobRow).where(_IS_JOB)
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

    def read(self, job_id: bytes) -> dict[str, Any] | None:
        """The columns of a request's row as they are now; None when there is none."""
        self.session.flush()
        found = self.session.connection().execute(_COLUMNS, {"job": job_id}).mappings().one_or_none()
        return None if found is None else dict(found)

    def insert(self, columns: Mapping[str, Any]) -> None:
        """Adds the row of a request."""
        self.session.connection().execute(_INSERT, columns)
        self._note(columns["id"])

    def write(self, job_id: bytes, columns: Mapping[str, Any]) -> None:
        """Changes columns of the row of a request that was read by `read`."""
        self.session.connection().execute(_CHANGE, {"job": job_id, **columns})
        self._note(job_id)

    def _note(self, job_id: bytes) -> None:
        """Who asks for an object of the row from now on gets what was written."""
        self.changed.add(job_id)
        self._rows.pop(job_id, None)
        known = self.session.identity_map.get(identity_key(JobRow, job_id))
        if known is not None:
            self.session.expire(known)


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
