"""Puts a model and its circuit on the chain, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth_account.signers.local import LocalAccount
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractCustomError

from prover.errors import CircuitMismatchError
from prover.zkml.circuit import Circuit
from prover.zkml.package import ModelPackage
from veritally.abi import Artifact
from veritally.chain import Chain
from veritally.deployment import Deployment

MIN_PROOF_GAS = 700_000
"""Gas that the registry grants one proof of a small circuit."""

Progress = Callable[[str], None]


def ensure_model(
    chain: Chain,
    deployment: Deployment,
    account: LocalAccount,
    package: ModelPackage,
    progress: Progress,
) -> bytes:
    """Registers the model for `account` unless that was done before; returns the model id.

    Raises:
        TransactionFailedError: the registry refuses it.
    """
    registry = chain.contract("ModelRegistry", deployment.model_registry)
    model_id = bytes(registry.functions.modelIdOf(account.address, package.weights_hash).call())
    if _entry(registry.functions.getModel(model_id)) is None:
        progress(f"registering model {package.name} {package.version}")
        uri = f"veritally:{package.name}:{package.version}"
        chain.send(registry.functions.register(package.weights_hash, uri), account)
    return model_id


def ensure_circuit(
    chain: Chain,
    deployment: Deployment,
    account: LocalAccount,
    model_id: bytes,
    circuit: Circuit,
    progress: Progress,
) -> str:
    """Deploys and registers the circuit's verifier unless that was done before; returns its address.

    Raises:
        CircuitMismatchError: another circuit is registered for the model.
        TransactionFailedError: the verifier cannot be deployed or the registry refuses it.
    """
    registry = chain.contract("ModelRegistry", deployment.model_registry)
    registered = _entry(registry.functions.getCircuit(model_id))
    if registered is None:
        return _add_circuit(chain, registry, account, model_id, circuit, progress)
    verifier, *_, key_hash = registered
    if bytes(key_hash) != circuit.vk_sha256:
        raise CircuitMismatchError(circuit.model, circuit.vk_sha256, bytes(key_hash))
    return str(verifier)


def _add_circuit(
    chain: Chain,
    registry: Contract,
    account: LocalAccount,
    model_id: bytes,
    circuit: Circuit,
    progress: Progress,
) -> str:
    progress(f"deploying the verifier of {circuit.model}")
    artifact = Artifact(
        f"verifier of {circuit.model}", circuit.verifier_abi, "0x" + circuit.verifier_bytecode.hex()
    )
    verifier = str(chain.deploy(artifact, account=account))
    entry = (
        verifier,
        circuit.inputs,
        circuit.outputs,
        circuit.input_scale,
        circuit.output_scale,
        max(MIN_PROOF_GAS, circuit.predicted_verify_gas * 5 // 4),
        circuit.development_srs,
        circuit.vk_sha256,
    )
    progress(f"registering the circuit of {circuit.model}")
    chain.send(registry.functions.addCircuit(model_id, entry), account)
    return verifier


def _entry(getter: ContractFunction) -> Any:
    """What the registry holds; None when its getter says that there is nothing."""
    try:
        return getter.call()
    except ContractCustomError:
        return None
