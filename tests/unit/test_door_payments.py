from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from eth_account import Account
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentRequirements

from prover.door.errors import MalformedHeaderError, PaymentRefusedError
from prover.door.payments import MAX_HEADER_BYTES, payment_header, read_offered
from veritally.x402 import Payee, PaymentOffer, Token

ACCOUNT = Account.from_key("0x" + "07" * 32)
PAYEE = Payee(
    84532,
    "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "0x" + "11" * 20,
    Token("0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC", "2"),
    300,
)
OFFERS = (PAYEE.offer_upto(1_000), PAYEE.offer_exact(1_000))


def paid(offer: PaymentOffer, **accepted: Any) -> bytes:
    """A header of the official client, with what it says it accepts changed."""
    requirements = PaymentRequirements.model_validate(offer.as_requirements())
    content = ExactEvmScheme(EthAccountSigner(ACCOUNT)).create_payment_payload(requirements)
    said = {**offer.as_requirements(), **accepted}
    return base64.b64encode(json.dumps({"x402Version": 2, "payload": content, "accepted": said}).encode())


def test_a_payment_answers_the_offer_that_it_names() -> None:
    found = read_offered(paid(OFFERS[1]), OFFERS)
    assert (found.offer, found.presented.payer) == (OFFERS[1], ACCOUNT.address)
    assert found.key.startswith(f"exact:84532:{OFFERS[1].asset}:{ACCOUNT.address}:")
    assert found.channel_id is None


def test_a_client_may_add_to_what_it_accepts() -> None:
    extra = {**OFFERS[1].extra, "channelState": {"balance": "1"}}
    assert read_offered(paid(OFFERS[1], extra=extra), OFFERS).offer == OFFERS[1]


@pytest.mark.parametrize(
    "accepted",
    [
        {"amount": "999"},
        {"payTo": "0x" + "22" * 20},
        {"maxTimeoutSeconds": 301},
        {"network": "eip155:8453"},
        {"scheme": "batch-settlement"},
        {"extra": {}},
        {"extra": {**OFFERS[1].extra, "name": "USD Coin"}},
        {"extra": None},
    ],
)
def test_a_payment_for_another_offer_is_refused(accepted: dict[str, Any]) -> None:
    with pytest.raises(PaymentRefusedError, match="another offer") as refused:
        read_offered(paid(OFFERS[1], **accepted), OFFERS)
    assert refused.value.code == "payment_cannot_be_settled"


def test_the_header_is_found_once_or_not_at_all() -> None:
    one = (b"payment-signature", b"x")
    assert payment_header([(b"host", b"here")]) is None
    assert payment_header([one]) == b"x"
    with pytest.raises(MalformedHeaderError, match="twice"):
        payment_header([one, one])
    assert payment_header([(b"payment-signature", b"x" * MAX_HEADER_BYTES)])
    with pytest.raises(MalformedHeaderError, match="longer"):
        payment_header([(b"payment-signature", b"x" * (MAX_HEADER_BYTES + 1))])
