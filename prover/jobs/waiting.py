"""Tasks that wait until a request has come far enough. Nobody polls the database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prover.jobs.job import Job


class Waiters:
    """Who waits for which request."""

    def __init__(self, read: Callable[[set[bytes]], list[Job]]) -> None:
        """`read` gives the present state of requests."""
        self._read = read
        self._queues: dict[bytes, list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[Job]]]] = {}
        self._turn = threading.Lock()

    @contextmanager
    def watching(self, job_id: bytes) -> Iterator[asyncio.Queue[Job]]:
        """A queue that gets every new state of a request while the context lasts."""
        entry = (asyncio.get_running_loop(), asyncio.Queue[Job]())
        with self._turn:
            self._queues.setdefault(job_id, []).append(entry)
        try:
            yield entry[1]
        finally:
            with self._turn:
                self._queues[job_id].remove(entry)
                if not self._queues[job_id]:
                    del self._queues[job_id]

    def tell(self, changed: set[bytes]) -> None:
        """Hands the new states of requests to whoever waits for them; from any thread."""
        with self._turn:
            watched = changed & self._queues.keys()
        for job in self._read(watched) if watched else ():
            with self._turn:
                entries = list(self._queues.get(job.order.job_id, ()))
            for loop, waiting in entries:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(waiting.put_nowait, job)
