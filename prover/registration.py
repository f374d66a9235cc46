"""Puts a model, its circuit and its enclaves' measurement on the chain, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from eth_account.signers.local import LocalAccount
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from prover.enclave.errors import MeasurementNotAcceptedError
from prover.errors import CircuitStoppedError
from prover.zkml.circuit import Circuit
from prover.zkml.circuit_accumulator import Accumulator
from prover.zkml.package import ModelPackage
from prover.zkml.prove import ProvenBatch, prove_batch
from veritally.abi import Artifact
from veritally.chain import Chain
from veritally.deployment import Deployment

MIN_PROOF_GAS = 700_000
"""Gas that the registry grants one proof of a small circuit."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RegisteredCircuit:
    """A circuit of a model that may verify now."""

    index: int
    """Position among the circuits of the model."""
    verifier: str
    """Checksummed address."""


class Registrable(Protocol):
    """A model package, or the card of a model that others run."""

    @property
    def name(self) -> str:
        """Of the model."""
        ...

    @property
    def version(self) -> str:
        """Of the model."""
        ...

    @property
    def weights_hash(self) -> bytes:
        """What the registry takes for its weights."""
        ...


@dataclass(frozen=True)
class Registrar:
    """Registers what an account, the prover's, owns."""

    chain: Chain
    deployment: Deployment
    account: LocalAccount
    progress: Progress

    def ensure_model(self, package: Registrable) -> bytes:
        """Registers the model unless that was done before; returns the model id.

        Raises:
            TransactionFailedError: the registry refuses it.
        """
        registry = self._registry()
        wanted = registry.functions.modelIdOf(self.account.address, package.weights_hash)
        model_id = bytes(self.chain.read(wanted))
        if not self._is_registered(registry, model_id):
            self.progress(f"registering model {package.name} {package.version}")
            uri = f"veritally:{package.name}:{package.version}"
            self.chain.send(registry.functions.register(package.weights_hash, uri), self.account)
        return model_id

    def ensure_circuit(self, model_id: bytes, circuit: Circuit, proof_timeout_s: float) -> RegisteredCircuit:
        """Deploys the circuit's verifier and registers it with a proof, unless that was done before.

        Raises:
            CircuitStoppedError: the circuit was stopped.
            ProverError: the proof that the registry asks for cannot be made.
            TransactionFailedError: the verifier cannot be deployed or the registry refuses it.
        """
        registry, stopped = self._registry(), None
        for index in range(self.chain.read(registry.functions.circuitCount(model_id))):
            entry = self.chain.read(registry.functions.getCircuit(model_id, index))
            if bytes(entry.verifyingKeyHash) == circuit.vk_sha256:
                if not entry.stopped:
                    return RegisteredCircuit(index, str(entry.verifier))
                stopped = index
        if stopped is not None:
            raise CircuitStoppedError(circuit.model, stopped)
        return self._add_circuit(registry, model_id, circuit, proof_timeout_s)

    def ensure_accumulator(
        self,
        model_id: bytes,
        index: int,
        package: ModelPackage,
        circuit: Circuit,
        accumulator: Accumulator,
        proof_timeout_s: float,
    ) -> str:
        """Deploys a circuit's accumulator and registers it with two proofs, unless that was done before.

        Args:
            model_id: The model.
            index: Position of the circuit among those of the model.
            package: The model's, for inputs that are allowed.
            circuit: The circuit.
            accumulator: Made from the circuit's verifier.
            proof_timeout_s: Seconds that each of the proofs may take.

        Returns:
            The accumulator's address, checksummed.

        Raises:
            ProverError: a proof that the registry asks for cannot be made.
            TransactionFailedError: it cannot be deployed or the registry refuses it.
        """
        registry = self._registry()
        known = str(self.chain.read(registry.functions.getAccumulator(model_id, index)).accumulator)
        if int(known, 16):
            return known
        self.progress(f"proving twice with {_name(circuit)}, for the registration of its accumulator")
        inputs = _two_inputs(package, circuit)
        proofs = [prove_batch(circuit, (values,), proof_timeout_s) for values in inputs]
        self.progress(f"deploying the accumulator of {_name(circuit)}")
        artifact = _artifact(f"accumulator of {_name(circuit)}", accumulator.abi, accumulator.bytecode)
        address = str(self.chain.deploy(artifact, account=self.account))
        self.progress(f"registering the accumulator of {_name(circuit)}")
        entry = {"accumulator": address, "proofGas": max(MIN_PROOF_GAS, accumulator.proof_gas)}
        call = registry.functions.addAccumulator(model_id, index, entry, *(map(_zk_proof, proofs)))
        self.chain.send(call, self.account)
        return address

    def ensure_measurement(self, model_id: bytes, measurement: bytes) -> None:
        """Lets enclaves with this measurement serve the model, unless that was done before.

        Raises:
            MeasurementNotAcceptedError: that counts only later, or was taken back.
            TransactionFailedError: the registry refuses it.
        """
        registry = self._registry()
        read_acceptance = registry.functions.getAcceptance(model_id, measurement)
        if self.chain.read(read_acceptance).acceptedFrom == 0:
            self.progress(f"accepting the measurement 0x{measurement.hex()}")
            self.chain.send(registry.functions.acceptMeasurement(model_id, measurement), self.account)
        acceptance = self.chain.read(read_acceptance)
        if acceptance.removedAt:
            raise MeasurementNotAcceptedError(measurement, model_id, None)
        if acceptance.acceptedFrom > self.chain.time_s():
            raise MeasurementNotAcceptedError(measurement, model_id, int(acceptance.acceptedFrom))

    def _is_registered(self, registry: Contract, model_id: bytes) -> bool:
        try:
            self.chain.read(registry.functions.getModel(model_id))
        except ContractCustomError:
            return False
        return True

    def _registry(self) -> Contract:
        return self.chain.contract("ModelRegistry", self.deployment.model_registry)

    def _add_circuit(
        self, registry: Contract, model_id: bytes, circuit: Circuit, proof_timeout_s: float
    ) -> RegisteredCircuit:
        self.progress(f"proving once with {_name(circuit)}, for its registration")
        proven = prove_batch(circuit, ((circuit.filling,) * circuit.inputs,), proof_timeout_s)
        self.progress(f"deploying the verifier of {_name(circuit)}")
        artifact = _artifact(f"verifier of {_name(circuit)}", circuit.verifier_abi, circuit.verifier_bytecode)
        verifier = str(self.chain.deploy(artifact, account=self.account))
        self.progress(f"registering the circuit of {_name(circuit)}")
        entry = _circuit_entry(circuit, verifier)
        index = self.chain.read(registry.functions.circuitCount(model_id))
        self.chain.send(
            registry.functions.addCircuit(model_id, entry, proven.proof, proven.instances), self.account
        )
        return RegisteredCircuit(index, verifier)


def _name(circuit: Circuit) -> str:
    return (
        circuit.model if circuit.batch_size == 1 else f"{circuit.model} for {circuit.batch_size} inferences"
    )


def _artifact(name: str, abi: list[dict[str, Any]], bytecode: bytes) -> Artifact:
    return Artifact(name, abi, "0x" + bytecode.hex())


def _two_inputs(package: ModelPackage, circuit: Circuit) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Inputs whose proofs have different instances, and that are those of nothing extreme."""
    filling = (circuit.filling,) * circuit.inputs
    farthest = max(package.input_range, key=lambda value: abs(value - circuit.filling))
    other = (circuit.filling + farthest) / 2
    return filling, ((other,) * circuit.inputs if circuit.inputs_committed else (other, *filling[1:]))


def _zk_proof(made: ProvenBatch) -> dict[str, object]:
    """`ZkProof`."""
    return {"proof": made.proof, "instances": made.instances}


def _circuit_entry(circuit: Circuit, verifier: str) -> dict[str, object]:
    """`IModelRegistry.Circuit`."""
    return {
        "verifier": verifier,
        "batchSize": circuit.batch_size,
        "inputs": circuit.inputs,
        "outputs": circuit.outputs,
        "proofGas": max(MIN_PROOF_GAS, circuit.predicted_verify_gas * 5 // 4),
        "developmentSrs": circuit.development_srs,
        "stopped": False,
        "inputScale": circuit.input_scale,
        "outputScale": circuit.output_scale,
        "inputsCommitted": circuit.inputs_committed,
        "ezklVersion": circuit.ezkl_version.encode("ascii").ljust(16, b"\0"),
        "verifyingKeyHash": circuit.vk_sha256,
    }
