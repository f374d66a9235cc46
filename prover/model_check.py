"""Compares a model on the chain with a built package: anybody can check that the verifier is the model."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web3.exceptions import ContractCustomError

from prover.zkml.built_package import BuiltPackage
from prover.zkml.cache import Progress, sha256_of
from prover.zkml.circuit import VERIFIER, VERIFYING_KEY, Circuit, prepare_circuit
from prover.zkml.errors import UnknownModelError, WrongSrsError
from prover.zkml.package import NETWORK_FILE, ModelPackage
from prover.zkml.srs import SrsFile
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.deployment_check import Check


@dataclass(frozen=True)
class ExpectedCircuit:
    """What a model's registered circuit must be."""

    weights_hash: bytes
    vk_sha256: bytes
    runtime_code: bytes
    layout: dict[str, int]
    """Fields of `IModelRegistry.Circuit`."""


def show_model(chain: Chain, deployment: Deployment, model_id: bytes) -> dict[str, Any]:
    """What the chain says of a model and its circuits.

    Raises:
        UnknownModelError: there is no such model.
        ChainUnreachableError: the node does not answer.
    """
    registry = chain.contract("ModelRegistry", deployment.model_registry)
    try:
        model = chain.read(registry.functions.getModel(model_id))
    except ContractCustomError:
        raise UnknownModelError(model_id, chain.chain_id) from None
    count = chain.read(registry.functions.circuitCount(model_id))
    circuits = [chain.read(registry.functions.getCircuit(model_id, index)) for index in range(count)]
    return _as_json(model._asdict()) | {"circuits": [_as_json(circuit._asdict()) for circuit in circuits]}


def expected_of(package: BuiltPackage) -> ExpectedCircuit:
    """The circuit as the package has it."""
    verifier = json.loads((package.path / VERIFIER).read_text(encoding="utf-8"))
    instances = package.manifest["instances"]
    return ExpectedCircuit(
        weights_hash=bytes.fromhex(sha256_of(package.path / NETWORK_FILE)),
        vk_sha256=hashlib.sha256((package.path / VERIFYING_KEY).read_bytes()).digest(),
        runtime_code=bytes.fromhex(verifier["creation_bytecode"])[-verifier["runtime_bytes"] :],
        layout={
            "inputs": instances["inputs"],
            "outputs": instances["outputs"],
            "inputScale": instances["input_scale"],
            "outputScale": instances["output_scale"],
            "inputsCommitted": instances["inputs_committed"],
        },
    )


def reproduce(package: BuiltPackage, srs: Path, progress: Progress) -> ExpectedCircuit:
    """The circuit as it comes out when it is built anew from the network and the settings alone.

    Args:
        package: Only its network and settings are used, and the checksum of its SRS.
        srs: The SRS file with which it was built.
        progress: Is told each step.

    Raises:
        WrongSrsError: it is another file.
        ProverError: the circuit cannot be built here.
    """
    found = sha256_of(srs)
    if found != package.manifest["srs"]["sha256"]:
        raise WrongSrsError(srs, found, package.manifest["srs"]["sha256"])
    model = ModelPackage.load(package.path)
    with tempfile.TemporaryDirectory(prefix="veritally-reproduce-") as cache_dir:
        circuit = prepare_circuit(model, Path(cache_dir), progress, SrsFile(srs, found))
    return _expected(model, circuit)


def compare(chain: Chain, deployment: Deployment, model_id: bytes, expected: ExpectedCircuit) -> list[Check]:
    """Compares the model's circuits with the expected one, and in detail the one that has its verifying key.

    Raises:
        UnknownModelError: there is no such model.
        ChainUnreachableError: the node does not answer.
    """
    model = show_model(chain, deployment, model_id)
    checks = [Check("model", "weights", "0x" + expected.weights_hash.hex(), model["weightsHash"])]
    key = "0x" + expected.vk_sha256.hex()
    keys = [circuit["verifyingKeyHash"] for circuit in model["circuits"]]
    if key not in keys:
        return [*checks, Check("circuits", "verifying key", key, ", ".join(keys) or "none")]
    index = keys.index(key)
    circuit, subject = model["circuits"][index], f"circuit {index}"
    with chain.reading():
        code = bytes(chain.w3.eth.get_code(circuit["verifier"]))
    checks += [
        Check(subject, "verifying key", key, keys[index]),
        Check(subject, "code of the verifier", _digest(expected.runtime_code), _digest(code)),
        Check(subject, "stopped", "False", str(circuit["stopped"])),
    ]
    return checks + [
        Check(subject, field, str(value), str(circuit[field])) for field, value in expected.layout.items()
    ]


def _expected(model: ModelPackage, circuit: Circuit) -> ExpectedCircuit:
    return ExpectedCircuit(
        weights_hash=model.weights_hash,
        vk_sha256=circuit.vk_sha256,
        runtime_code=circuit.verifier_bytecode[-circuit.verifier_runtime_bytes :],
        layout={
            "inputs": circuit.inputs,
            "outputs": circuit.outputs,
            "inputScale": circuit.input_scale,
            "outputScale": circuit.output_scale,
            "inputsCommitted": circuit.inputs_committed,
        },
    )


def _digest(code: bytes) -> str:
    return "0x" + hashlib.sha256(code).hexdigest()


def _as_json(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(name, value) for name, value in fields.items()}


def _text(name: str, value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    return value.rstrip(b"\0").decode("ascii", "replace") if name == "ezklVersion" else "0x" + value.hex()
