"""Writes tests/vectors/zkml/committed.json: a circuit that commits to its inputs, and its proofs.

The circuit stays in the cache directory. Without it there is a new development SRS, and so another verifier.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

from prover.zkml.accumulator import CONTRACT
from prover.zkml.cheaper import make_cheaper_accumulator
from prover.zkml.circuit import GUARDED, Circuit, prepare_circuit
from prover.zkml.commitment import commit_words
from prover.zkml.package import ModelPackage
from prover.zkml.prove import prove
from prover.zkml.solidity import compile_generated

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "vectors" / "zkml"
PROOFS = 3
SEED = 7
PROOF_TIMEOUT_S = 120.0


def describe_proof(circuit: Circuit, inputs: Sequence[float]) -> dict[str, object]:
    """One proof; floats are decimal strings, so that every JSON reader takes them."""
    made = prove(circuit, inputs, PROOF_TIMEOUT_S)
    folder = circuit.paths.settings.parent
    return {
        "inputs": [repr(value) for value in inputs],
        "commitment": f"0x{commit_words(folder, circuit.paths.srs, made.input_words).hex()}",
        "requestHash": f"0x{made.request_hash.hex()}",
        "instances": [f"0x{word:064x}" for word in made.instances],
        "proof": f"0x{made.proof.hex()}",
    }


def describe_circuit(circuit: Circuit) -> dict[str, object]:
    """What a test registers and deploys, and proofs for it."""
    guarded = (circuit.paths.settings.parent / GUARDED).read_text(encoding="utf-8")
    accumulator = make_cheaper_accumulator(guarded)
    random_numbers = random.Random(SEED)
    inputs = [[round(random_numbers.uniform(-1, 1), 3) for _ in range(circuit.inputs)] for _ in range(PROOFS)]
    return {
        "inputCount": circuit.inputs,
        "outputCount": circuit.outputs,
        "inputScale": circuit.input_scale,
        "outputScale": circuit.output_scale,
        "predictedVerifyGas": circuit.predicted_verify_gas,
        "verifierCreationBytecode": f"0x{circuit.verifier_bytecode.hex()}",
        "accumulatorCreationBytecode": (
            f"0x{compile_generated(accumulator, CONTRACT).creation_bytecode.hex()}"
        ),
        "proofs": [describe_proof(circuit, values) for values in inputs],
    }


def main() -> int:
    """Prepares the circuit, proves and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache-dir", type=Path, default=ROOT / ".cache" / "zkml", help="where circuits are kept"
    )
    cache_dir: Path = parser.parse_args().cache_dir
    circuit = prepare_circuit(ModelPackage.load(FOLDER / "committed"), cache_dir, print)
    text = json.dumps(describe_circuit(circuit), indent=1) + "\n"
    target = FOLDER / "committed.json"
    target.write_text(text, encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {len(text)} bytes, {PROOFS} proofs")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
