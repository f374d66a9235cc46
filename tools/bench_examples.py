"""Prints what the models of examples/ cost and how accurate their circuits are (`make bench-examples`).

Builds each of them, runs its circuit on the whole test set, proves one inference, and calls the verifier on
a local chain. The output is the table of docs/zkml.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from bench_zkml import CACHE, LARGEST_DIFFERENCE, ROOT, TIMEOUT_S, verify_gas
from eth_account.signers.local import LocalAccount

from prover.zkml.build import BuildRequest, build, name_of
from prover.zkml.circuit import Circuit
from prover.zkml.ezkl_process import Measured, Stage, measure_ezkl, run_ezkl
from prover.zkml.frontier import Preference
from prover.zkml.network import Network
from prover.zkml.package import Knobs
from prover.zkml.prove import prove_arguments, read_proof
from prover.zkml.sample import read_sample
from veritally.chain import Chain
from veritally.commitments import dequantise
from veritally.devnet.accounts import Accounts
from veritally.devnet.anvil import find_anvil, run_anvil

EXAMPLES = ROOT / "examples"
NAMES = ("iris", "digits_cnn", "transformer")
LEAST_AGREEMENT = 0.99
"""Share of the test inputs that the circuit puts into the same class as the network."""
HEADER = (
    "model", "right", "circuit right", "same class", "largest error", "rows", "CPU s", "memory", "verify gas",
    "predicted", "whole transaction", "contract",
)  # fmt: skip

Outputs = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Accuracy:
    """Of a circuit on the test set, beside the network itself."""

    network_right: float
    """Share of the inputs whose highest output of onnxruntime is the right class."""
    circuit_right: float
    same_class: float
    max_error: float
    """Largest difference of an output of the circuit from onnxruntime's."""


@dataclass(frozen=True)
class Row:
    """One example."""

    name: str
    accuracy: Accuracy
    tolerance: float
    """Error at which a prover withholds a result."""
    circuit: Circuit
    proof: Measured
    measured_gas: int
    transaction_gas: int

    @property
    def problems(self) -> list[str]:
        """What is worse than it may be."""
        off = abs(self.measured_gas / self.circuit.predicted_verify_gas - 1)
        found = {
            f"verify gas is {off:.1%} off the prediction": off > LARGEST_DIFFERENCE,
            f"only {self.accuracy.same_class:.2%} of the classes agree": self.accuracy.same_class
            < LEAST_AGREEMENT,
            f"an error is above the tolerance of {self.tolerance:.3g}": self.accuracy.max_error
            > self.tolerance,
        }
        return [f"{self.name}: {problem}" for problem, is_so in found.items() if is_so]


def measure(name: str, chain: Chain, account: LocalAccount) -> Row:
    """Builds, tests, proves and verifies one example."""
    folder = EXAMPLES / name
    network = Network.load(folder / "network.onnx")
    request = BuildRequest(
        network.path, folder / "sample.json", name_of(folder), "1.0.0", Preference.GAS, None, None
    )
    built = build(request, CACHE, lambda line: print(f"  {line}", file=sys.stderr))
    circuit, knobs = built.chosen.circuit, built.chosen.candidate.knobs
    inputs = read_sample(folder / "test.json", network.input_size)
    classes = json.loads((folder / "test.json").read_text(encoding="utf-8"))["classes"]
    accuracy = compare(network.run(inputs), run_circuit(network, knobs, inputs), classes)
    proof = prove_once(circuit, inputs[0])
    proven = read_proof(circuit, [inputs[0]], 1, proof.result)
    transaction, execution = verify_gas(chain, account, circuit, proven.proof, proven.instances)
    return Row(name, accuracy, built.package.max_error, circuit, proof, execution, transaction)


def run_circuit(network: Network, knobs: Knobs, inputs: Outputs) -> Outputs:
    """The outputs of the circuit, without proofs."""
    with tempfile.TemporaryDirectory(prefix="veritally-bench-") as folder:
        arguments: dict[str, object] = {"network": str(network.path), "folder": folder, "sample": inputs}
        arguments |= {"knobs": msgspec.to_builtins(knobs), "constraints": False}
        result = run_ezkl(Stage.ACCURACY, arguments, TIMEOUT_S)
    (scale,) = result["output_scales"]
    return [
        dequantise([int.from_bytes(bytes.fromhex(word), "little") for word in words], scale)
        for words in result["outputs"]
    ]


def compare(expected: Outputs, computed: Outputs, classes: Sequence[int]) -> Accuracy:
    """How near the circuit is to the network, and both to the truth."""
    pairs = [(_highest(left), _highest(right)) for left, right in zip(expected, computed, strict=True)]
    right = [(left == wanted, found == wanted) for (left, found), wanted in zip(pairs, classes, strict=True)]
    return Accuracy(
        network_right=sum(network for network, _ in right) / len(classes),
        circuit_right=sum(circuit for _, circuit in right) / len(classes),
        same_class=sum(left == found for left, found in pairs) / len(pairs),
        max_error=max(
            abs(value - wanted)
            for left, found in zip(expected, computed, strict=True)
            for wanted, value in zip(left, found, strict=True)
        ),
    )


def prove_once(circuit: Circuit, inputs: Sequence[float]) -> Measured:
    """One proof, verified, and what it took."""
    with tempfile.TemporaryDirectory(prefix="veritally-bench-") as folder:
        return measure_ezkl(Stage.PROVE, {**prove_arguments(circuit, [inputs]), "folder": folder}, TIMEOUT_S)


def _highest(outputs: Sequence[float]) -> int:
    return max(range(len(outputs)), key=lambda index: outputs[index])


def show(rows: Sequence[Row]) -> None:
    """Prints the table as Markdown."""
    print(f"| {' | '.join(HEADER)} |")
    print("|" + "---|" * len(HEADER))
    for row in rows:
        accuracy, circuit = row.accuracy, row.circuit
        cells = (
            row.name, f"{accuracy.network_right:.2%}", f"{accuracy.circuit_right:.2%}",
            f"{accuracy.same_class:.2%}", f"{accuracy.max_error:.2g}", f"2^{circuit.logrows}",
            f"{row.proof.cpu_s:.2f}", f"{row.proof.peak_memory_bytes / 2**20:.0f} MB",
            f"{row.measured_gas:,}", f"{circuit.predicted_verify_gas:,}", f"{row.transaction_gas:,}",
            f"{circuit.verifier_runtime_bytes:,} B",
        )  # fmt: skip
        print(f"| {' | '.join(cells)} |")


def main() -> int:
    """Measures the examples; fails when one is worse than it may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES)
    arguments = parser.parse_args()
    with run_anvil(find_anvil(ROOT)) as node:
        chain, account = Chain.connect(node.rpc_url), Accounts.derive().deployer
        rows = [measure(name, chain, account) for name in arguments.names]
    show(rows)
    problems = [problem for row in rows for problem in row.problems]
    print("\n".join(problems), file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    raise SystemExit(main())
