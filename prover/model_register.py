"""Puts a built package on the chain: the model, its circuits and their accumulators."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from prover.packaged_circuit import prepare_packaged
from prover.registration import Registrar
from prover.zkml.built_package import BuiltPackage
from prover.zkml.cache import Progress
from prover.zkml.circuit_accumulator import prepare_accumulator
from prover.zkml.package import ModelPackage
from prover.zkml.srs import require_srs_for

PROOF_TIMEOUT_S: Final = 1800.0


def register_package(
    registrar: Registrar, built: BuiltPackage, srs: Path | None, cache_dir: Path, progress: Progress
) -> None:
    """Registers what is not registered yet. All circuits are prepared before anything is sent.

    Args:
        registrar: Of the model's owner.
        built: The package.
        srs: The SRS file with which it was built; None for the development SRS in the cache.
        cache_dir: Directory for circuits.
        progress: Is told each step, and the addresses.

    Raises:
        BuiltPackageError: the package was built with another SRS.
        DevelopmentSrsError: it was built with a development SRS, and value on this chain is real.
        ProverError: a circuit or a proof cannot be made.
        TransactionFailedError: the registry refuses something.
    """
    model = ModelPackage.load(built.path)
    sizes = [knobs.batch_size for knobs in model.circuits]
    circuits = [prepare_packaged(built, model, size, srs, cache_dir, progress) for size in sizes]
    for circuit in circuits:
        require_srs_for(registrar.chain.chain_id, circuit.development_srs, model.name)
    model_id = registrar.ensure_model(model)
    progress(f"model 0x{model_id.hex()}")
    for circuit in circuits:
        registered = registrar.ensure_circuit(model_id, circuit, PROOF_TIMEOUT_S)
        progress(f"circuit {registered.index} for {circuit.batch_size}: verifier {registered.verifier}")
        accumulator = prepare_accumulator(circuit, progress)
        if accumulator is not None:
            address = registrar.ensure_accumulator(
                model_id, registered.index, model, circuit, accumulator, PROOF_TIMEOUT_S
            )
            progress(f"circuit {registered.index} for {circuit.batch_size}: accumulator {address}")
