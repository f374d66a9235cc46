"""Errors of proof jobs.

ProverError
├── RequestRefusedError: the client gets status, code and message; its payment was not used
│   ├── ProofsBusyError
│   └── ProofLateError
├── ProofJobFailedError
├── StaleProofError
├── UnverifiedProofError
├── WorkerLostError
├── WorkerInputError (also an InputError)
├── WorkerFailedError
├── WorkerTooSmallError
├── ClusterMissingError
├── ClusterUnreachableError
└── ClusterFilesError
"""

from __future__ import annotations

from pathlib import Path

from prover.errors import InputError, ProverError, RequestRefusedError


class ProofsBusyError(RequestRefusedError):
    """More proofs wait than the prover takes."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            503,
            "busy",
            f"{waiting} proofs wait already; send the request again later, this payment was not used",
        )
        self.waiting = waiting


class ProofLateError(RequestRefusedError):
    """A proof was not there when its payment could no longer be collected."""

    def __init__(self, model: str) -> None:
        super().__init__(
            503,
            "too_late",
            f"a proof of model {model} was not made before its payment expired; pay again when fewer "
            "wait, or with a later deadline",
        )
        self.model = model


class ProofJobFailedError(ProverError):
    """A job was given up after several attempts."""

    def __init__(self, model: str, attempts: int, problem: str) -> None:
        super().__init__(
            f"a proof of model {model} failed {attempts} times, the last time because: {problem}; "
            "look at the workers' logs"
        )
        self.model = model
        self.attempts = attempts


class StaleProofError(ProverError):
    """Another process has the job by now."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"a proof of model {model} came too late: another process has taken its job over; run one prover "
            "for each key, and send the request again"
        )
        self.model = model


class UnverifiedProofError(ProverError):
    """What a worker gave as a proof is none."""

    def __init__(self, model: str, worker: str) -> None:
        super().__init__(
            f"worker {worker} gave a proof of model {model} that does not verify; stop that worker and look "
            "at its machine"
        )
        self.model = model
        self.worker = worker


class WorkerLostError(ProverError):
    """A worker or the scheduler was gone before the proof was made; another attempt may go well."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the proof was lost on its way ({problem}); it is tried again")


class WorkerInputError(InputError):
    """A worker found that values do not fit the circuit."""


class WorkerFailedError(ProverError):
    """A worker could not make a proof."""

    def __init__(self, worker: str, problem: str) -> None:
        super().__init__(f"worker {worker}: {problem}")
        self.worker = worker


class WorkerTooSmallError(ProverError):
    """No worker of the cluster has the memory that a proof needs."""

    def __init__(self, model: str, needed_bytes: int, largest_bytes: int) -> None:
        super().__init__(
            f"a proof of model {model} takes {needed_bytes} bytes of memory, the largest worker offers "
            f"{largest_bytes}; start one with `dask worker --resources 'memory=...'` that has more"
        )
        self.needed_bytes = needed_bytes


class ClusterMissingError(ProverError):
    """What speaks to a cluster is not installed."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("a cluster needs Dask's distributed; install it: pip install 'veritally[cluster]'")


class ClusterUnreachableError(ProverError):
    """The scheduler does not answer, or not over TLS."""

    exit_code = 3

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(
            f"no scheduler at {address} ({problem}); start it with `dask scheduler`, and compare address and "
            "certificates"
        )
        self.address = address


class ClusterFilesError(ProverError):
    """A file for TLS is missing."""

    exit_code = 2

    def __init__(self, path: Path | None, problem: str) -> None:
        super().__init__(
            f"TLS of the cluster: {path or 'a file'} {problem}; it takes the files of a CA, a certificate "
            "and its key, and an address that begins with tls://"
        )
