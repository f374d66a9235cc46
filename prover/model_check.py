"""Compares a model on the chain with a built package: anybody can check that the verifiers are the model."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web3 import Web3
from web3.exceptions import ContractCustomError

from prover.zkml.built_package import BuiltPackage
from prover.zkml.cache import Progress, sha256_of
from prover.zkml.circuit import SOURCE, VERIFIER, VERIFYING_KEY, Circuit, prepare_circuit
from prover.zkml.circuit_accumulator import ACCUMULATOR, Accumulator, prepare_accumulator
from prover.zkml.errors import UnknownModelError, WrongSrsError
from prover.zkml.package import NETWORK_FILE, ModelPackage
from prover.zkml.srs import is_ceremony, open_srs
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.deployment_check import Check


@dataclass(frozen=True)
class ExpectedCircuit:
    """What a registered circuit must be."""

    vk_sha256: bytes
    runtime_code: bytes
    accumulator_code: bytes | None
    """None: the circuit has no accumulator."""
    layout: dict[str, object]
    """Fields of `IModelRegistry.Circuit`."""


@dataclass(frozen=True)
class ExpectedModel:
    """What a registered model must be."""

    weights_hash: bytes
    circuits: tuple[ExpectedCircuit, ...]


def show_model(chain: Chain, deployment: Deployment, model_id: bytes) -> dict[str, Any]:
    """What the chain says of a model, its circuits and their accumulators.

    Raises:
        UnknownModelError: there is no such model.
        ChainUnreachableError: the node does not answer.
    """
    registry = chain.contract("ModelRegistry", deployment.model_registry)
    try:
        model = chain.read(registry.functions.getModel(model_id))
    except ContractCustomError:
        raise UnknownModelError(model_id, chain.chain_id) from None
    circuits = []
    for index in range(chain.read(registry.functions.circuitCount(model_id))):
        circuit = chain.read(registry.functions.getCircuit(model_id, index))
        accumulator = chain.read(registry.functions.getAccumulator(model_id, index))
        circuits.append(_as_json(circuit._asdict()) | {"accumulator": _as_json(accumulator._asdict())})
    return _as_json(model._asdict()) | {"circuits": circuits}


def expected_of(package: BuiltPackage) -> ExpectedModel:
    """The model as the package has it."""
    return ExpectedModel(
        weights_hash=bytes.fromhex(sha256_of(package.path / NETWORK_FILE)),
        circuits=tuple(_in_package(package, described) for described in package.circuits),
    )


def reproduce(package: BuiltPackage, srs: Sequence[Path], progress: Progress) -> ExpectedModel:
    """The model as it comes out when it is built anew from the network and the settings alone.

    Args:
        package: Only its network and settings are used, and the checksums of its SRS files.
        srs: The SRS files with which it was built.
        progress: Is told each step.

    Raises:
        WrongSrsError: one is missing, or a given one is another file.
        SrsFileError: one is none, or only looks like the ceremony's.
        ProverError: a circuit cannot be built here.
    """
    files = {sha256_of(path): path for path in srs}
    for described in package.circuits:
        if described["srs"]["sha256"] not in files:
            raise WrongSrsError(srs[-1], next(reversed(files)), described["srs"]["sha256"])
    model = ModelPackage.load(package.path)
    circuits = []
    with tempfile.TemporaryDirectory(prefix="veritally-reproduce-") as cache_dir:
        for described in package.circuits:
            digest = described["srs"]["sha256"]
            batch_size = described["batch_size"]
            opened = open_srs(files[digest], model.knobs_for(batch_size).logrows)
            circuit = prepare_circuit(model, Path(cache_dir), progress, opened, batch_size)
            circuits.append(_built(circuit, prepare_accumulator(circuit, progress)))
    return ExpectedModel(model.weights_hash, tuple(circuits))


def compare(chain: Chain, deployment: Deployment, model_id: bytes, expected: ExpectedModel) -> list[Check]:
    """Compares the model with the expected one, circuit by circuit.

    Verifying keys are the owner's word, so each circuit that is not stopped must have the expected code, also
    when another one has the same key.

    Raises:
        UnknownModelError: there is no such model.
        ChainUnreachableError: the node does not answer.
    """
    model = show_model(chain, deployment, model_id)
    checks = [Check("model", "weights", "0x" + expected.weights_hash.hex(), model["weightsHash"])]
    missing = {"0x" + wanted.vk_sha256.hex(): wanted for wanted in expected.circuits}
    by_key = dict(missing)
    for index, circuit in enumerate(model["circuits"]):
        if circuit["stopped"]:
            continue
        subject, key = f"circuit {index}", circuit["verifyingKeyHash"]
        missing.pop(key, None)
        if key in by_key:
            checks += _compare_circuit(chain, subject, circuit, by_key[key])
        else:
            checks.append(Check(subject, "verifying key", "one of the package", key))
    return checks + [
        Check(f"circuit for {wanted.layout['batchSize']}", "verifying key", key, "none that is not stopped")
        for key, wanted in missing.items()
    ]


def _compare_circuit(
    chain: Chain, subject: str, circuit: Mapping[str, Any], wanted: ExpectedCircuit
) -> list[Check]:
    accumulator = _code(chain, circuit["accumulator"]["accumulator"])
    return [
        Check(subject, "verifying key", "0x" + wanted.vk_sha256.hex(), circuit["verifyingKeyHash"]),
        Check(
            subject,
            "code of the verifier",
            _digest(wanted.runtime_code),
            _digest(_code(chain, circuit["verifier"])),
        ),
        Check(
            subject, "code of the accumulator", _digest(wanted.accumulator_code or b""), _digest(accumulator)
        ),
        *(Check(subject, field, str(value), str(circuit[field])) for field, value in wanted.layout.items()),
    ]


def _in_package(package: BuiltPackage, described: Mapping[str, Any]) -> ExpectedCircuit:
    folder, instances = package.circuit_folder(described["batch_size"]), described["instances"]
    runtime_code = _runtime_code(folder / VERIFIER)
    return ExpectedCircuit(
        vk_sha256=hashlib.sha256((folder / VERIFYING_KEY).read_bytes()).digest(),
        runtime_code=runtime_code or b"",
        accumulator_code=_runtime_code(folder / ACCUMULATOR),
        layout={
            "batchSize": described["batch_size"],
            "inputs": instances["inputs"],
            "outputs": instances["outputs"],
            "inputScale": instances["input_scale"],
            "outputScale": instances["output_scale"],
            "inputsCommitted": instances["inputs_committed"],
            "developmentSrs": not is_ceremony((folder / SOURCE).read_text(encoding="utf-8")),
            "ezklVersion": package.manifest["ezkl"],
        },
    )


def _built(circuit: Circuit, accumulator: Accumulator | None) -> ExpectedCircuit:
    return ExpectedCircuit(
        vk_sha256=circuit.vk_sha256,
        runtime_code=circuit.verifier_bytecode[-circuit.verifier_runtime_bytes :],
        accumulator_code=accumulator.bytecode[-accumulator.runtime_bytes :] if accumulator else None,
        layout={
            "batchSize": circuit.batch_size,
            "inputs": circuit.inputs,
            "outputs": circuit.outputs,
            "inputScale": circuit.input_scale,
            "outputScale": circuit.output_scale,
            "inputsCommitted": circuit.inputs_committed,
            "developmentSrs": circuit.development_srs,
            "ezklVersion": circuit.ezkl_version,
        },
    )


def _runtime_code(compiled: Path) -> bytes | None:
    """Of a contract without constructor; None when there is no contract."""
    content = json.loads(compiled.read_text(encoding="utf-8"))
    return bytes.fromhex(content["creation_bytecode"])[-content["runtime_bytes"] :] if content else None


def _code(chain: Chain, address: str) -> bytes:
    with chain.reading():
        return bytes(chain.w3.eth.get_code(Web3.to_checksum_address(address)))


def _digest(code: bytes) -> str:
    return "0x" + hashlib.sha256(code).hexdigest() if code else "none"


def _as_json(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(name, value) for name, value in fields.items()}


def _text(name: str, value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    return value.rstrip(b"\0").decode("ascii", "replace") if name == "ezklVersion" else "0x" + value.hex()
