"""The desk of proofs: takes jobs, gives them to the engine, and takes back only what is still wanted."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Final

from prover.errors import EzklCrashedError, ProverError, ShuttingDownError
from prover.workers.engine import ProofEngine
from prover.workers.errors import (
    ProofJobFailedError,
    ProofLateError,
    StaleProofError,
    UnverifiedProofError,
    WorkerLostError,
)
from prover.workers.files import CircuitFiles
from prover.workers.limits import DeskFigures, DeskLimits
from prover.workers.open_jobs import OpenJobs, ProofWork
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
        self._open = OpenJobs(limits.most_jobs)
        self._steps: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._waiting: list[ProofWork] = []
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
        job, is_new = self._open.take(ProofWork(order, circuit))
        if is_new:
            self._steps.put(partial(self._admit, job))
        return job.future

    def figures(self) -> DeskFigures:
        """How much there is to do, and what was done."""
        return self._open.figures(self._engine.slots())

    def close(self) -> None:
        """Stops. Jobs that are not over stay in the database for the next run."""
        if not self._open.close():
            return
        if self._thread.ident is not None:
            self._steps.put(None)
            self._thread.join()
        self._engine.shutdown(cancel_futures=True)
        for job in self._open.all():
            self._open.end(job, ShuttingDownError())

    def _resume(self, stored: StoredProof) -> None:
        circuit = self._circuits.get(stored.order.circuit)
        if circuit is None:
            claimed = self._store.claim(stored.order.job_id)
            if claimed is not None:
                self._store.fail(stored.order.job_id, claimed.token, "its circuit is no longer served")
            return
        job = ProofWork(stored.order, circuit)
        self._open.keep(job)
        self._waiting.append(job)

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

    def _admit(self, job: ProofWork) -> None:
        """Stores a job, and lets it wait unless its proof is there already."""
        try:
            stored = self._store.open(job.order, time.time())
            if stored.result is not None:
                self._open.end(job, decode_result(job.circuit, job.order.inputs, stored.result))
            else:
                self._waiting.append(job)
        except Exception as error:  # whatever it is, somebody waits for it
            self._open.end(job, error)

    def _fail_late(self) -> None:
        now_s = time.time()
        for job in [item for item in self._waiting if item.order.deadline_s <= now_s]:
            self._waiting.remove(job)
            self._give_up(job, ProofLateError(job.order.model))

    def _start_ready(self) -> None:
        """Gives the engine what it has room for, first what is wanted first."""
        self._waiting.sort(key=lambda job: job.order.deadline_s)
        at_once = self._open.running_per_model()
        room = self._engine.slots() - at_once.total()
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

    def _start(self, job: ProofWork) -> None:
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
            self._open.end(job, error)
            return
        self._open.begin(job)
        future.add_done_callback(lambda ended: self._steps.put(partial(self._ended, job, claimed, ended)))

    def _ended(self, job: ProofWork, claimed: StoredProof, future: Future[ProvenBatch]) -> None:
        self._open.pause(job)
        try:
            self._judge(job, claimed, future)
        except Exception as error:  # whatever it is, somebody waits for it
            self._open.end(job, error)

    def _judge(self, job: ProofWork, claimed: StoredProof, future: Future[ProvenBatch]) -> None:
        job_id, token = job.order.job_id, claimed.token
        try:
            made = future.result()
        except CancelledError:
            self._failed(job, claimed, WorkerLostError("it was cancelled"))
        except Exception as error:
            self._failed(job, claimed, error)
        else:
            if self._store.finish(job_id, token, encode_result(made)):
                self._open.end(job, made)
            else:
                self._stale(job)

    def _failed(self, job: ProofWork, claimed: StoredProof, error: Exception) -> None:
        job_id, token, attempts = job.order.job_id, claimed.token, claimed.attempts
        again = isinstance(error, _TRY_AGAIN) and attempts < self._limits.most_attempts
        if again and self._store.reopen(job_id, token, str(error)):
            _log.warning("attempt %d of proof %s failed: %s", attempts, job_id.hex(), error)
            self._open.counts["retried"] += 1
            self._waiting.append(job)
            return
        if not self._store.fail(job_id, token, str(error)):
            self._stale(job)
            return
        several = attempts > 1
        self._open.end(job, ProofJobFailedError(job.order.model, attempts, str(error)) if several else error)

    def _stale(self, job: ProofWork) -> None:
        """Another attempt has the job; its proof is taken if it is there."""
        self._open.counts["stale"] += 1
        stored = self._store.find(job.order.job_id)
        if stored is not None and stored.state is ProofJobState.DONE and stored.result is not None:
            self._open.end(job, decode_result(job.circuit, job.order.inputs, stored.result))
        else:
            self._open.end(job, StaleProofError(job.order.model))

    def _give_up(self, job: ProofWork, error: ProverError) -> None:
        try:
            claimed = self._store.claim(job.order.job_id)
            if claimed is not None:
                self._store.fail(job.order.job_id, claimed.token, str(error))
        finally:
            self._open.end(job, error)
