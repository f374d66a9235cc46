"""Proves many jobs at once, as many as the machine has cores and memory for.

A proof is a process of one thread, so that n proofs on n cores take hardly longer than one.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from prover.errors import ShuttingDownError
from prover.zkml.child_process import Watch
from prover.zkml.circuit import Circuit
from prover.zkml.errors import ProofTooLargeError
from prover.zkml.ezkl_process import ProofStep
from prover.zkml.machine import available_memory_bytes, count_cores
from prover.zkml.proof_times import ProofTimes, expect, learn
from prover.zkml.prove import ProvenBatch, prove_batch

_MEMORY_SHARE: Final = 0.8
"""Of the memory that is available when the pool starts."""


@dataclass(frozen=True)
class ProofJob:
    """A proof to make."""

    circuit: Circuit
    batch: Sequence[Sequence[float]]
    """The input values of 1 to `circuit.batch_size` inferences."""
    timeout_s: float
    """Seconds, counted from its start, after which it is killed."""


class ProofState(StrEnum):
    """Where a job is. Between waiting and done: the step of `ProofStep` that it is at."""

    WAITING = "waiting"
    WITNESS = ProofStep.WITNESS
    PROOF = ProofStep.PROOF
    VERIFICATION = ProofStep.VERIFICATION
    DONE = "done"


@dataclass(frozen=True)
class ProofProgress:
    """How far a job is."""

    state: ProofState
    elapsed_s: float
    """Seconds since it started; 0 while it waits."""
    remaining_s: float
    """Estimated seconds until it is done, with those that it waits."""


class ProofFuture(Future[ProvenBatch]):
    """A proof on its way. `cancel` also ends one that runs; others go on."""

    def __init__(self, job: ProofJob, pool: ProofPool) -> None:
        super().__init__()
        self.job = job
        self.watch = Watch()
        self.started: float | None = None
        """When its process started, in seconds of the monotonic clock; None while it waits."""
        self._pool = pool

    @property
    def expected(self) -> ProofTimes:
        """What it will take, from what is known now."""
        return self._pool.expect(self.job.circuit)

    def progress(self) -> ProofProgress:
        """Where it is, and for how long still."""
        if self.done():
            return ProofProgress(ProofState.DONE, 0.0, 0.0)
        if self.started is None:
            return ProofProgress(ProofState.WAITING, 0.0, self._pool.remaining_s(self))
        now, seconds = time.monotonic(), self.expected.seconds
        begins = self.watch.steps[1:]  # the start of the process counts to the first step
        step, since = begins[-1] if begins else (ProofStep.WITNESS.value, self.started)
        later = list(ProofStep)[list(ProofStep).index(ProofStep(step)) + 1 :]
        left_s = max(0.0, seconds[ProofStep(step)] - (now - since)) + sum(seconds[item] for item in later)
        return ProofProgress(ProofState(step), now - self.started, left_s)

    def step_seconds(self, ended: float) -> dict[ProofStep, float]:
        """Seconds of each step of a proof that ended at `ended` of the monotonic clock."""
        marks = [self.started or ended, *(since for _, since in self.watch.steps[1:]), ended]
        return {step: marks[index + 1] - marks[index] for index, step in enumerate(ProofStep)}


class ProofPool:
    """Jobs in, futures out, in the order of submission. A job starts when a worker and its memory are free.

    A job that fails, is killed or takes too long has its error in its future; the others go on.
    """

    def __init__(self, *, workers: int | None = None, memory_bytes: int | None = None) -> None:
        """An idle pool.

        Args:
            workers: Most proofs at once; None for the number of cores.
            memory_bytes: Most memory of all proofs together; None for what the machine has to spare.
        """
        self.workers = workers or count_cores()
        self.memory_bytes = memory_bytes or int(_MEMORY_SHARE * available_memory_bytes())
        self.closed = False
        self._changed = threading.Condition()
        self._waiting: deque[ProofFuture] = deque()
        self._running: list[ProofFuture] = []
        self._times: dict[Path, ProofTimes] = {}

    def __enter__(self) -> Self:
        """The pool."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the pool."""
        self.close()

    def require_room(self, circuit: Circuit) -> None:
        """Checks that a proof of a circuit can run at all.

        Raises:
            ProofTooLargeError: it needs more memory than all proofs together may take.
        """
        needed_bytes = self.expect(circuit).peak_memory_bytes
        if needed_bytes > self.memory_bytes:
            raise ProofTooLargeError(circuit.model, needed_bytes, self.memory_bytes)

    def submit(self, job: ProofJob) -> ProofFuture:
        """Starts a job, or lets it wait. What goes wrong later is in the future.

        Raises:
            ProofTooLargeError: it could never start.
            ShuttingDownError: the pool is closed.
        """
        self.require_room(job.circuit)
        future = ProofFuture(job, self)
        with self._changed:
            if self.closed:
                raise ShuttingDownError
            self._waiting.append(future)
            self._start_ready()
        future.add_done_callback(lambda _: self._when_cancelled(future))
        return future

    def expect(self, circuit: Circuit) -> ProofTimes:
        """What a proof of a circuit will take, from what is known now."""
        known = self._times.get(circuit.paths.settings)
        return known or self._times.setdefault(circuit.paths.settings, expect(circuit))

    def remaining_s(self, waiting: ProofFuture) -> float:
        """Estimated seconds until a job that waits is done, by the times of those before it."""
        with self._changed:
            running, queue = list(self._running), list(self._waiting)
        ends = [item.progress().remaining_s for item in running]
        ends += [0.0] * (self.workers - len(ends))
        heapq.heapify(ends)
        for item in queue:
            end = heapq.heapreplace(ends, ends[0] + item.expected.total_s)
            if item is waiting:
                return end + item.expected.total_s
        return waiting.expected.total_s

    def close(self) -> None:
        """Cancels all jobs, and waits until their processes are gone."""
        with self._changed:
            self.closed = True
            jobs = [*self._waiting, *self._running]
        for job in jobs:
            job.cancel()
        with self._changed:
            self._changed.wait_for(lambda: not self._running)

    def _start_ready(self) -> None:
        """Starts the jobs that are first in line and fit. The caller holds the lock."""
        while self._waiting and len(self._running) < self.workers:
            reserved = sum(item.expected.peak_memory_bytes for item in self._running)
            if reserved + self._waiting[0].expected.peak_memory_bytes > self.memory_bytes:
                return
            future = self._waiting.popleft()
            self._running.append(future)
            future.started = time.monotonic()
            threading.Thread(target=self._work, args=(future,), name="proof").start()

    def _work(self, future: ProofFuture) -> None:
        job = future.job
        made: ProvenBatch | BaseException
        try:
            made = prove_batch(job.circuit, job.batch, job.timeout_s, future.watch)
            seconds = future.step_seconds(time.monotonic())
            learnt = learn(job.circuit, seconds, future.watch.peak_memory_bytes)
            self._times[job.circuit.paths.settings] = learnt
        except BaseException as error:
            made = error
        with self._changed:
            self._running.remove(future)
            self._start_ready()
            self._changed.notify_all()
        _finish(future, made)

    def _when_cancelled(self, future: ProofFuture) -> None:
        if not future.cancelled():
            return
        future.watch.stop()
        with self._changed:
            if future not in self._waiting:
                return
            self._waiting.remove(future)
            self._start_ready()
        future.set_running_or_notify_cancel()


def _finish(future: ProofFuture, made: ProvenBatch | BaseException) -> None:
    """Gives the future its end, unless it was cancelled meanwhile."""
    try:
        if isinstance(made, BaseException):
            future.set_exception(made)
        else:
            future.set_result(made)
    except InvalidStateError:
        future.set_running_or_notify_cancel()
