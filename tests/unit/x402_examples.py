"""Payments that the official Python client made, for tests that spoil them."""

from __future__ import annotations

import copy
import json
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from x402 import x402ClientSync
from x402.mechanisms.evm.batch_settlement.client import BatchSettlementEvmScheme
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import PaymentRequired

from veritally.x402 import Payee, PaymentOffer, Token

PAYER: LocalAccount = Account.from_key("0x" + "07" * 32)
OTHER: LocalAccount = Account.from_key("0x" + "08" * 32)
CHAIN_ID = 84532
SETTLEMENT = "0x" + "22" * 20
STRANGER = "0x" + "33" * 20
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
PRICE = 2_000
DAY_S = 86_400

PAYEE = Payee(CHAIN_ID, SETTLEMENT, "0x" + "11" * 20, Token(USDC, "USDC", "2"), max_timeout_s=300)
UPTO = PAYEE.offer_upto(PRICE)
BATCH = PAYEE.offer_batch_settlement(PRICE, DAY_S, 10 * PRICE)
EXACT = PAYEE.offer_exact(PRICE)
OFFERS = (UPTO, BATCH, EXACT)
SPONSORING = "extensions.eip2612GasSponsoring.info"


def payment(offer: PaymentOffer, account: LocalAccount = PAYER) -> dict[str, Any]:
    """What the official client sends for an offer."""
    client = x402ClientSync()
    for scheme in (UptoEvmScheme, BatchSettlementEvmScheme, ExactEvmScheme):
        client.register("eip155:*", scheme(EthAccountSigner(account)))
    answer = PaymentRequired.model_validate({"x402Version": 2, "accepts": [offer.as_requirements()]})
    payload = client.create_payment_payload(answer)
    return dict(json.loads(payload.model_dump_json(by_alias=True, exclude_none=True)))


def sponsored_payment() -> dict[str, Any]:
    """An `upto` payment with an allowance beside it, whose signature is made up."""
    info = {
        "from": PAYER.address,
        "asset": USDC,
        "spender": "0x000000000022D473030F116dDEE9F6B43aC78BA3",
        "amount": str(PRICE),
        "nonce": "0",
        "deadline": "1800000000",
        "signature": "0x" + "41" * 32 + "42" * 32 + "1b",
        "version": "1",
    }
    return payment(UPTO) | {"extensions": {"eip2612GasSponsoring": {"info": info}}}


def spoiled(good: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy with one field changed; None takes it away."""
    bad = copy.deepcopy(good)
    *parents, last = path.split(".")
    target = bad
    for parent in parents:
        target = target[parent]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return bad
