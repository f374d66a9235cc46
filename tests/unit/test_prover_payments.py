from __future__ import annotations

import dataclasses

import pytest
from eth_account import Account
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import PaymentPayload, PaymentRequirements

from prover.payments import NotSettled, PaymentLedger, PresentedPayment
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


@pytest.fixture
def payment() -> PresentedPayment:
    return PresentedPayment.from_payload(official_payload())


def test_a_payment_is_reserved_once(payment: PresentedPayment) -> None:
    ledger = PaymentLedger()
    assert ledger.reserve(payment, now_s=0)
    assert not ledger.reserve(payment, now_s=0)
    other = dataclasses.replace(payment, payment_id=payment.payment_id._replace(nonce=1))
    assert ledger.reserve(other, now_s=0)


def test_a_released_payment_can_be_reserved_again_and_has_no_outcome(payment: PresentedPayment) -> None:
    ledger = PaymentLedger()
    ledger.reserve(payment, now_s=0)
    ledger.record(payment.payment_id, NotSettled("reason"))
    assert ledger.outcome(payment.payment_id) == NotSettled("reason")
    ledger.release(payment.payment_id)
    assert ledger.outcome(payment.payment_id) is None
    assert ledger.reserve(payment, now_s=0)


def test_a_payment_is_remembered_until_its_deadline_has_passed(payment: PresentedPayment) -> None:
    ledger = PaymentLedger()
    ledger.reserve(payment, now_s=0)
    assert not ledger.reserve(payment, now_s=payment.upto.deadline_s)
    assert ledger.reserve(payment, now_s=payment.upto.deadline_s + 1)
