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

from sqlmodel import Session

from prover.errors import ProverError
from veritally.transactions import Database

_log = logging.getLogger("veritally.prover")
_MOST_AT_ONCE = 256
_T = TypeVar("_T")


@dataclass
class Unit:
    """A database transaction, and the requests that it changes."""

    session: Session
    changed: set[bytes] = field(default_factory=set)


Work = Callable[[Unit], _T]
"""Reads and writes rows. It may run twice, and has written nothing when it raises a ProverError."""


class Writer:
    """Runs work of many threads in few transactions, in the order in which it came."""

    def __init__(self, database: Database, committed: Callable[[set[bytes]], None]) -> None:
        """`committed` is told which requests a transaction has changed, from the writer's thread."""
        self.database = database
        self._committed = committed
        self._waiting: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="prover-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[_T]) -> Future[_T]:
        """What the work returns or raises, once it is on the disk."""
        future: Future[_T] = Future()
        self._waiting.put((work, future))
        return future

    def run(self, work: Work[_T]) -> _T:
        """The same, waited for. Not for the event loop's thread."""
        return self.submit(work).result()

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
            self._write([item for item in items if item[1].set_running_or_notify_cancel()])

    def _write(self, items: Sequence[tuple[Work[Any], Future[Any]]]) -> None:
        """All in one transaction; when that fails, each in its own."""
        try:
            self._commit(items)
        except Exception as error:  # whatever it is, its own work shall hear of it, and no other
            if len(items) > 1:
                for item in items:
                    self._write([item])
            elif items:
                items[0][1].set_exception(error)

    def _commit(self, items: Sequence[tuple[Work[Any], Future[Any]]]) -> None:
        results: list[tuple[Future[Any], Any, ProverError | None]] = []
        with self.database.transaction() as session:
            unit = Unit(session)
            for work, future in items:
                try:
                    results.append((future, work(unit), None))
                except ProverError as refusal:
                    results.append((future, None, refusal))
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
