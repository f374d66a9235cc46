"""Writes tests/vectors/zkml/mlp.json and mlp_batch16.json: verifiers, accumulators, and proofs for them.

The circuits stay in the cache directory. Without it there is a new development SRS, and so other verifiers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path

from prover.zkml.accumulator import CONTRACT
from prover.zkml.cheaper import make_cheaper_accumulator
from prover.zkml.circuit import GUARDED, Circuit, prepare_circuit
from prover.zkml.package import Knobs, ModelPackage
from prover.zkml.prove import prove
from prover.zkml.solidity import compile_generated, compile_verifier

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "vectors" / "zkml"
INPUTS, OUTPUTS = 16, 4
SEED = 5
PROOF_TIMEOUT_S = 600.0


def describe_package(name: str, batch: int, logrows: int) -> ModelPackage:
    """The MLP for `batch` inputs at once, with the knobs of its cheapest circuit."""
    onnx = FOLDER / f"{name}.onnx"
    network = onnx.read_bytes()
    return ModelPackage(
        name=name.replace("_", "-"),
        version="1.0.0",
        description="An MLP of 1,140 parameters with random weights.",
        onnx=onnx,
        network=network,
        weights_hash=hashlib.sha256(network).digest(),
        input_names=tuple(f"input {index}" for index in range(batch * INPUTS)),
        input_shape=(batch, INPUTS),
        input_range=(-1.0, 1.0),
        labels=tuple(f"output {index}" for index in range(batch * OUTPUTS)),
        max_error=0.1,
        circuits=(
            Knobs(
                scale=7,
                logrows=logrows,
                decomp_base=4096,
                decomp_legs=2,
                num_inner_cols=1,
                disable_freivalds=True,
                input_visibility="public",
                output_visibility="public",
                param_visibility="fixed",
            ),
        ),
    )


def describe_proof(circuit: Circuit, inputs: Sequence[float]) -> dict[str, object]:
    """One proof."""
    made = prove(circuit, inputs, PROOF_TIMEOUT_S)
    return {
        "instances": [f"0x{word:064x}" for word in made.instances],
        "proof": f"0x{made.proof.hex()}",
    }


def describe_circuit(circuit: Circuit, batch: int, proofs: int) -> dict[str, object]:
    """What a test deploys, and proofs for it."""
    folder = circuit.paths.settings.parent
    guarded = (folder / GUARDED).read_text(encoding="utf-8")
    accumulator = make_cheaper_accumulator(guarded)
    random_numbers = random.Random(SEED)
    return {
        "batchSize": batch,
        "inputCount": INPUTS,
        "outputCount": OUTPUTS,
        "stockCreationBytecode": f"0x{compile_verifier(guarded).creation_bytecode.hex()}",
        "verifierCreationBytecode": f"0x{circuit.verifier_bytecode.hex()}",
        "accumulatorCreationBytecode": (
            f"0x{compile_generated(accumulator, CONTRACT).creation_bytecode.hex()}"
        ),
        "proofs": [
            describe_proof(circuit, [random_numbers.uniform(-1, 1) for _ in range(circuit.inputs)])
            for _ in range(proofs)
        ],
    }


def write(name: str, batch: int, logrows: int, proofs: int, cache_dir: Path) -> None:
    """Prepares one circuit, proves, and writes its file."""
    circuit = prepare_circuit(describe_package(name, batch, logrows), cache_dir, print)
    text = json.dumps(describe_circuit(circuit, batch, proofs), indent=1) + "\n"
    target = FOLDER / f"{name}.json"
    target.write_text(text, encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {len(text)} bytes, {proofs} proofs")


def main() -> int:
    """Writes both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache-dir", type=Path, default=ROOT / ".cache" / "zkml", help="where circuits are kept"
    )
    cache_dir: Path = parser.parse_args().cache_dir
    write("mlp", 1, 13, 16, cache_dir)
    write("mlp_batch16", 16, 17, 2, cache_dir)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
