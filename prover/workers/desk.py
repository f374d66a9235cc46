"""The desk of proofs: takes jobs, gives them to the engine, and takes back only what is still wanted."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from prover.errors import EzklCrashedError, ProverError, ShuttingDownError
from prover.workers.engine import ProofEngine
from prover.workers.errors import (
    ProofJobFailedError,
    ProofLateError,
    ProofsBusyError,
    StaleProofError,
    UnverifiedProofError,
    WorkerLostError,
)
from prover.workers.files import CircuitFiles
from prover.workers.limits import DeskFigures, DeskLimits
from prover.workers.results import decode_result, encode_result
from prover.workers.store import ProofJobState, ProofOrder, ProofStore, StoredProof
from prover.zkml.circuit import Circuit
from prover.zkml.proof_times import expect
from prover.zkml.prove import ProvenBatch, prove_batch

_TICK_S: Final = 0.5
"""Seconds after which the desk looks again for workers that came, and for deadlines that passed."""
_NO_DEADLINE_S: Final = 24 * 3600
"""For which a proof without a deadline is wanted."""
_TRY_AGAIN: Final = (WorkerLostError, EzklCrashedError, UnverifiedProofError)

_log = logging.getLogger("veritally.prover.proofs")


@dataclass(eq=False)
class _Job:
    order: ProofOrder
    circuit: Circuit
    future: Future[ProvenBatch] = field(default_factory=Future)

    @property
    def key(self) -> tuple[bytes, bytes]:
        return self.order.job_id, self.order.encoded_inputs


class ProofDesk:
    """Durable proofs. One thread of its own does all the work; every method may be called from any thread."""

    def __init__(
        self, store: ProofStore, engine: ProofEngine, circuits: Sequence[Circuit], limits: DeskLimits
    ) -> None:
        """An idle desk. Reads the files of the circuits once.

        Args:
            store: Where the jobs are kept.
            engine: Executes them. The desk closes it.
            circuits: All that are to be proved, also for jobs of an earlier run.
            limits: What is allowed.
        """
        self._store, self._engine, self._limits = store, engine, limits
        self._hashes = {item.paths.settings: CircuitFiles.of(item).content_hash for item in circuits}
        self._circuits = {self._hashes[item.paths.settings]: item for item in circuits}
        self._lock = threading.Lock()
        self._closed = False
        self._live: dict[tuple[bytes, bytes], _Job] = {}
        self._steps: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._waiting: list[_Job] = []
        self._running: list[_Job] = []
        self._counts: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._work, name="proof desk", daemon=True)

    def start(self) -> None:
        """Takes up what an earlier run left, and begins to work.

        Raises:
            DatabaseError: the jobs cannot be read.
        """
        self._store.prune(time.time())
        for stored in self._store.left():
            self._resume(stored)
        self._thread.start()

    def prove(
        self, job_id: bytes, circuit: Circuit, batch: Sequence[Sequence[float]], deadline_s: int = 0
    ) -> Future[ProvenBatch]:
        """Has inferences proved, once, also over restarts. What goes wrong later is in the future.

        Args:
            job_id: 32 bytes; the same job gives the same proof.
            circuit: One of the desk's.
            batch: Input values of 1 to `circuit.batch_size` inferences.
            deadline_s: Unix time after which nobody wants it; 0 for none.

        Raises:
            ProofsBusyError: too many jobs wait.
            ProverError: no machine has the memory for it.
            ShuttingDownError: the desk is closed.
        """
        self._engine.require_room(circuit)
        order = ProofOrder(
            job_id=job_id,
            circuit=self._hashes[circuit.paths.settings],
            model=circuit.model,
            inputs=batch,
            deadline_s=deadline_s or int(time.time()) + _NO_DEADLINE_S,
            memory_bytes=expect(circuit).peak_memory_bytes,
        )
        made = _Job(order, circuit)
        with self._lock:
            if self._closed:
                raise ShuttingDownError
            job = self._live.get(made.key)
            if job is not None:
                return job.future
            if len(self._live) >= self._limits.most_jobs:
                raise ProofsBusyError(len(self._live))
            self._keep(made)
        self._steps.put(partial(self._admit, made))
        return made.future

    def figures(self) -> DeskFigures:
        """How much there is to do, and what was done."""
        slots, counts = self._engine.slots(), self._counts
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

    def close(self) -> None:
        """Stops. Jobs that are not over stay in the database for the next run."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        if self._thread.ident is not None:
            self._steps.put(None)
            self._thread.join()
        self._engine.shutdown(cancel_futures=True)
        for job in list(self._live.values()):
            self._end(job, ShuttingDownError())

    def _resume(self, stored: StoredProof) -> None:
        circuit = self._circuits.get(stored.order.circuit)
        if circuit is None:
            claimed = self._store.claim(stored.order.job_id)
            if claimed is not None:
                self._store.fail(stored.order.job_id, claimed.token, "its circuit is no longer served")
            return
        job = _Job(stored.order, circuit)
        self._keep(job)
        self._waiting.append(job)

    def _keep(self, job: _Job) -> None:
        job.future.set_running_or_notify_cancel()  # who waits may go away; the job stays
        self._live[job.key] = job

    def _work(self) -> None:
        while True:
            try:
                step = self._steps.get(timeout=_TICK_S)
            except queue.Empty:
                step = self._fail_late
            if step is None:
                return
            try:
                step()
                self._start_ready()
            except Exception:
                _log.exception("a step of the proof desk failed; the desk goes on")

    def _admit(self, job: _Job) -> None:
        """Stores a job, and lets it wait unless its proof is there already."""
        try:
            stored = self._store.open(job.order, time.time())
            if stored.result is not None:
                self._end(job, decode_result(job.circuit, job.order.inputs, stored.result))
            else:
                self._waiting.append(job)
        except Exception as error:  # whatever it is, somebody waits for it
            self._end(job, error)

    def _fail_late(self) -> None:
        now_s = time.time()
        for job in [item for item in self._waiting if item.order.deadline_s <= now_s]:
            self._waiting.remove(job)
            self._give_up(job, ProofLateError(job.order.model))

    def _start_ready(self) -> None:
        """Gives the engine what it has room for, first what is wanted first."""
        self._waiting.sort(key=lambda job: job.order.deadline_s)
        room = self._engine.slots() - len(self._running)
        at_once = Counter(job.order.model for job in self._running)
        for job in list(self._waiting):
            if room <= 0:
                return
            limit = self._limits.most_per_model
            if limit is not None and at_once[job.order.model] >= limit:
                continue
            self._waiting.remove(job)
            self._start(job)
            at_once[job.order.model] += 1
            room -= 1

    def _start(self, job: _Job) -> None:
        left_s = job.order.deadline_s - time.time()
        if left_s <= 0:
            self._give_up(job, ProofLateError(job.order.model))
            return
        try:
            claimed = self._store.claim(job.order.job_id)
            if claimed is None:
                self._stale(job)
                return
            timeout_s = min(self._limits.timeout_s, left_s)
            future = self._engine.submit(prove_batch, job.circuit, job.order.inputs, timeout_s)
        except Exception as error:  # whatever it is, somebody waits for it
            self._end(job, error)
            return
        with self._lock:
            self._running.append(job)
        future.add_done_callback(lambda ended: self._steps.put(partial(self._ended, job, claimed, ended)))

    def _ended(self, job: _Job, claimed: StoredProof, future: Future[ProvenBatch]) -> None:
        with self._lock:
            self._running.remove(job)
        try:
            self._judge(job, claimed, future)
        except Exception as error:  # whatever it is, somebody waits for it
            self._end(job, error)

    def _judge(self, job: _Job, claimed: StoredProof, future: Future[ProvenBatch]) -> None:
        job_id, token = job.order.job_id, claimed.token
        try:
            made = future.result()
        except CancelledError:
            self._failed(job, claimed, WorkerLostError("it was cancelled"))
        except Exception as error:
            self._failed(job, claimed, error)
        else:
            if self._store.finish(job_id, token, encode_result(made)):
                self._end(job, made)
            else:
                self._stale(job)

    def _failed(self, job: _Job, claimed: StoredProof, error: Exception) -> None:
        job_id, token, attempts = job.order.job_id, claimed.token, claimed.attempts
        again = isinstance(error, _TRY_AGAIN) and attempts < self._limits.most_attempts
        if again and self._store.reopen(job_id, token, str(error)):
            _log.warning("attempt %d of proof %s failed: %s", attempts, job_id.hex(), error)
            self._counts["retried"] += 1
            self._waiting.append(job)
            return
        if not self._store.fail(job_id, token, str(error)):
            self._stale(job)
            return
        several = attempts > 1
        self._end(job, ProofJobFailedError(job.order.model, attempts, str(error)) if several else error)

    def _stale(self, job: _Job) -> None:
        """Another attempt has the job; its proof is taken if it is there."""
        self._counts["stale"] += 1
        stored = self._store.find(job.order.job_id)
        if stored is not None and stored.state is ProofJobState.DONE and stored.result is not None:
            self._end(job, decode_result(job.circuit, job.order.inputs, stored.result))
        else:
            self._end(job, StaleProofError(job.order.model))

    def _give_up(self, job: _Job, error: ProverError) -> None:
        try:
            claimed = self._store.claim(job.order.job_id)
            if claimed is not None:
                self._store.fail(job.order.job_id, claimed.token, str(error))
        finally:
            self._end(job, error)

    def _end(self, job: _Job, outcome: ProvenBatch | BaseException) -> None:
        with self._lock:
            self._live.pop(job.key, None)
        if isinstance(outcome, BaseException):
            self._counts["failed"] += 1
            job.future.set_exception(outcome)
        else:
            self._counts["done"] += 1
            job.future.set_result(outcome)
