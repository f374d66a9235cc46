"""What executes proofs: an `Executor` for the one function `prove_batch`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar, cast

from prover.zkml.circuit import Circuit
from prover.zkml.proof_pool import ProofJob, ProofPool
from prover.zkml.prove import ProvenBatch, prove_batch

P = ParamSpec("P")
T = TypeVar("T")


class ProofEngine(Executor):
    """Executes `prove_batch(circuit, batch, timeout_s)` somewhere. It remembers nothing: rows do."""

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begins a proof; what goes wrong later is in the future, which may be cancelled at any time.

        Raises:
            TypeError: it is another function.
        """
        if function is not prove_batch:
            raise TypeError(f"an engine of proofs runs prove_batch, not {function!r}")
        make_job = cast(Callable[..., ProofJob], ProofJob)
        return cast("Future[T]", self.begin(make_job(*args, **kwargs)))

    @abstractmethod
    def begin(self, job: ProofJob) -> Future[ProvenBatch]:
        """Begins a proof.

        Raises:
            ProverError: it can never be made here.
        """

    @abstractmethod
    def slots(self) -> int:
        """Proofs that can be made at once now; 0 while there is no worker."""

    @abstractmethod
    def require_room(self, circuit: Circuit) -> None:
        """Checks that a proof of a circuit can be made at all.

        Raises:
            ProverError: nothing here has the memory.
        """


class LocalProofs(ProofEngine):
    """Proofs in processes of this machine, as many as it has cores and memory for."""

    def __init__(self, pool: ProofPool) -> None:
        self._pool = pool

    def begin(self, job: ProofJob) -> Future[ProvenBatch]:
        """Begins a proof, or lets it wait until its memory is free.

        Raises:
            ProofTooLargeError: it could never start.
            ShuttingDownError: the pool is closed.
        """
        return self._pool.submit(job)

    def slots(self) -> int:
        """Cores, or what the operator allows."""
        return self._pool.workers

    def require_room(self, circuit: Circuit) -> None:
        """Checks the memory.

        Raises:
            ProofTooLargeError: a proof needs more than all proofs together may take.
        """
        self._pool.require_room(circuit)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Ends all proofs, and waits until their processes are gone."""
        self._pool.close()
