from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from x402.mechanisms.evm.batch_settlement.client import BatchSettlementEvmScheme
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import PaymentRequirements

from prover.door.signatures import (
    deposit_digest,
    exact_digest,
    recover_signer,
    upto_digest,
    voucher_digest,
)
from veritally.payments import BatchPayment, ExactPayment, UptoPayment
from veritally.x402 import Payee, PaymentOffer, PresentedPayment, Token, read_payment
from veritally.x402.deposits import channel_id

ACCOUNT = Account.from_key("0x" + "07" * 32)
PAYEE = Payee(
    84532,
    "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "0x" + "11" * 20,
    Token("0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC", "2"),
    300,
)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def presented(scheme: Any, offer: PaymentOffer) -> PresentedPayment:
    requirements = PaymentRequirements.model_validate(offer.as_requirements())
    content = scheme(EthAccountSigner(ACCOUNT)).create_payment_payload(requirements)
    payload = {"x402Version": 2, "payload": content, "accepted": offer.as_requirements()}
    return read_payment(payload, offer)


def test_what_official_clients_sign_is_theirs() -> None:
    upto, exact = PAYEE.offer_upto(1_000), PAYEE.offer_exact(1_000)
    first = presented(UptoEvmScheme, upto).payment
    assert isinstance(first, UptoPayment)
    assert recover_signer(upto_digest(first, upto), first.signature) == ACCOUNT.address
    second = presented(ExactEvmScheme, exact).payment
    assert isinstance(second, ExactPayment)
    assert recover_signer(exact_digest(second, ACCOUNT.address, exact), second.signature) == ACCOUNT.address


def test_what_official_clients_sign_for_a_channel_is_theirs() -> None:
    offer = PAYEE.offer_batch_settlement(1_000, 86_400, 10_000)
    payment = presented(BatchSettlementEvmScheme, offer)
    voucher, deposit = payment.payment, payment.deposit
    assert isinstance(voucher, BatchPayment)
    assert deposit is not None
    digest = voucher_digest(channel_id(voucher.channel, 84532), voucher.max_claimable_base_units, 84532)
    assert recover_signer(digest, voucher.signature) == ACCOUNT.address
    assert recover_signer(deposit_digest(deposit, offer), deposit.signature) == ACCOUNT.address


def test_signatures_that_tokens_refuse_are_nobodys() -> None:
    digest = bytes(range(32))
    good = bytes(ACCOUNT.unsafe_sign_hash(digest).signature)
    assert recover_signer(digest, good) == ACCOUNT.address
    high_s = good[:32] + (ORDER - int.from_bytes(good[32:64])).to_bytes(32) + bytes([55 - good[64]])
    for bad in (high_s, good[:64], good[:64] + bytes([good[64] - 27]), bytes(65), b"\xff" * 64 + b"\x1b"):
        assert recover_signer(digest, bad) is None


@pytest.mark.parametrize("other", [bytes(32), b"\x01" * 32])
def test_a_signature_over_something_else_is_not_the_payers(other: bytes) -> None:
    signature = bytes(ACCOUNT.unsafe_sign_hash(bytes(range(32))).signature)
    assert recover_signer(other, signature) != ACCOUNT.address
