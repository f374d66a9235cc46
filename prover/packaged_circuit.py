"""The circuits of a built package, prepared for proving: the same as when the package was built."""

from __future__ import annotations

from pathlib import Path

from prover.model_check import expected_of
from prover.zkml.built_package import BuiltPackage
from prover.zkml.cache import Progress
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.errors import BuiltPackageError
from prover.zkml.package import ModelPackage
from prover.zkml.srs import open_srs


def prepare_packaged(
    built: BuiltPackage,
    model: ModelPackage,
    batch_size: int,
    srs: Path | None,
    cache_dir: Path,
    progress: Progress,
) -> Circuit:
    """One circuit of a package.

    Args:
        built: The package.
        model: What it describes.
        batch_size: Which of its circuits.
        srs: The SRS file with which it was built; None for the development SRS in the cache.
        cache_dir: Directory for circuits.
        progress: Is told each step.

    Raises:
        BuiltPackageError: the package was built with another SRS.
        ProverError: the circuit cannot be prepared.
    """
    opened = open_srs(srs, model.knobs_for(batch_size).logrows) if srs else None
    circuit = prepare_circuit(model, cache_dir, progress, opened, batch_size)
    (expected,) = (item for item in expected_of(built).circuits if item.layout["batchSize"] == batch_size)
    if circuit.vk_sha256 != expected.vk_sha256:
        raise BuiltPackageError(
            built.path, f"it was built with another SRS than {srs or f'that in {cache_dir}'}"
        )
    return circuit
