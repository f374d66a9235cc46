"""The proofs that somebody waits for, and how many there were of each outcome."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field

from prover.errors import ShuttingDownError
from prover.workers.errors import ProofsBusyError
from prover.workers.limits import DeskFigures
from prover.workers.store import ProofOrder
from prover.zkml.circuit import Circuit
from prover.zkml.prove import ProvenBatch


@dataclass(eq=False)
class ProofWork:
    """A proof that is wanted, and what its result is given to."""

    order: ProofOrder
    circuit: Circuit
    future: Future[ProvenBatch] = field(default_factory=Future)

    @property
    def key(self) -> tuple[bytes, bytes]:
        """The same for the same proof."""
        return self.order.job_id, self.order.encoded_inputs


class OpenJobs:
    """Jobs from their coming to their end. Every method may be called from any thread."""

    def __init__(self, most: int) -> None:
        """None yet, and `most` at once."""
        self._most = most
        self._lock = threading.Lock()
        self._closed = False
        self._live: dict[tuple[bytes, bytes], ProofWork] = {}
        self._running: list[ProofWork] = []
        self.counts: Counter[str] = Counter()

    def take(self, made: ProofWork) -> tuple[ProofWork, bool]:
        """The job for a proof, and whether it is a new one.

        Raises:
            ProofsBusyError: there are too many.
            ShuttingDownError: no more are taken.
        """
        with self._lock:
            if self._closed:
                raise ShuttingDownError
            job = self._live.get(made.key)
            if job is not None:
                return job, False
            if len(self._live) >= self._most:
                raise ProofsBusyError(len(self._live))
            self.keep(made)
        return made, True

    def keep(self, job: ProofWork) -> None:
        """Adds a job of an earlier run, however many there are."""
        job.future.set_running_or_notify_cancel()  # who waits may go away; the job stays
        self._live[job.key] = job

    def begin(self, job: ProofWork) -> None:
        """The engine has it."""
        with self._lock:
            self._running.append(job)

    def pause(self, job: ProofWork) -> None:
        """The engine has it no more."""
        with self._lock:
            self._running.remove(job)

    def end(self, job: ProofWork, outcome: ProvenBatch | BaseException) -> None:
        """Tells who waits."""
        with self._lock:
            self._live.pop(job.key, None)
        if isinstance(outcome, BaseException):
            self.counts["failed"] += 1
            job.future.set_exception(outcome)
        else:
            self.counts["done"] += 1
            job.future.set_result(outcome)

    def close(self) -> bool:
        """Takes no more jobs; tells whether it did so far."""
        with self._lock:
            was_open, self._closed = not self._closed, True
        return was_open

    def all(self) -> list[ProofWork]:
        """Every job that is not over."""
        with self._lock:
            return list(self._live.values())

    def running_per_model(self) -> Counter[str]:
        """How many the engine has of each model."""
        with self._lock:
            return Counter(job.order.model for job in self._running)

    def figures(self, slots: int) -> DeskFigures:
        """How much there is to do, and what was done."""
        counts = self.counts
        with self._lock:
            running, live = len(self._running), len(self._live)
        return DeskFigures(
            waiting=max(0, live - running),
            running=running,
            slots=slots,
            done=counts["done"],
            failed=counts["failed"],
            retried=counts["retried"],
            stale=counts["stale"],
        )
