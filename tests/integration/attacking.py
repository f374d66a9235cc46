"""Payments as an attacker makes them: signed by the official client's code, then bent."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from door_clients import SCHEMES
from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.crypto import keccak
from prover_service import BODY, TIMEOUT_S, RunningService
from sqlmodel import select
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from x402.mechanisms.evm.batch_settlement.client.voucher import sign_voucher
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentRequirements

from prover.jobs.tables import JobRow
from prover.onnx_model import OnnxModel
from veritally.devnet import Devnet
from veritally.devnet.usdc import DOMAIN_SEPARATOR
from veritally.receipts import eip712_digest
from veritally.x402.addresses import PERMIT2_ADDRESS

FUNDS = 1_000_000
"""Base units of a new payer."""
Payload = dict[str, Any]
CANCEL_TYPE = "CancelAuthorization(address authorizer,bytes32 nonce)"


def new_payer(devnet: Devnet, funds_base_units: int = FUNDS) -> LocalAccount:
    account: LocalAccount = Account.create()
    devnet.fund_usdc(account.address, funds_base_units)
    devnet.approve_permit2(account)
    return account


def offer_of(service: RunningService, scheme: str, tier: str = "signed") -> dict[str, Any]:
    return next(offer for offer in service.offers(tier) if offer["scheme"] == scheme)


def signed(
    service: RunningService, payer: LocalAccount, scheme: str, tier: str = "signed", **changed: Any
) -> Payload:
    """A payment for the offer of a tier; `changed` is what the payer signs instead."""
    offer = offer_of(service, scheme, tier)
    requirements = PaymentRequirements.model_validate({**offer, **changed})
    content = SCHEMES[scheme](EthAccountSigner(payer)).create_payment_payload(requirements)
    return {"x402Version": 2, "payload": content, "accepted": offer}


def bent(payload: Payload, *path: str, to: Any) -> Payload:
    """A payload with one field changed after it was signed."""
    changed = copy.deepcopy(payload)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    assert inner[path[-1]] != to
    inner[path[-1]] = to
    return changed


def header(payload: Payload) -> dict[str, str]:
    return {"PAYMENT-SIGNATURE": base64.b64encode(json.dumps(payload).encode()).decode()}


async def post(
    service: RunningService, payload: Payload, tier: str = "signed", body: Any = BODY
) -> httpx.Response:
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        return await http.post(service.infer_url(tier), json=body, headers=header(payload))


@pytest.fixture
def attacked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something done on the chain after a payment was checked and before it is settled."""

    def attack(act: Callable[[], object]) -> None:
        original = OnnxModel.run

        def run(model: OnnxModel, inputs: Any) -> Any:
            act()
            return original(model, inputs)

        monkeypatch.setattr(OnnxModel, "run", run)

    return attack


def signed_with_nonce(service: RunningService, payer: LocalAccount, nonce: str) -> Payload:
    """Another `upto` payment with a nonce that is signed for already."""
    with patch("x402.mechanisms.evm.upto.client.create_permit2_nonce", lambda: nonce):
        return signed(service, payer, "upto", maxTimeoutSeconds=400)


def next_voucher(payer: LocalAccount, first: Payload, cumulative: int) -> Payload:
    """A voucher of the same channel for a sum over its life."""
    channel = first["payload"]["voucher"]["channelId"]
    voucher = sign_voucher(EthAccountSigner(payer), channel, str(cumulative), first["accepted"]["network"])
    content = {**first["payload"], "type": "voucher", "voucher": voucher.to_dict()}
    content.pop("deposit")
    return {**first, "payload": content}


def channel_config(payload: Payload) -> tuple[Any, ...]:
    """The channel of a payment, as x402's contract takes it."""
    *addresses, delay, salt = payload["payload"]["channelConfig"].values()
    return (*addresses, int(delay), bytes.fromhex(salt[2:]))


def cancellation(devnet: Devnet, payer: LocalAccount, nonce: str) -> ContractFunction:
    """The payer takes an `exact` payment back; anybody may bring that to the token."""
    words = encode(
        ("bytes32", "address", "bytes32"), (keccak(text=CANCEL_TYPE), payer.address, bytes.fromhex(nonce[2:]))
    )
    digest = eip712_digest(DOMAIN_SEPARATOR, keccak(words))
    signature = bytes(payer.unsafe_sign_hash(Hash32(digest)).signature)
    revoke = devnet.token.get_function_by_signature("cancelAuthorization(address,bytes32,bytes)")
    return revoke(payer.address, bytes.fromhex(nonce[2:]), signature)


def giving_up(devnet: Devnet, nonce: int) -> ContractFunction:
    """A payer takes a Permit2 nonce back."""
    inputs = [{"name": name, "type": "uint256"} for name in ("word", "mask")]
    name, kind = "invalidateUnorderedNonces", "function"
    abi = [{"type": kind, "name": name, "inputs": inputs, "outputs": [], "stateMutability": "nonpayable"}]
    permit2 = devnet.chain.w3.eth.contract(address=PERMIT2_ADDRESS, abi=abi)
    return permit2.functions.invalidateUnorderedNonces(nonce >> 8, 1 << (nonce & 0xFF))


def submission(devnet: Devnet, payload: Payload) -> ContractFunction:
    """Brings an `exact` payment to the token, as anybody may."""
    paid = payload["payload"]["authorization"]
    transfer = devnet.token.get_function_by_signature(
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"
    )
    amounts = (int(paid[name]) for name in ("value", "validAfter", "validBefore"))
    proof = (bytes.fromhex(paid["nonce"][2:]), bytes.fromhex(payload["payload"]["signature"][2:]))
    return transfer(paid["from"], paid["to"], *amounts, *proof)


def proxy_call(upto_proxy: Contract, payload: Payload) -> ContractFunction:
    """Brings an `upto` payment to x402's proxy."""
    paid = payload["payload"]["permit2Authorization"]
    permitted, witness = paid["permitted"], paid["witness"]
    permit = ((permitted["token"], int(permitted["amount"])), int(paid["nonce"]), int(paid["deadline"]))
    told = (witness["to"], witness["facilitator"], int(witness["validAfter"]))
    signature = bytes.fromhex(payload["payload"]["signature"][2:])
    return upto_proxy.functions.settle(permit, int(permitted["amount"]), paid["from"], told, signature)


def jobs_of(service: RunningService, payer: LocalAccount) -> list[str]:
    """Ids of the requests of a payer, from the prover's own database."""
    with service.parts.jobs.writer.database.reading() as session:
        return [row.id.hex() for row in session.exec(select(JobRow).where(JobRow.payer == payer.address))]


def paths(payload: Any, *before: str) -> Iterator[tuple[str, ...]]:
    """Where the values of a payload stand."""
    for key, value in payload.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from paths(value, *before, key)
