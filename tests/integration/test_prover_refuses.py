"""What the service refuses, and that a refusal costs nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from prover_service import (
    BODY,
    PRICES,
    TIMEOUT_S,
    RunningService,
    pay_all_tiers,
    reason_of_402,
    settled_count,
    sign_payment,
)

from prover.errors import OutputMismatchError
from prover.onnx_model import OnnxModel
from prover.requests import MAX_BODY_BYTES
from veritally.devnet import Devnet
from veritally.x402.addresses import PERMIT2_ADDRESS


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


async def test_copies_of_one_payment_run_the_model_once(
    service: RunningService, devnet: Devnet, payer: LocalAccount, model_runs: list[Any]
) -> None:
    url = service.infer_url("signed")
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        header = await sign_payment(http, payer, url)
        copies = await asyncio.gather(*(http.post(url, json=BODY, headers=header) for _ in range(5)))
        late = await http.post(url, json=BODY, headers=header)
        other = await http.post(url, json={"input": [1, 2, 3, 4]}, headers=header)
    assert [copy.status_code for copy in (*copies, late)] == [200] * 6
    assert {copy.text for copy in (*copies, late)} == {late.text}
    assert (other.status_code, other.json()["error"]["code"]) == (409, "payment_already_in_use")
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


async def test_what_is_being_settled_is_not_promised_again(
    service: RunningService, devnet: Devnet, model_runs: list[Any]
) -> None:
    payer = new_payer(devnet, PRICES["signed"])
    url = service.infer_url("signed")
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        headers = [await sign_payment(http, payer, url) for _ in range(2)]
        answers = await asyncio.gather(*(http.post(url, json=BODY, headers=header) for header in headers))
        (refused,) = (answer for answer in answers if answer.status_code == 402)
        assert reason_of_402(refused) == refused.json()["error"]["code"] == "permit2_insufficient_balance"
        assert sorted(answer.status_code for answer in answers) == [200, 402]
        assert "output" not in refused.text
        assert refused.headers["cache-control"] == "no-store, private"
        assert (settled_count(devnet), len(model_runs)) == (1, 1)

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


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_nothing_is_served_that_loads_scripts_from_elsewhere(service: RunningService, path: str) -> None:
    response = httpx.get(service.url + path)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_wrong_method_is_refused_as_json(service: RunningService) -> None:
    response = httpx.put(service.infer_url("signed"))
    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")


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
