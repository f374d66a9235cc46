from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest
from prover_service import cache_dir, service_settings
from web3 import HTTPProvider, Web3

from prover.assembly import connect
from prover.enclave import LIFETIME_S, RENEW_BEFORE_S, DevelopmentEnclave
from prover.errors import AssetError, CircuitMismatchError, WrongChainError
from prover.evidence import EvidenceMaker
from prover.payments import NotSettled, Settled
from prover.pricing import read_decimals
from prover.registration import MIN_PROOF_GAS, ensure_circuit, ensure_model
from prover.settings import MODELS_DIRECTORY
from prover.settler import FinishedInference, Settler
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.package import ModelPackage
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.payments import UptoPayment
from veritally.receipts import ZERO_ADDRESS, GroupTerms, Receipt, SettlementDomain
from veritally.settlement import ZkProof
from veritally.tiers import Tier

MODEL_ID = b"\x17" * 32
NO_PAYMENT = UptoPayment(0, 0, 0, 0, b"")


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return ModelPackage.load(MODELS_DIRECTORY / "iris")


@pytest.fixture(scope="module")
def circuit(package: ModelPackage) -> Circuit:
    return prepare_circuit(package, cache_dir(), print)


def settler(devnet: Devnet, enclaves: Mapping[bytes, DevelopmentEnclave] | None = None) -> Settler:
    evidence = EvidenceMaker(SettlementDomain.of(devnet.deployment), devnet.accounts.prover, enclaves or {})
    return Settler(devnet.chain, devnet.deployment, devnet.accounts.prover, evidence)


def enclave(devnet: Devnet) -> DevelopmentEnclave:
    accounts = devnet.accounts
    return DevelopmentEnclave(
        devnet.chain, devnet.deployment, accounts.prover, accounts.development_root, MODEL_ID
    )


def free(
    devnet: Devnet, nonce: int, tier: Tier = Tier.SIGNED, proof: ZkProof | None = None
) -> FinishedInference:
    """An inference that nobody pays for."""
    terms = GroupTerms(MODEL_ID, devnet.accounts.prover.address, devnet.usdc)
    receipt = Receipt(bytes(32), bytes(32), ZERO_ADDRESS, 0, 1_764_000_000, nonce, tier)
    return FinishedInference(terms, tier, receipt, NO_PAYMENT, proof)


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
    chain, deployment, prover = devnet.chain, devnet.deployment, devnet.accounts.prover
    model_id = ensure_model(chain, deployment, prover, package, print)
    ensure_circuit(chain, deployment, prover, model_id, circuit, print)
    wrong = free(devnet, 1, Tier.ZKML, ZkProof(b"\x00" * 64, (0,) * (circuit.inputs + circuit.outputs)))
    wrong = dataclasses.replace(wrong, terms=dataclasses.replace(wrong.terms, model_id=model_id))
    skipped, settled = settler(devnet).settle([wrong, free(devnet, 2)])
    assert isinstance(skipped, NotSettled)
    assert skipped.reason.startswith("RequestMismatch(")
    assert skipped.certain
    assert isinstance(settled, Settled)
    assert settled.transaction == skipped.transaction


def test_a_used_nonce_is_skipped_and_the_rest_of_its_group_settles(devnet: Devnet) -> None:
    first, second = settler(devnet), settler(devnet)
    assert isinstance(first.settle([free(devnet, 5)])[0], Settled)
    again, fresh = second.settle([free(devnet, 5), free(devnet, 6)])
    assert isinstance(again, NotSettled)
    assert again.reason.startswith("AlreadySettled(")
    assert isinstance(fresh, Settled)
    assert fresh.seq == 1


def test_an_unreachable_chain_leaves_the_outcome_uncertain(devnet: Devnet) -> None:
    nowhere = Web3(HTTPProvider("http://127.0.0.1:9", exception_retry_configuration=None))
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


def test_an_enclave_backs_receipts_and_is_marked_as_development(devnet: Devnet) -> None:
    (outcome,) = settler(devnet, {MODEL_ID: enclave(devnet)}).settle([free(devnet, 1, Tier.TEE)])
    assert isinstance(outcome, Settled)
    assert outcome.development


def test_an_enclave_key_is_kept_while_it_is_valid_and_renewed_before_it_expires(devnet: Devnet) -> None:
    keeper = enclave(devnet)
    first = keeper.ensure_key()
    assert keeper.ensure_key() == first
    call_node(devnet.chain, "evm_increaseTime", LIFETIME_S - RENEW_BEFORE_S // 2)
    call_node(devnet.chain, "evm_mine")
    (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 1, Tier.TEE)])
    assert isinstance(outcome, Settled)
    assert keeper.ensure_key().account.address != first.account.address


def test_a_model_and_its_circuit_are_registered_once(
    devnet: Devnet, package: ModelPackage, circuit: Circuit
) -> None:
    chain, deployment, prover = devnet.chain, devnet.deployment, devnet.accounts.prover
    model_id = ensure_model(chain, deployment, prover, package, print)
    verifier = ensure_circuit(chain, deployment, prover, model_id, circuit, print)
    sent = chain.w3.eth.get_transaction_count(prover.address)
    assert ensure_model(chain, deployment, prover, package, print) == model_id
    assert ensure_circuit(chain, deployment, prover, model_id, circuit, print) == verifier
    assert chain.w3.eth.get_transaction_count(prover.address) == sent
    registry = chain.contract("ModelRegistry", deployment.model_registry)
    found = registry.functions.getCircuit(model_id).call()
    assert found[1:5] == (circuit.inputs, circuit.outputs, circuit.input_scale, circuit.output_scale)
    assert found[5] >= MIN_PROOF_GAS
    assert found[6:] == (True, circuit.vk_sha256)


def test_another_circuit_than_the_registered_one_is_refused(
    devnet: Devnet, package: ModelPackage, circuit: Circuit
) -> None:
    chain, deployment, prover = devnet.chain, devnet.deployment, devnet.accounts.prover
    model_id = ensure_model(chain, deployment, prover, package, print)
    ensure_circuit(chain, deployment, prover, model_id, circuit, print)
    other = dataclasses.replace(circuit, vk_sha256=b"\x01" * 32)
    with pytest.raises(CircuitMismatchError, match="cache directory"):
        ensure_circuit(chain, deployment, prover, model_id, other, print)


def test_a_deployment_of_another_chain_is_refused(devnet: Devnet, tmp_path: Path) -> None:
    settings = service_settings(devnet, tmp_path)
    dataclasses.replace(devnet.deployment, chain_id=1).save(settings.deployment)
    with pytest.raises(WrongChainError, match="chain 1"):
        connect(settings)


def test_without_development_root_the_tier_tee_is_not_offered(devnet: Devnet, tmp_path: Path) -> None:
    settings = service_settings(devnet, tmp_path, enclave_root_key_file=None)
    assert list(connect(settings).offers) == [Tier.SIGNED, Tier.ZKML]


def test_an_asset_that_is_no_token_is_refused(devnet: Devnet) -> None:
    assert read_decimals(devnet.chain, devnet.usdc) == 6
    with pytest.raises(AssetError, match="no token"):
        read_decimals(devnet.chain, devnet.accounts.prover.address)
