from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from prover_service import (
    IRIS_INPUT,
    TIMEOUT_S,
    RunningService,
    reason_of_402,
    run_service,
    settled_count,
    sign_payment,
)
from x402.http.utils import decode_payment_response_header

from prover.errors import OutputMismatchError
from prover.onnx_model import OnnxModel
from prover.requests import MAX_BODY_BYTES
from veritally.commitments import json_commitment, quantise, words_commitment
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.merkle import verify_merkle_proof
from veritally.receipts import SettlementDomain
from veritally.tiers import SETTLED_TIERS
from veritally.x402.addresses import PERMIT2_ADDRESS

PRICES = {"signed": 1_000, "tee": 2_000, "zkml": 10_000}
BODY = {"input": IRIS_INPUT}


@pytest.fixture(scope="module")
def service(devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    snapshot = call_node(devnet.chain, "evm_snapshot")
    with run_service(devnet, tmp_path_factory.mktemp("prover")) as running:
        yield running
    call_node(devnet.chain, "evm_revert", snapshot)


@pytest.fixture
def payer(devnet: Devnet) -> LocalAccount:
    return devnet.accounts.payers[0]


@pytest.fixture
def model_runs(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The inputs of every run of the model from now on."""
    runs: list[Any] = []
    original = OnnxModel.run

    def counting(model: OnnxModel, inputs: Any) -> Any:
        runs.append(inputs)
        return original(model, inputs)

    monkeypatch.setattr(OnnxModel, "run", counting)
    return runs


def new_payer(devnet: Devnet, funds_base_units: int, *, approve: bool = True) -> LocalAccount:
    account: LocalAccount = Account.create()
    devnet.fund_usdc(account.address, funds_base_units)
    if approve:
        devnet.approve_permit2(account)
    return account


async def pay_all_tiers(service: RunningService, payer: LocalAccount) -> dict[str, httpx.Response]:
    async with service.paying(payer) as client:
        responses = await asyncio.gather(
            *(client.post(service.infer_url(tier), json=BODY) for tier in PRICES)
        )
    return dict(zip(PRICES, responses, strict=True))


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


async def test_copies_of_one_payment_run_the_model_once(
    service: RunningService, devnet: Devnet, payer: LocalAccount, model_runs: list[Any]
) -> None:
    url = service.infer_url("signed")
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        header = await sign_payment(http, payer, url)
        copies = await asyncio.gather(*(http.post(url, json=BODY, headers=header) for _ in range(5)))
        late = await http.post(url, json=BODY, headers=header)
    assert sorted(copy.status_code for copy in copies) == [200, 402, 402, 402, 402]
    assert {reason_of_402(copy) for copy in copies if copy.status_code == 402} == {"payment_already_in_use"}
    assert all("output" not in copy.text for copy in copies if copy.status_code == 402)
    assert late.status_code == 402
    assert len(model_runs) == 1
    assert settled_count(devnet) == 1


async def test_a_payer_without_funds_is_refused_and_others_settle(
    service: RunningService, devnet: Devnet, payer: LocalAccount
) -> None:
    poor = new_payer(devnet, PRICES["zkml"] - 1)
    async with service.paying(poor) as poor_client:
        refused, answers = await asyncio.gather(
            poor_client.post(service.infer_url("zkml"), json=BODY), pay_all_tiers(service, payer)
        )
    assert refused.status_code == 402
    assert "insufficient_balance" in reason_of_402(refused)
    assert "output" not in refused.text
    assert [answer.status_code for answer in answers.values()] == [200, 200, 200]
    assert settled_count(devnet) == 3


async def test_a_payer_who_can_pay_only_once_gets_one_answer_and_a_reason(
    service: RunningService, devnet: Devnet
) -> None:
    payer = new_payer(devnet, PRICES["signed"])
    url = service.infer_url("signed")
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        headers = [await sign_payment(http, payer, url) for _ in range(2)]
        answers = await asyncio.gather(*(http.post(url, json=BODY, headers=header) for header in headers))
        (refused,) = (answer for answer in answers if answer.status_code == 402)
        error = refused.json()["error"]
        assert sorted(answer.status_code for answer in answers) == [200, 402]
        assert error["code"] == "receipt_not_settled"
        assert "balance or its allowance for Permit2 is too low" in error["message"]
        assert error["transaction"].startswith("0x")
        assert "output" not in refused.text
        assert refused.headers["cache-control"] == "no-store"
        assert settled_count(devnet) == 1

        devnet.fund_usdc(payer.address, PRICES["signed"])
        again = await http.post(url, json=BODY, headers=headers[answers.index(refused)])
    assert again.status_code == 200
    assert settled_count(devnet) == 2


async def test_an_unsigned_approval_in_the_header_does_not_replace_an_allowance(
    service: RunningService, devnet: Devnet, model_runs: list[Any]
) -> None:
    payer = new_payer(devnet, PRICES["signed"], approve=False)
    url = service.infer_url("signed")
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        header = await sign_payment(http, payer, url, {"eip2612GasSponsoring": _permit(devnet, payer)})
        response = await http.post(url, json=BODY, headers=header)
    assert (response.status_code, reason_of_402(response)) == (402, "permit2_allowance_required")
    assert model_runs == []


async def test_a_payment_for_one_tier_buys_no_other(
    service: RunningService, payer: LocalAccount, model_runs: list[Any]
) -> None:
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        cheap = await sign_payment(http, payer, service.infer_url("signed"))
        for tier in ("tee", "zkml"):
            response = await http.post(service.infer_url(tier), json=BODY, headers=cheap)
            assert response.status_code == 402
            assert "output" not in response.text
    assert model_runs == []


async def test_a_paid_request_without_a_result_costs_nothing_and_its_payment_stays_usable(
    service: RunningService, devnet: Devnet, payer: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: str, *_: Any) -> None:
        raise OutputMismatchError(model, 1, 0)

    url = service.infer_url("zkml")
    before = devnet.usdc_balance_base_units(payer.address)
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        header = await sign_payment(http, payer, url)
        with monkeypatch.context() as patched:
            patched.setattr("prover.inference.require_close", refuse)
            failed = await http.post(url, json=BODY, headers=header)
        assert (failed.status_code, failed.json()["error"]["code"]) == (500, "inference_failed")
        assert "the payment was not used" in failed.json()["error"]["message"]
        assert devnet.usdc_balance_base_units(payer.address) == before
        assert (await http.post(url, json=BODY, headers=header)).status_code == 200
    assert before - devnet.usdc_balance_base_units(payer.address) == PRICES["zkml"]


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/v1/signed/models/iris/infer", b"{", 400, "malformed_json"),
        ("/v1/signed/models/iris/infer", b"", 400, "malformed_json"),
        ("/v1/zkml/models/iris/infer", b'{"input": [1, 2, 3]}', 422, "unusable_input"),
        ("/v1/tee/models/iris/infer", b'{"input": [1, 2, 3, NaN]}', 422, "unusable_input"),
        ("/v1/zkml/models/iris/infer", b'{"input": [1, 2, 3, 11]}', 422, "unusable_input"),
        ("/v1/signed/models/iris/infer", b'{"input": [-1, 2, 3, 4]}', 422, "unusable_input"),
        ("/v1/signed/models/iris/infer", b" " * (MAX_BODY_BYTES + 1), 413, "body_too_large"),
        ("/v1/signed/models/rose/infer", b'{"input": [1, 2, 3, 4]}', 404, "unknown_model"),
        ("/v1/gold/models/iris/infer", b'{"input": [1, 2, 3, 4]}', 404, "unknown_tier"),
        ("/v1/none/models/iris/infer", b'{"input": [1, 2, 3, 4]}', 404, "unknown_tier"),
        ("/v1/SIGNED/models/iris/infer", b'{"input": [1, 2, 3, 4]}', 404, "unknown_tier"),
        ("/v1/signed/models/iris/infer/", b'{"input": [1, 2, 3, 4]}', 404, "not_found"),
        ("/v1/nothing", b'{"input": [1, 2, 3, 4]}', 404, "not_found"),
    ],
)
async def test_mistakes_are_refused_before_a_payment_is_asked_for_or_taken(
    service: RunningService,
    devnet: Devnet,
    payer: LocalAccount,
    path: str,
    content: bytes,
    status: int,
    code: str,
) -> None:
    before = devnet.usdc_balance_base_units(payer.address)
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        header = await sign_payment(http, payer, service.infer_url("signed"))
        for headers in ({}, header):
            response = await http.post(service.url + path, content=content, headers=headers)
            assert (response.status_code, response.json()["error"]["code"]) == (status, code)
            assert response.json()["error"]["message"]
            assert not {"payment-required", "payment-response"} & set(response.headers)
        usable = await http.post(service.infer_url("signed"), json=BODY, headers=header)
    assert usable.status_code == 200
    assert before - devnet.usdc_balance_base_units(payer.address) == PRICES["signed"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/signed/models/iris/infer/",
        "//v1/signed/models/iris/infer",
        "/v1/%73igned/models/iris/infer",
        "/v1/signed/models/iris/infer%2F",
        "/v1/signed/models/iris/infer%0A",
        "/v1/signed/models/iris%2Finfer",
        "/v1/signed/models/iris/infer;x",
        "/v1/signed/../signed/models/iris/infer",
        "/V1/signed/models/iris/infer",
    ],
)
def test_no_spelling_of_the_path_gives_an_answer_without_payment(
    service: RunningService, path: str, model_runs: list[Any]
) -> None:
    request = httpx.Request("POST", service.url, json=BODY)
    request.url = request.url.copy_with(raw_path=path.encode())
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as http:
        response = http.send(request)
    assert response.status_code in {307, 402, 404}
    assert "output" not in response.text
    assert model_runs == []


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


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_nothing_is_served_that_loads_scripts_from_elsewhere(service: RunningService, path: str) -> None:
    response = httpx.get(service.url + path)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_wrong_method_is_refused_as_json(service: RunningService) -> None:
    response = httpx.get(service.infer_url("signed"))
    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")


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


def _permit(devnet: Devnet, payer: LocalAccount) -> dict[str, Any]:
    """A valid EIP-2612 approval in x402's extension for sponsored gas, which this prover does not offer."""
    amount, deadline = 2**256 - 1, int(time.time()) + 3600
    fields = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256"}
    signed = payer.sign_typed_data(
        domain_data={
            "name": "USDC",
            "version": "2",
            "chainId": devnet.chain.chain_id,
            "verifyingContract": devnet.usdc,
        },
        message_types={
            "Permit": [
                {"name": name, "type": kind} for name, kind in {**fields, "deadline": "uint256"}.items()
            ]
        },
        message_data={
            "owner": payer.address,
            "spender": PERMIT2_ADDRESS,
            "value": amount,
            "nonce": 0,
            "deadline": deadline,
        },
    )
    info = {
        "from": payer.address,
        "asset": devnet.usdc,
        "spender": PERMIT2_ADDRESS,
        "amount": str(amount),
        "nonce": "0",
        "deadline": str(deadline),
        "signature": signed.signature.to_0x_hex(),
        "version": "1",
    }
    return {"info": info}
