"""Opens the desk of proofs, with the engine that the operator chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prover.workers.desk import ProofDesk
from prover.workers.engine import LocalProofs, ProofEngine
from prover.workers.errors import ClusterMissingError
from prover.workers.limits import DeskLimits
from prover.workers.store import ProofStore
from prover.zkml.circuit import Circuit
from prover.zkml.proof_pool import ProofPool
from veritally.transactions import Database


@dataclass(frozen=True)
class ClusterSettings:
    """Where the scheduler is, and what is shown to it."""

    address: str
    """tcp://host:port, or tls://host:port with the three files."""
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


def open_desk(
    database: Database,
    circuits: Sequence[Circuit],
    limits: DeskLimits,
    cluster: ClusterSettings | None = None,
    max_parallel_proofs: int | None = None,
) -> ProofDesk:
    """A desk for the circuits that are served; it works once it is started.

    Args:
        database: Has the table of proof jobs.
        circuits: All that are to be proved.
        limits: What the desk allows.
        cluster: None for the processes of this machine.
        max_parallel_proofs: On this machine; None for as many as it has cores and memory for.

    Raises:
        ProverError: a proof needs more memory than there is, or the scheduler cannot be reached.
    """
    engine = LocalProofs(ProofPool(workers=max_parallel_proofs)) if cluster is None else _connect(cluster)
    for circuit in circuits:
        engine.require_room(circuit)
    return ProofDesk(ProofStore(database), engine, circuits, limits)


def _connect(cluster: ClusterSettings) -> ProofEngine:
    try:  # an extra that most provers do without
        from prover.workers.cluster import ClusterProofs
        from prover.workers.tls import TlsFiles
    except ModuleNotFoundError as error:
        if error.name != "distributed":
            raise
        raise ClusterMissingError from None
    return ClusterProofs(
        cluster.address, TlsFiles.of(cluster.ca_file, cluster.certificate_file, cluster.key_file)
    )
