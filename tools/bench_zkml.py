"""Prints what the tuned circuits cost and what was predicted, beside ezkl's defaults (`make bench-zkml`).

Builds each network of tests/vectors/zkml/networks, proves one inference, and calls the verifier on a local
chain. `NAME_committed` is the same network with a commitment to its inputs in place of public inputs.

Each figure is a line `name value`; at the end there is a table.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount
from rich.console import Console
from rich.table import Table

from prover.zkml.build import BuildRequest, build
from prover.zkml.circuit import Circuit
from prover.zkml.frontier import Option, Preference
from prover.zkml.inputs import InputBinding
from prover.zkml.prove import prove
from prover.zkml.srs import development_srs
from veritally.abi import Artifact
from veritally.chain import Chain
from veritally.devnet.accounts import Accounts
from veritally.devnet.anvil import find_anvil, run_anvil
from veritally.tables import print_whole

ROOT = Path(__file__).resolve().parent.parent
NETWORKS = ROOT / "tests" / "vectors" / "zkml" / "networks"
CACHE = ROOT / ".build" / "zkml"
_COMMITTED = "_committed"
NAMES = ("mlp1k", "mlp10k", "cnn", f"cnn{_COMMITTED}", "attention")
TIMEOUT_S = 1800.0
LARGEST_DIFFERENCE = 0.03
"""Between predicted and measured gas."""
MOST_CPU_S = {"mlp1k": 2.5}
"""Of one proof with one thread."""

DEFAULTS_SETTINGS = """
import sys, ezkl
network, sample, folder = sys.argv[1:]
ezkl.gen_settings(network, f"{folder}/settings.json", py_run_args=ezkl.PyRunArgs())
ezkl.calibrate_settings(sample, network, f"{folder}/settings.json", "resources")
ezkl.compile_circuit(network, f"{folder}/model", f"{folder}/settings.json")
"""
DEFAULTS_PROOF = """
import sys, ezkl
folder, sample, srs = sys.argv[1:]
ezkl.gen_witness(sample, f"{folder}/model", f"{folder}/witness.json", vk_path=None, srs_path=None)
ezkl.prove(f"{folder}/witness.json", f"{folder}/model", f"{folder}/pk", f"{folder}/proof.json", srs_path=srs)
"""
DEFAULTS_KEYS = """
import sys, ezkl
folder, srs = sys.argv[1:]
ezkl.setup(f"{folder}/model", f"{folder}/vk", f"{folder}/pk", srs_path=srs)
"""


@dataclass(frozen=True)
class Row:
    """One network."""

    name: str
    logrows: int
    prove_cpu_s: float
    estimated_cpu_s: float
    default_cpu_s: float | None
    predicted_gas: int
    measured_gas: int
    transaction_gas: int
    predicted_transaction_gas: int
    max_error: float

    @property
    def difference(self) -> float:
        """Of the measured from the predicted gas, as a share."""
        return self.measured_gas / self.predicted_gas - 1


def measure(name: str, chain: Chain, account: LocalAccount, *, with_defaults: bool) -> Row:
    """Builds, proves and verifies one network."""
    stem = name.removesuffix(_COMMITTED)
    network, sample = NETWORKS / f"{stem}.onnx", NETWORKS / f"{stem}.json"
    inputs = InputBinding.COMMITTED if name.endswith(_COMMITTED) else InputBinding.PUBLIC
    chosen = choose(network, sample, inputs)
    circuit = chosen.circuit
    started = children_cpu_s()
    proven = prove(circuit, first_input(sample, circuit.inputs), TIMEOUT_S)
    prove_cpu_s = children_cpu_s() - started
    transaction, execution = verify_gas(chain, account, circuit, proven.proof, proven.instances)
    return Row(
        name=name,
        logrows=circuit.logrows,
        prove_cpu_s=prove_cpu_s,
        estimated_cpu_s=circuit.estimated_prove_cpu_s,
        default_cpu_s=default_cpu_s(network, sample, circuit.inputs) if with_defaults else None,
        predicted_gas=circuit.predicted_verify_gas,
        measured_gas=execution,
        transaction_gas=transaction,
        predicted_transaction_gas=chosen.transaction_gas,
        max_error=chosen.candidate.max_error,
    )


def choose(network: Path, sample: Path, inputs: InputBinding) -> Option:
    """The circuit for one inference that the build chooses."""

    def tell(line: str) -> None:
        print(f"  {line}", file=sys.stderr)

    request = BuildRequest(
        network, sample, network.stem, "1.0.0", Preference.GAS, None, None, batch_sizes=(1,), inputs=inputs
    )
    return build(request, CACHE, tell).chosen


def verify_gas(
    chain: Chain, account: LocalAccount, circuit: Circuit, proof: bytes, instances: Sequence[int]
) -> tuple[int, int]:
    """Gas of a transaction that calls the verifier, and of the call alone."""
    artifact = Artifact("verifier", circuit.verifier_abi, f"0x{circuit.verifier_bytecode.hex()}")
    address = chain.deploy(artifact, account=account)
    verifier = chain.w3.eth.contract(address=address, abi=circuit.verifier_abi)
    call = verifier.functions.verifyProof(proof, list(instances))
    if not call.call():
        raise SystemExit(f"{circuit.model}: the verifier refuses the proof")
    used = int(chain.send(call, account)["gasUsed"])
    calldata = bytes.fromhex(call._encode_transaction_data()[2:])
    zeroes = calldata.count(0)
    return used, used - 21_000 - 4 * zeroes - 16 * (len(calldata) - zeroes)


def default_cpu_s(network: Path, sample: Path, inputs: int) -> float:
    """CPU seconds of a proof with ezkl's own choice of settings."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder, "input.json")
        one.write_text(json.dumps({"input_data": [first_input(sample, inputs)]}), encoding="utf-8")
        run_ezkl_script(DEFAULTS_SETTINGS, str(network), str(one), folder)
        settings = json.loads(Path(folder, "settings.json").read_text(encoding="utf-8"))
        srs = str(development_srs(CACHE, settings["run_args"]["logrows"], lambda _: None).path)
        run_ezkl_script(DEFAULTS_KEYS, folder, srs)
        started = children_cpu_s()
        run_ezkl_script(DEFAULTS_PROOF, folder, str(one), srs)
        return children_cpu_s() - started


def run_ezkl_script(script: str, *arguments: str) -> None:
    """Runs ezkl in a process of its own, with one thread as the prover does."""
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script, *arguments]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=TIMEOUT_S)


def first_input(sample: Path, inputs: int) -> list[float]:
    """The first input of a sample file."""
    return [
        float(value) for value in json.loads(sample.read_text(encoding="utf-8"))["input_data"][0][:inputs]
    ]


def children_cpu_s() -> float:
    """CPU seconds of all children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(rows: Sequence[Row]) -> None:
    """Prints the table."""
    table = Table(
        "network", "k", "CPU s", "estimated", "ezkl's defaults", "verify gas", "predicted", "off by",
        "transaction gas", "predicted", "max error",
    )  # fmt: skip
    for row in rows:
        default = "" if row.default_cpu_s is None else f"{row.default_cpu_s:.2f}"
        table.add_row(
            row.name, str(row.logrows), f"{row.prove_cpu_s:.2f}", f"{row.estimated_cpu_s:.2f}", default,
            f"{row.measured_gas:,}", f"{row.predicted_gas:,}", f"{row.difference:+.2%}",
            f"{row.transaction_gas:,}", f"{row.predicted_transaction_gas:,}", f"{row.max_error:.2g}",
        )  # fmt: skip
    print_whole(table, Console())


def show_lines(row: Row) -> None:
    """Prints each figure as `name value`."""
    print(f"zkml_{row.name}_prove_cpu_s {row.prove_cpu_s:.2f}")
    if row.default_cpu_s is not None:
        print(f"zkml_{row.name}_prove_cpu_s_ezkl_defaults {row.default_cpu_s:.2f}")
    print(f"zkml_{row.name}_verify_gas {row.measured_gas}")
    print(f"zkml_{row.name}_verify_gas_predicted {row.predicted_gas}")
    print(f"zkml_{row.name}_transaction_gas {row.transaction_gas}", flush=True)


def main() -> int:
    """Measures the networks; fails when gas is off by more than 3 %, or mlp1k is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--no-defaults", action="store_true", help="leave out ezkl's defaults")
    arguments = parser.parse_args()
    with run_anvil(find_anvil(ROOT)) as node:
        chain, account = Chain.connect(node.rpc_url), Accounts.derive().deployer
        rows = []
        for name in arguments.names:
            rows.append(measure(name, chain, account, with_defaults=not arguments.no_defaults))
            show_lines(rows[-1])
    show(rows)
    slow = any(row.prove_cpu_s > MOST_CPU_S.get(row.name, row.prove_cpu_s) for row in rows)
    return int(slow or any(abs(row.difference) > LARGEST_DIFFERENCE for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
