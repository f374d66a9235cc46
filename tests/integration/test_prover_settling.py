from __future__ import annotations

import dataclasses
from importlib.metadata import version
from pathlib import Path

import paying
import pytest
from models import registrar
from paid_requests import computed, paid_order
from prover_service import cache_dir, service_settings, settled_count
from settling import free, new_pipeline, settler, why

from prover.books import Books
from prover.connection import connect
from prover.errors import AssetError, CircuitStoppedError, WrongChainError
from prover.jobs.errors import OtherHomeError
from prover.jobs.job import JobState
from prover.pricing import read_decimals
from prover.registration import MIN_PROOF_GAS, RegisteredCircuit
from prover.settings import MODELS_DIRECTORY
from prover.settling import dispatch
from prover.settling.judging import Ready
from prover.settling.managed_chain import ManagedChain
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.package import ModelPackage
from tests.reference.enclaves import SOFTWARE_MEASUREMENT
from veritally.devnet import Devnet, start_devnet
from veritally.devnet.anvil import call_node
from veritally.errors import DeploymentFileError, TransactionFailedError
from veritally.merkle import verify_merkle_proof
from veritally.settlement import ZkProof
from veritally.tiers import Tier
from veritally.transactions import Database, Policy

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
    assert signed.state.is_settled
    assert "has no enclave" in why(tee)
    assert "has no proof" in why(zkml)


def test_a_wrong_proof_is_skipped_with_a_reason_and_stops_no_other(
    devnet: Devnet, package: ModelPackage, circuit: Circuit
) -> None:
    model_id = registrar(devnet).ensure_model(package)
    registered = registrar(devnet).ensure_circuit(model_id, circuit, PROOF_TIMEOUT_S)
    wrong = free(devnet, 1, Tier.ZKML, ZkProof(b"\x00" * 64, (0,) * (circuit.inputs + circuit.outputs)))
    wrong = dataclasses.replace(wrong, model_id=model_id)
    skipped, settled = settler(devnet, circuits={model_id: registered.index}).settle([wrong, free(devnet, 2)])
    assert why(skipped).startswith("RequestMismatch(")
    assert skipped.reason is not None
    assert skipped.reason.code == "request_mismatch"
    assert skipped.transaction == ""
    assert settled.state.is_settled


def test_a_receipt_that_an_earlier_transaction_settled_is_reported_with_that_transaction(
    devnet: Devnet,
) -> None:
    """As when the database was restored from an older copy."""
    (first,) = settler(devnet).settle([free(devnet, 5)])
    again, fresh = settler(devnet).settle([free(devnet, 5), free(devnet, 6)])
    assert first.state.is_settled
    assert again.settlement == first.settlement
    assert first.settlement is not None
    assert fresh.settlement is not None
    assert (first.settlement.seq, fresh.settlement.seq) == (0, 1)
    assert fresh.transaction != first.transaction


def test_a_nonce_that_another_receipt_used_leaves_the_outcome_unknown(devnet: Devnet) -> None:
    used = free(devnet, 5)
    assert settler(devnet).settle([used])[0].state.is_settled
    other = dataclasses.replace(used, response_hash=b"\x01" * 32)
    with new_pipeline(devnet) as running:
        running.set_next_nonce(5)
        job_id = running.compute(other.order(devnet), other.computed)
        (outcome,) = running.await_over([job_id], timeout_s=3.0)
        assert running.settling.drain(timeout_s=2.0), "waits for what nobody can find out"
    assert outcome.state is JobState.UNKNOWN
    assert outcome.reason is not None
    assert outcome.reason.code == "settlement_not_found"


def test_a_sender_without_gas_money_settles_when_it_has_some(devnet: Devnet) -> None:
    call_node(devnet.chain, "anvil_setBalance", devnet.accounts.prover.address, "0x1")
    with new_pipeline(devnet) as running:
        job_id = running.compute(free(devnet, 1).order(devnet), free(devnet, 1).computed)
        (waiting,) = running.await_over([job_id], timeout_s=2.0)
        assert (waiting.state, waiting.transaction) == (JobState.SUBMITTED, "")
        assert running.settling.report is not None
        assert "balance" in (running.settling.report.paused or "")
        call_node(devnet.chain, "anvil_setBalance", devnet.accounts.prover.address, hex(10**18))
        (settled,) = running.await_over([job_id])
    assert settled.state.is_settled


def test_a_transaction_that_reverts_is_divided_and_sent_again_with_all_the_gas(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = devnet.chain.w3.eth.get_transaction_count(devnet.accounts.prover.address)
    judged_gas = dispatch._gas_limit

    def too_little(ready: Ready) -> int:
        alone = any(bundle.items[0].alone for bundle in ready.bundles)
        return judged_gas(ready) if alone else 235_000

    monkeypatch.setattr(dispatch, "_gas_limit", too_little)
    outcomes = settler(devnet).settle([free(devnet, 1), free(devnet, 2)])
    assert [outcome.state.is_settled for outcome in outcomes] == [True, True]
    count = devnet.chain.w3.eth.get_transaction_count(devnet.accounts.prover.address)
    assert count >= before + 3


def test_a_transaction_that_reverts_alone_is_given_up(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "_gas_limit", lambda *_: 235_000)
    (outcome,) = settler(devnet).settle([free(devnet, 1)])
    assert why(outcome).startswith("its transaction failed")
    assert settled_count(devnet) == 0


def test_what_backs_a_receipt_is_stored(devnet: Devnet) -> None:
    first, second = settler(devnet).settle([free(devnet, 1), free(devnet, 2)])
    for job in (first, second):
        assert job.evidence is not None
        assert job.evidence["signer"] == devnet.accounts.prover.address
        proof = [bytes.fromhex(node[2:]) for node in job.evidence["merkle_proof"]]
        assert verify_merkle_proof(bytes.fromhex(job.evidence["root"][2:]), job.receipt_hash or b"", proof)


def test_an_account_of_a_crashed_prover_is_waited_for(devnet: Devnet, tmp_path: Path) -> None:
    url, account, told = f"sqlite:///{tmp_path}/prover.db", devnet.accounts.prover, list[str]()
    policy = Policy(lease_s=2.0)
    chain_id, urls = devnet.chain.chain_id, [devnet.rpc_url]
    crashed = Books.open(Database(url), account, chain_id, urls, told.append, policy)
    assert told == []
    Books.open(Database(url), account, chain_id, urls, told.append, policy).close()
    assert len(told) == 1
    assert "is owned by" in told[0]
    crashed.database.close()


def test_a_database_is_of_one_chain_one_contract_and_one_prover(devnet: Devnet, tmp_path: Path) -> None:
    account, settlement = devnet.accounts.prover, devnet.deployment.settlement
    database = Database(f"sqlite:///{tmp_path}/prover.db")
    books = Books.open(database, account, devnet.chain.chain_id, [devnet.rpc_url], print)
    for _ in range(2):
        books.require_home(devnet.chain, settlement)
    with pytest.raises(OtherHomeError, match="name another one with VERITALLY_PROVER_DATABASE_URL"):
        books.require_home(devnet.chain, devnet.usdc)
    with start_devnet() as anew, pytest.raises(OtherHomeError, match=r"prover\.db is about chain 84532"):
        books.require_home(anew.chain, settlement)
    books.close()
    other = devnet.accounts.payers[0]
    books = Books.open(
        Database(str(database.shown_url)), other, devnet.chain.chain_id, [devnet.rpc_url], print
    )
    with pytest.raises(OtherHomeError, match=f"this is .*prover {other.address}"):
        books.require_home(devnet.chain, settlement)
    books.close()


def test_nobody_else_sends_through_the_manager(devnet: Devnet) -> None:
    with new_pipeline(devnet) as running:
        chain = ManagedChain.over(devnet.chain, running.books.manager)
        with pytest.raises(ValueError, match="is not the account of the transaction manager"):
            chain.send(devnet.token.functions.approve(devnet.usdc, 1), devnet.accounts.payers[0])


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


def test_a_signature_does_not_wait_for_a_proof_that_came_with_it(devnet: Devnet) -> None:
    payer = devnet.accounts.payers[0]
    slow, quick = (paid_order(devnet, paying.upto(devnet), payer) for _ in range(2))
    with new_pipeline(devnet) as running:
        running.reserve(slow)
        (settled,) = running.await_over([running.compute(quick, computed(paying.METERED))], timeout_s=8.0)
        assert running.find(slow.job_id).state is JobState.RESERVED
    assert settled.state.is_settled
