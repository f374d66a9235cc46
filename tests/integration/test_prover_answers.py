"""What a payer gets for its payment, and how it checks it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount
from prover_service import BODY, IRIS_INPUT, PRICES, RunningService, pay_all_tiers, settled_count
from x402.http.utils import decode_payment_response_header

from veritally.commitments import json_commitment, quantise, words_commitment
from veritally.devnet import Devnet
from veritally.merkle import verify_merkle_proof
from veritally.receipts import SettlementDomain
from veritally.tiers import SETTLED_TIERS


async def test_three_tiers_paid_at_once_settle_in_one_transaction(
    service: RunningService, devnet: Devnet, payer: LocalAccount
) -> None:
    before = devnet.usdc_balance_base_units(payer.address)
    responses = await pay_all_tiers(service, payer)
    answers = {tier: response.json() for tier, response in responses.items()}
    assert {tier: response.status_code for tier, response in responses.items()} == dict.fromkeys(PRICES, 200)
    assert len({answer["settlement"]["transaction"] for answer in answers.values()}) == 1
    assert sorted(answer["settlement"]["seq"] for answer in answers.values()) == [0, 1, 2]
    assert settled_count(devnet) == 3
    assert before - devnet.usdc_balance_base_units(payer.address) == sum(PRICES.values())
    settlement = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    for tier in SETTLED_TIERS:
        pay_address = settlement.functions.payAddressOf(devnet.accounts.prover.address, tier).call()
        assert devnet.usdc_balance_base_units(pay_address) == PRICES[tier.label]
        assert settlement.functions.tally(tier).call() == 1
        assert answers[tier.label]["label"] == "setosa"


async def test_an_answer_can_be_checked_by_the_client(
    service: RunningService, devnet: Devnet, payer: LocalAccount
) -> None:
    responses = await pay_all_tiers(service, payer)
    (model,) = httpx.get(f"{service.url}/v1/models").json()["models"]
    domain = SettlementDomain.of(devnet.deployment)
    settlement = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    for tier, response in responses.items():
        answer, receipt = response.json(), response.json()["receipt"]
        paid = decode_payment_response_header(response.headers["PAYMENT-RESPONSE"])
        assert (paid.success, paid.transaction) == (True, answer["settlement"]["transaction"])
        labels = (answer["settlement"]["development"], answer["settlement"]["unbound"])
        assert labels == (tier != "signed", False)
        assert response.headers["cache-control"] == "no-store, private"
        assert receipt["hash"] == "0x" + _hash_on_chain(settlement, receipt).hex()
        assert (receipt["floor"], receipt["payer"]) == (tier, payer.address)
        assert receipt["amount"] == str(PRICES[tier])
        request_hash, response_hash = _expected_hashes(tier, answer, model)
        assert receipt["request_hash"] == "0x" + request_hash.hex()
        assert receipt["response_hash"] == "0x" + response_hash.hex()
        if tier != "zkml":
            _check_signature(domain, answer)
    assert _signers(responses)["signed"] == devnet.accounts.prover.address
    assert _signers(responses)["tee"] not in {devnet.accounts.prover.address, None}


async def test_receipts_of_one_group_share_a_signature_and_each_has_its_own_proof(
    service: RunningService, devnet: Devnet, payer: LocalAccount
) -> None:
    async with service.paying(payer) as client:
        url = service.infer_url("signed")
        responses = await asyncio.gather(*(client.post(url, json=BODY) for _ in range(3)))
    answers = [response.json() for response in responses]
    assert len({answer["evidence"]["signature"] for answer in answers}) == 1
    assert len({answer["receipt"]["hash"] for answer in answers}) == 3
    for answer in answers:
        _check_signature(SettlementDomain.of(devnet.deployment), answer)


def test_models_are_listed_with_what_a_client_needs(service: RunningService, devnet: Devnet) -> None:
    listed = httpx.get(f"{service.url}/v1/models").json()
    settlement = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    (model,) = listed["models"]
    assert (listed["prover"], listed["network"]) == (devnet.accounts.prover.address, "eip155:84532")
    assert listed["asset"] == {"address": devnet.usdc, "decimals": 6}
    assert model["labels"] == ["setosa", "versicolor", "virginica"]
    assert model["input"]["shape"] == [1, 4]
    assert model["input"]["range"] == [0, 10]
    assert {offer["tier"]: int(offer["price"]) for offer in model["tiers"]} == PRICES
    for tier, offer in zip(SETTLED_TIERS, model["tiers"], strict=True):
        expected = settlement.functions.payAddressOf(listed["prover"], tier).call()
        assert offer["pay_to"] == expected
    registered = registry.functions.getModel(model["model_id"]).call()
    assert model["weights_sha256"] == "0x" + registered.weightsHash.hex()
    shown = model["circuit"]
    circuit = registry.functions.getCircuit(model["model_id"], shown["index"]).call()
    assert shown["verifier"] == circuit.verifier
    assert shown["verifying_key_sha256"] == "0x" + circuit.verifyingKeyHash.hex()


def test_health_names_the_chain(service: RunningService, devnet: Devnet) -> None:
    response = httpx.get(f"{service.url}/healthz")
    assert response.status_code == 200
    assert response.json()["chain_id"] == devnet.chain.chain_id


def _hash_on_chain(settlement: Any, receipt: dict[str, Any]) -> bytes:
    floor = [tier.label for tier in SETTLED_TIERS].index(receipt["floor"]) + 1
    small = receipt["served_at"] << 32 | floor << 24
    packed = int(receipt["nonce"]) << 192 | int(receipt["amount"]) << 96 | small
    fields = (receipt["request_hash"], receipt["response_hash"], receipt["payer"], packed)
    terms = (receipt["model_id"], receipt["prover"], receipt["asset"])
    return bytes(settlement.functions.receiptHash(*terms, fields).call())


def _expected_hashes(tier: str, answer: dict[str, Any], model: dict[str, Any]) -> tuple[bytes, bytes]:
    """What a client computes from what it sent and got."""
    if tier == "zkml":
        circuit = model["circuit"]
        return (
            words_commitment(quantise(IRIS_INPUT, circuit["input_scale"])),
            words_commitment(quantise(answer["output"], circuit["output_scale"])),
        )
    request = {"input": IRIS_INPUT, "model": model["model_id"]}
    return json_commitment(request), json_commitment({"output": answer["output"]})


def _check_signature(domain: SettlementDomain, answer: dict[str, Any]) -> None:
    evidence = answer["evidence"]
    root = bytes.fromhex(evidence["root"][2:])
    leaf = bytes.fromhex(answer["receipt"]["hash"][2:])
    assert verify_merkle_proof(root, leaf, [bytes.fromhex(node[2:]) for node in evidence["merkle_proof"]])
    digest = domain.group_digest(root, bytes.fromhex(evidence["route"][2:]))
    assert Account._recover_hash(digest, signature=evidence["signature"]) == evidence["signer"]


def _signers(responses: dict[str, httpx.Response]) -> dict[str, str | None]:
    return {tier: response.json()["evidence"].get("signer") for tier, response in responses.items()}
