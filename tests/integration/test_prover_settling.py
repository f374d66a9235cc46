from __future__ import annotations

import dataclasses
from importlib.metadata import version
from pathlib import Path

import pytest
from models import registrar
from prover_service import cache_dir, service_settings
from settling import free, settler
from web3 import Web3

from prover.assembly import connect
from prover.errors import AssetError, CircuitStoppedError, WrongChainError
from prover.payments import NotSettled, Settled
from prover.pricing import read_decimals
from prover.registration import MIN_PROOF_GAS, RegisteredCircuit
from prover.settings import MODELS_DIRECTORY
from prover.settler import Settler
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.package import ModelPackage
from tests.reference.enclaves import SOFTWARE_MEASUREMENT
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.errors import DeploymentFileError, TransactionFailedError
from veritally.node import NodeProvider
from veritally.settlement import ZkProof
from veritally.tiers import Tier

PROOF_TIMEOUT_S = 120.0


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return ModelPackage.load(MODELS_DIRECTORY / "iris")


@pytest.fixture(scope="module")
def circuit(package: ModelPackage) -> Circuit:
    return prepare_circuit(package, cache_dir(), print)


def test_a_group_without_evidence_stops_no_other(devnet: Devnet) -> None:
    signed, tee, zkml = settler(devnet).settle(
        [free(devnet, 1), free(devnet, 2, Tier.TEE), free(devnet, 3, Tier.ZKML)]
    )
    assert isinstance(signed, Settled)
    assert isinstance(tee, NotSettled)
    assert "has no enclave" in tee.reason
    assert isinstance(zkml, NotSettled)
    assert "has no proof" in zkml.reason


def test_a_wrong_proof_is_skipped_with_a_reason_and_stops_no_other(
    devnet: Devnet, package: ModelPackage, circuit: Circuit
) -> None:
    model_id = registrar(devnet).ensure_model(package)
    registered = registrar(devnet).ensure_circuit(model_id, circuit, PROOF_TIMEOUT_S)
    wrong = free(devnet, 1, Tier.ZKML, ZkProof(b"\x00" * 64, (0,) * (circuit.inputs + circuit.outputs)))
    wrong = dataclasses.replace(wrong, terms=dataclasses.replace(wrong.terms, model_id=model_id))
    skipped, settled = settler(devnet, circuits={model_id: registered.index}).settle([wrong, free(devnet, 2)])
    assert isinstance(skipped, NotSettled)
    assert skipped.reason.startswith("RequestMismatch(")
    assert skipped.certain
    assert isinstance(settled, Settled)
    assert settled.transaction == skipped.transaction


def test_a_receipt_that_an_earlier_transaction_settled_is_reported_with_that_transaction(
    devnet: Devnet,
) -> None:
    (first,) = settler(devnet).settle([free(devnet, 5)])
    again, fresh = settler(devnet).settle([free(devnet, 5), free(devnet, 6)])
    assert isinstance(first, Settled)
    assert isinstance(again, Settled)
    assert isinstance(fresh, Settled)
    assert (again.transaction, again.block, again.seq) == (first.transaction, first.block, first.seq)
    assert (again.gas_used, again.labels) == (first.gas_used, first.labels)
    assert fresh.seq == 1
    assert fresh.transaction != first.transaction


def test_a_nonce_that_another_receipt_used_leaves_the_outcome_uncertain(devnet: Devnet) -> None:
    used = free(devnet, 5)
    assert isinstance(settler(devnet).settle([used])[0], Settled)
    receipt = dataclasses.replace(used.receipt, response_hash=b"\x01" * 32)
    (outcome,) = settler(devnet).settle([dataclasses.replace(used, receipt=receipt)])
    assert isinstance(outcome, NotSettled)
    assert outcome.reason.startswith("AlreadySettled(")
    assert not outcome.certain


def test_an_unreachable_chain_leaves_the_outcome_uncertain(devnet: Devnet) -> None:
    nowhere = Web3(NodeProvider("http://127.0.0.1:9", exception_retry_configuration=None))
    cut_off = dataclasses.replace(devnet, chain=dataclasses.replace(devnet.chain, w3=nowhere))
    (outcome,) = settler(cut_off).settle([free(devnet, 1)])
    assert isinstance(outcome, NotSettled)
    assert not outcome.certain


def test_a_sender_without_gas_money_is_told_so_and_nothing_was_sent(devnet: Devnet) -> None:
    call_node(devnet.chain, "anvil_setBalance", devnet.accounts.prover.address, "0x1")
    (outcome,) = settler(devnet).settle([free(devnet, 1)])
    assert isinstance(outcome, NotSettled)
    assert outcome.certain
    assert outcome.transaction == ""
    assert "funds" in outcome.reason.lower()


def test_a_transaction_with_too_little_gas_is_sent_again_with_more(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = devnet.chain.w3.eth.get_transaction_count(devnet.accounts.prover.address)
    monkeypatch.setattr(Settler, "_gas_limit", lambda *_: 235_000)
    (outcome,) = settler(devnet).settle([free(devnet, 1)])
    assert isinstance(outcome, Settled)
    assert devnet.chain.w3.eth.get_transaction_count(devnet.accounts.prover.address) == before + 2


def test_a_model_its_circuit_and_its_measurement_are_registered_once(
    devnet: Devnet, package: ModelPackage, circuit: Circuit
) -> None:
    def register() -> tuple[bytes, RegisteredCircuit]:
        model_id = registrar(devnet).ensure_model(package)
        registrar(devnet).ensure_measurement(model_id, SOFTWARE_MEASUREMENT)
        return model_id, registrar(devnet).ensure_circuit(model_id, circuit, PROOF_TIMEOUT_S)

    chain, prover = devnet.chain, devnet.accounts.prover
    model_id, registered = register()
    sent = chain.w3.eth.get_transaction_count(prover.address)
    assert register() == (model_id, registered)
    assert chain.w3.eth.get_transaction_count(prover.address) == sent
    registry = chain.contract("ModelRegistry", devnet.deployment.model_registry)
    found = registry.functions.getCircuit(model_id, registered.index).call()
    assert found.verifier == registered.verifier
    assert found.proofGas >= MIN_PROOF_GAS
    counts = (found.batchSize, found.inputs, found.outputs)
    assert counts == (1, circuit.inputs, circuit.outputs)
    assert (found.inputScale, found.outputScale) == (circuit.input_scale, circuit.output_scale)
    assert found.verifyingKeyHash == circuit.vk_sha256
    assert found.ezklVersion.rstrip(b"\0").decode() == version("ezkl")
    assert found.developmentSrs


def test_the_same_verifier_under_another_key_is_refused(
    devnet: Devnet, package: ModelPackage, circuit: Circuit
) -> None:
    model_id = registrar(devnet).ensure_model(package)
    first = registrar(devnet).ensure_circuit(model_id, circuit, PROOF_TIMEOUT_S)
    other = dataclasses.replace(circuit, vk_sha256=b"\x01" * 32)
    with pytest.raises(TransactionFailedError, match="CircuitExists"):  # the same code under another name
        registrar(devnet).ensure_circuit(model_id, other, PROOF_TIMEOUT_S)
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    assert registry.functions.circuitCount(model_id).call() == first.index + 1


def test_a_stopped_circuit_is_refused(devnet: Devnet, package: ModelPackage, circuit: Circuit) -> None:
    model_id = registrar(devnet).ensure_model(package)
    registered = registrar(devnet).ensure_circuit(model_id, circuit, PROOF_TIMEOUT_S)
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    devnet.chain.send(registry.functions.stopCircuit(model_id, registered.index), devnet.accounts.prover)
    with pytest.raises(CircuitStoppedError, match="circuit 0 was stopped for ever"):
        registrar(devnet).ensure_circuit(model_id, circuit, PROOF_TIMEOUT_S)


def test_a_deployment_of_another_chain_is_refused(devnet: Devnet, tmp_path: Path) -> None:
    settings = service_settings(devnet, tmp_path)
    dataclasses.replace(devnet.deployment, chain_id=1).save(settings.deployment)
    with pytest.raises(WrongChainError, match="chain 1"):
        connect(settings)


def test_a_deployment_that_is_not_on_the_chain_is_refused(devnet: Devnet, tmp_path: Path) -> None:
    settings = service_settings(devnet, tmp_path)
    call_node(devnet.chain, "anvil_setCode", devnet.deployment.settlement, "0x")
    with pytest.raises(DeploymentFileError, match="no contract Settlement at 0x"):
        connect(settings)


def test_an_asset_that_is_no_token_is_refused(devnet: Devnet) -> None:
    assert read_decimals(devnet.chain, devnet.usdc) == 6
    with pytest.raises(AssetError, match="no token"):
        read_decimals(devnet.chain, devnet.accounts.prover.address)
