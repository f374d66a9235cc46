from __future__ import annotations

import pytest
from eth_account import Account
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import PaymentPayload, PaymentRequirements

from prover.payments import PresentedPayment
from veritally.x402.errors import OtherOfferError, UndeployedAccountError

PAYER = Account.from_key("0x" + "07" * 32)
REQUIREMENTS = PaymentRequirements(
    scheme="upto",
    network="eip155:84532",
    asset="0x036CbD53842c5426634e7929541eC2318f3dCF7e",
    amount="2000",
    pay_to="0x" + "11" * 20,
    max_timeout_seconds=300,
    extra={"assetTransferMethod": "permit2", "facilitatorAddress": "0x" + "22" * 20},
)


def official_payload() -> PaymentPayload:
    """What the official client sends."""
    content = UptoEvmScheme(EthAccountSigner(PAYER)).create_payment_payload(REQUIREMENTS)
    return PaymentPayload(payload=content, accepted=REQUIREMENTS)


def test_payment_is_read_from_the_official_client() -> None:
    payload = official_payload()
    payment = PresentedPayment.from_payload(payload)
    signed = payload.payload["permit2Authorization"]
    assert payment.payment_id == (PAYER.address, int(signed["nonce"]))
    assert payment.upto.max_amount_base_units == 2000
    assert payment.upto.deadline_s == int(signed["deadline"])
    assert payment.upto.valid_after_s == 0
    assert "0x" + payment.upto.signature.hex() == payload.payload["signature"]


@pytest.mark.parametrize("spelling", [str.lower, str, lambda address: "0x" + address[2:].upper()])
def test_payment_id_does_not_depend_on_how_the_payer_is_spelled(spelling: object) -> None:
    payload = official_payload()
    before = PresentedPayment.from_payload(payload).payment_id
    signed = payload.payload["permit2Authorization"]
    signed["from"] = spelling(signed["from"])  # type: ignore[operator]
    assert PresentedPayment.from_payload(payload).payment_id == before


def test_a_payment_that_settlement_cannot_collect_is_refused() -> None:
    payload = official_payload()
    payload.payload["signature"] = "0x" + "55" * 96 + "6492" * 16
    with pytest.raises(UndeployedAccountError):
        PresentedPayment.from_payload(payload)


def test_an_allowance_beside_a_payment_is_left_out() -> None:
    extended = official_payload().model_copy(update={"extensions": {"eip2612GasSponsoring": "anything"}})
    assert PresentedPayment.from_payload(extended).upto.max_amount_base_units == 2000


def test_other_schemes_are_not_taken() -> None:
    accepted = REQUIREMENTS.model_copy(update={"scheme": "exact", "extra": {"name": "USDC", "version": "2"}})
    content = ExactEvmScheme(EthAccountSigner(PAYER)).create_payment_payload(accepted)
    with pytest.raises(OtherOfferError, match=r"accepted\.scheme is exact, offered was upto"):
        PresentedPayment.from_payload(PaymentPayload(payload=content, accepted=accepted))


def test_a_payment_has_the_same_name_wherever_it_is_presented() -> None:
    payment_id = PresentedPayment.from_payload(official_payload()).payment_id
    assert payment_id.key_on("eip155:1") == f"eip155:1:permit2:{PAYER.address}:{payment_id.nonce}"
