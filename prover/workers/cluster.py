"""Proofs on many machines: an engine in front of a scheduler of Dask's `distributed`.

Workers are started with Dask's own command and get a function by name, numbers and bytes. What they give back
is verified here before anybody else sees it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from typing import Any, Final

from distributed import Client
from distributed import Future as DaskFuture

from prover.workers.checking import accept_proof
from prover.workers.engine import ProofEngine
from prover.workers.errors import (
    ClusterFilesError,
    ClusterUnreachableError,
    WorkerLostError,
    WorkerTooSmallError,
)
from prover.workers.files import CircuitFiles
from prover.workers.parcels import Parcels, error_of, request_of
from prover.workers.remote import prove_here, stop_here
from prover.workers.tls import TlsFiles
from prover.zkml.circuit import Circuit
from prover.zkml.proof_pool import ProofJob
from prover.zkml.proof_times import expect
from prover.zkml.prove import ProvenBatch, fill_slots

MEMORY: Final = "memory"
"""Resource of a worker, in bytes."""
CORES: Final = "cores"
"""Resource of a worker; a proof takes one."""
_CONNECT_S: Final = 15.0
_LOOK_S: Final = 0.5
"""Seconds after which the workers are counted again."""
_ASK_S: Final = 0.1
"""Seconds after which a proof is looked at again."""
_FETCH_S: Final = 120.0
"""Seconds in which the result of a proof must be here."""
_PARTING_S: Final = 5.0
"""Seconds for which a proof that is no longer wanted may take to be ended on its worker."""
_MOST_TRANSFERS: Final = 5
"""Times that one proof waits for files: it may meet a worker each time that lacks them."""

_log = logging.getLogger("veritally.prover.cluster")


class ClusterProofs(ProofEngine):
    """Proofs on the workers of a scheduler."""

    def __init__(
        self, address: str, tls: TlsFiles | None = None, *, connect_timeout_s: float = _CONNECT_S
    ) -> None:
        """Connects.

        Args:
            address: tcp://host:port, or tls://host:port.
            tls: Certificates, for tls:// only.
            connect_timeout_s: Seconds after which an attempt to connect is given up.

        Raises:
            ClusterUnreachableError: no scheduler answers there.
            ClusterFilesError: a certificate is missing, or there is one too many.
        """
        if tls is None and address.startswith("tls://"):
            raise ClusterFilesError(None, "is missing")
        self._address, self._security = address, tls.security(address) if tls else None
        self._connect_timeout_s = connect_timeout_s
        self._files: dict[str, CircuitFiles] = {}
        self._parcels = Parcels()
        self._workers: Mapping[str, Mapping[str, float]] = {}
        self._closing = threading.Event()
        self._begun: dict[Future[ProvenBatch], threading.Thread] = {}
        self._client = self._connect()
        self._count_workers()
        self._watcher = threading.Thread(target=self._watch, name="cluster", daemon=True)
        self._watcher.start()

    def begin(self, job: ProofJob) -> Future[ProvenBatch]:
        """Gives a proof to the scheduler, which gives it to another worker when one dies.

        Raises:
            WorkerTooSmallError: no worker has the memory.
        """
        self.require_room(job.circuit)
        future: Future[ProvenBatch] = Future()
        work = threading.Thread(target=self._work, args=(job, future), name="cluster proof", daemon=True)
        self._begun[future] = work
        work.start()
        return future

    def slots(self) -> int:
        """Cores of all workers that have told theirs; 0 while the scheduler is gone."""
        if self._client.status != "running":
            return 0
        return sum(int(resources.get(CORES, 0)) for resources in self._workers.values())

    def require_room(self, circuit: Circuit) -> None:
        """Checks the memory of the largest worker; while there is none, proofs wait for one.

        Raises:
            WorkerTooSmallError: it is not enough.
        """
        offers = [int(resources.get(MEMORY, 0)) for resources in self._workers.values()]
        needed_bytes = expect(circuit).peak_memory_bytes
        if offers and max(offers) < needed_bytes:
            raise WorkerTooSmallError(circuit.model, needed_bytes, max(offers))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends all proofs, and leaves the cluster; its workers stay."""
        begun = dict(self._begun)
        for future in begun if cancel_futures else ():
            future.cancel()
        for work in begun.values() if wait else ():
            work.join(_PARTING_S)
        self._closing.set()
        if wait:
            self._watcher.join()
        self._client.close(timeout=_LOOK_S)

    def _connect(self) -> Client:
        try:
            return Client(
                self._address,
                security=self._security,
                timeout=self._connect_timeout_s,
                set_as_default=False,
                name="veritally-prover",
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterUnreachableError(self._address, str(error) or type(error).__name__) from None

    def _watch(self) -> None:
        """Counts the workers, and connects again after the scheduler was gone for long."""
        while not self._closing.wait(_LOOK_S):
            try:
                if self._client.status == "closed":
                    self._client = self._connect()
                    _log.warning("connected to the scheduler at %s again", self._address)
                self._count_workers()
            except Exception as error:  # whatever it is, there are no workers now
                if self._workers:
                    _log.warning("the scheduler at %s is gone: %s", self._address, error)
                self._workers = {}

    def _count_workers(self) -> None:
        if self._client.status != "running":
            raise ConnectionError(f"the connection is {self._client.status}")
        known = self._client.scheduler_info(n_workers=-1)["workers"]
        self._workers = {address: worker["resources"] for address, worker in known.items()}

    def _work(self, job: ProofJob, future: Future[ProvenBatch]) -> None:
        try:
            made: ProvenBatch | BaseException = self._prove(job, future)
        except BaseException as error:
            made = error
        self._begun.pop(future, None)
        with contextlib.suppress(InvalidStateError):  # it was cancelled meanwhile
            if isinstance(made, BaseException):
                future.set_exception(made)
            else:
                future.set_result(made)

    def _prove(self, job: ProofJob, future: Future[ProvenBatch]) -> ProvenBatch:
        circuit, slots = job.circuit, fill_slots(job.circuit, job.batch)
        files = self._files_of(circuit)
        request = request_of(job, files)
        for _ in range(_MOST_TRANSFERS):
            answer = self._ask(request, expect(circuit).peak_memory_bytes, future)
            if "missing" not in answer:
                break
            self._parcels.send(self._client, answer["worker"], files, answer["missing"])
        else:
            raise WorkerLostError("its files did not stay on the workers")
        if "error" in answer:
            raise error_of(answer["worker"], answer["error"])
        return accept_proof(circuit, slots, len(job.batch), answer["result"], answer["worker"])

    def _files_of(self, circuit: Circuit) -> CircuitFiles:
        key = str(circuit.paths.settings)
        return self._files.get(key) or self._files.setdefault(key, CircuitFiles.of(circuit))

    def _ask(self, request: bytes, memory_bytes: int, future: Future[ProvenBatch]) -> dict[str, Any]:
        """Has a worker answer; its answer is JSON."""
        client = self._client
        try:
            asked = client.submit(
                prove_here,
                request,
                key=f"prove-{uuid.uuid4()}",
                pure=False,
                resources={MEMORY: memory_bytes, CORES: 1},
            )
            answer: dict[str, Any] = json.loads(self._await(client, asked, future, request))
        except WorkerLostError:
            raise
        except Exception as error:  # Dask has no base class of its own errors
            raise WorkerLostError(f"{type(error).__name__}: {error}") from None
        return answer

    def _await(
        self, client: Client, asked: DaskFuture[bytes], future: Future[ProvenBatch], request: bytes
    ) -> bytes:
        while asked.status == "pending":
            if future.cancelled():
                asked.cancel()
                client.run(stop_here, json.loads(request)["id"])
                raise WorkerLostError("it is no longer wanted")
            if client.status != "running":
                raise WorkerLostError(f"the scheduler at {self._address} is gone")
            time.sleep(_ASK_S)
        if asked.status == "lost":
            raise WorkerLostError(f"the scheduler at {self._address} is gone")
        # Results of several threads are fetched together: a short limit of one would break those of others.
        return bytes(asked.result(timeout=_FETCH_S))
