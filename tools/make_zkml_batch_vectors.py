"""Writes mlp.json, mlp_batch16.json and lookup.json to tests/vectors/zkml: verifiers and proofs for them.

The circuits stay in the cache directory. Without it there is a new development SRS, and so other verifiers.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

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


def describe_lookup_package() -> ModelPackage:
    """A network whose circuit has a lookup and two inner columns: most of the text that the MLP's has not."""
    single = describe_package("mlp", 1, 13)
    onnx = FOLDER / "lookup.onnx"
    network = onnx.read_bytes()
    knobs = msgspec.structs.replace(
        single.knobs, decomp_base=128, decomp_legs=3, num_inner_cols=2, lookup_range=(-2048, 2048)
    )
    return dataclasses.replace(
        single,
        name="lookup",
        description="Three sigmoids of four inputs, with random weights.",
        onnx=onnx,
        network=network,
        weights_hash=hashlib.sha256(network).digest(),
        input_names=single.input_names[:4],
        input_shape=(1, 4),
        labels=single.labels[:3],
        circuits=(knobs,),
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
    return {
        "batchSize": batch,
        "inputCount": INPUTS,
        "outputCount": OUTPUTS,
        "stockCreationBytecode": f"0x{compile_verifier(read_guarded(circuit)).creation_bytecode.hex()}",
        "verifierCreationBytecode": f"0x{circuit.verifier_bytecode.hex()}",
        **describe_batch(circuit, proofs),
    }


def describe_batch(circuit: Circuit, proofs: int) -> dict[str, object]:
    """An accumulator, and proofs for it."""
    accumulator = compile_generated(make_cheaper_accumulator(read_guarded(circuit)), CONTRACT)
    random_numbers = random.Random(SEED)
    return {
        "accumulatorCreationBytecode": f"0x{accumulator.creation_bytecode.hex()}",
        "proofs": [
            describe_proof(circuit, [random_numbers.uniform(-1, 1) for _ in range(circuit.inputs)])
            for _ in range(proofs)
        ],
    }


def read_guarded(circuit: Circuit) -> str:
    """The verifier as it is generated, with the guard."""
    return (circuit.paths.settings.parent / GUARDED).read_text(encoding="utf-8")


def write(name: str, content: dict[str, object]) -> None:
    """Writes one file."""
    text = json.dumps(content, indent=1) + "\n"
    target = FOLDER / f"{name}.json"
    target.write_text(text, encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {len(text)} bytes")


def main() -> int:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache-dir", type=Path, default=ROOT / ".cache" / "zkml", help="where circuits are kept"
    )
    cache_dir: Path = parser.parse_args().cache_dir
    mlp = prepare_circuit(describe_package("mlp", 1, 13), cache_dir, print)
    write("mlp", describe_circuit(mlp, 1, proofs=16))
    batch = prepare_circuit(describe_package("mlp_batch16", 16, 17), cache_dir, print)
    write("mlp_batch16", describe_circuit(batch, 16, proofs=2))
    lookup = prepare_circuit(describe_lookup_package(), cache_dir, print)
    write("lookup", describe_batch(lookup, proofs=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
