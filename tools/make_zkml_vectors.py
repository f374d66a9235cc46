"""Writes tests/vectors/zkml/iris.json: the iris verifier and two proofs that it accepts.

Every run makes a new development SRS in a temporary directory, and so another verifier and other proofs.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.package import ModelPackage
from prover.zkml.prove import prove

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "prover" / "models" / "iris"
TARGET = ROOT / "tests" / "vectors" / "zkml" / "iris.json"
FLOWERS_CM = ((5.1, 3.5, 1.4, 0.2), (6.3, 3.3, 6.0, 2.5))
"""A setosa and a virginica."""
PROOF_TIMEOUT_S = 120.0


def describe_proof(circuit: Circuit, inputs: Sequence[float]) -> dict[str, object]:
    """One proof; floats are decimal strings, so that every JSON reader takes them."""
    made = prove(circuit, inputs, PROOF_TIMEOUT_S)
    return {
        "inputs": [repr(value) for value in inputs],
        "outputs": [repr(value) for value in made.outputs],
        "instances": [f"0x{word:064x}" for word in made.instances],
        "proof": f"0x{made.proof.hex()}",
    }


def describe_circuit(package: ModelPackage, circuit: Circuit) -> dict[str, object]:
    """What a test registers and deploys, and its proofs."""
    return {
        "model": package.name,
        "weightsHash": f"0x{package.weights_hash.hex()}",
        "verifyingKeyHash": f"0x{circuit.vk_sha256.hex()}",
        "inputCount": circuit.inputs,
        "outputCount": circuit.outputs,
        "inputScale": circuit.input_scale,
        "outputScale": circuit.output_scale,
        "predictedVerifyGas": circuit.predicted_verify_gas,
        "verifierCreationBytecode": f"0x{circuit.verifier_bytecode.hex()}",
        "proofs": [describe_proof(circuit, flower) for flower in FLOWERS_CM],
    }


def main() -> int:
    """Prepares the circuit, proves and writes the file."""
    package = ModelPackage.load(PACKAGE)
    with tempfile.TemporaryDirectory() as cache_dir:
        content = describe_circuit(package, prepare_circuit(package, Path(cache_dir), print))
    text = json.dumps(content, indent=1) + "\n"
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(text)} bytes, {len(FLOWERS_CM)} proofs")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
