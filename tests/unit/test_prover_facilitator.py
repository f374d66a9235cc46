from __future__ import annotations

import dataclasses
import time

import pytest
from eth_account import Account
from web3 import Web3
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import PaymentPayload, PaymentRequirements

from prover.facilitator import InProcessFacilitator
from prover.payments import NotSettled, Outcome, PaymentLedger, PresentedPayment, Settled
from veritally.chain import Chain
from veritally.labels import Labels
from veritally.node import NodeProvider

NETWORK = "eip155:84532"
SETTLEMENT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
TRANSACTION = "0x" + "ab" * 32
REQUIREMENTS = PaymentRequirements(
    scheme="upto",
    network=NETWORK,
    asset="0x036CbD53842c5426634e7929541eC2318f3dCF7e",
    amount="2000",
    pay_to="0x" + "11" * 20,
    max_timeout_seconds=300,
    extra={"assetTransferMethod": "permit2", "facilitatorAddress": SETTLEMENT},
)
SETTLED = Settled(TRANSACTION, block=7, gas_used=1, seq=0, labels=Labels(0), evidence={})


@pytest.fixture
def payload() -> PaymentPayload:
    signer = EthAccountSigner(Account.from_key("0x" + "07" * 32))
    content = UptoEvmScheme(signer).create_payment_payload(REQUIREMENTS)
    return PaymentPayload(payload=content, accepted=REQUIREMENTS)


@pytest.fixture
def ledger(payload: PaymentPayload) -> PaymentLedger:
    ledger = PaymentLedger()
    ledger.reserve(PresentedPayment.from_payload(payload), now_s=0)
    return ledger


@pytest.fixture
def facilitator(ledger: PaymentLedger) -> InProcessFacilitator:
    """No node is needed: only `verify` asks the chain."""
    chain = Chain(Web3(NodeProvider("http://127.0.0.1:9")), 84532)
    return InProcessFacilitator(chain, SETTLEMENT, NETWORK, ledger)


def test_payers_are_told_to_sign_for_settlement(facilitator: InProcessFacilitator) -> None:
    supported = facilitator.get_supported()
    (kind,) = supported.kinds
    assert (kind.scheme, kind.network) == ("upto", NETWORK)
    assert kind.extra == {"facilitatorAddress": SETTLEMENT}
    assert supported.extensions == []


async def test_a_settled_payment_is_reported_with_its_transaction(
    facilitator: InProcessFacilitator, ledger: PaymentLedger, payload: PaymentPayload
) -> None:
    payment = PresentedPayment.from_payload(payload)
    ledger.record(payment.payment_id, SETTLED)
    response = await facilitator.settle(payload, REQUIREMENTS)
    assert (response.success, response.transaction, response.amount) == (True, TRANSACTION, "2000")
    assert response.payer == payment.payment_id.payer
    assert not ledger.reserve(payment, now_s=0)


async def test_a_skipped_payment_is_a_failure_and_may_be_presented_again(
    facilitator: InProcessFacilitator, ledger: PaymentLedger, payload: PaymentPayload
) -> None:
    payment = PresentedPayment.from_payload(payload)
    ledger.record(payment.payment_id, NotSettled("the reason", TRANSACTION))
    response = await facilitator.settle(payload, REQUIREMENTS)
    assert (response.success, response.error_reason) == (False, "receipt_not_settled")
    assert (response.error_message, response.transaction) == ("the reason", TRANSACTION)
    assert ledger.reserve(payment, now_s=0)


async def test_an_unknown_outcome_stays_pending_and_its_payment_reserved(
    facilitator: InProcessFacilitator, ledger: PaymentLedger, payload: PaymentPayload
) -> None:
    payment = PresentedPayment.from_payload(payload)
    ledger.record(payment.payment_id, NotSettled("not mined", TRANSACTION, certain=False))
    for _ in range(2):
        response = await facilitator.settle(payload, REQUIREMENTS)
        assert (response.success, response.error_reason) == (False, "settlement_pending")
        assert response.transaction == TRANSACTION
    assert not ledger.reserve(payment, now_s=0)


@pytest.mark.parametrize("outcome", [SETTLED, NotSettled("not mined", TRANSACTION, certain=False)])
async def test_what_became_known_after_the_deadline_is_reported_once_and_not_kept(
    facilitator: InProcessFacilitator,
    ledger: PaymentLedger,
    payload: PaymentPayload,
    monkeypatch: pytest.MonkeyPatch,
    outcome: Outcome,
) -> None:
    payment = PresentedPayment.from_payload(payload)
    late_s = payment.upto.deadline_s + 1
    other = dataclasses.replace(payment, payment_id=payment.payment_id._replace(nonce=1))
    assert ledger.reserve(other, now_s=late_s)  # which forgets the expired payment
    ledger.record(payment.payment_id, outcome)
    monkeypatch.setattr(time, "time", lambda: late_s)
    response = await facilitator.settle(payload, REQUIREMENTS)
    assert (response.success, response.transaction) == (outcome is SETTLED, TRANSACTION)
    assert ledger.outcome(payment.payment_id) is None


async def test_a_payment_without_inference_is_never_reported_as_settled(
    facilitator: InProcessFacilitator, payload: PaymentPayload
) -> None:
    response = await facilitator.settle(payload, REQUIREMENTS)
    assert not response.success
    assert response.error_message == "no inference was run for this payment"


async def test_a_payment_that_settlement_cannot_collect_is_refused_before_the_chain_is_asked(
    facilitator: InProcessFacilitator, payload: PaymentPayload
) -> None:
    payload.payload["signature"] = "0x" + "55" * 96 + "6492" * 16
    response = await facilitator.verify(payload, REQUIREMENTS)
    assert (response.is_valid, response.invalid_reason) == (False, "payment_cannot_be_settled")
    assert "ERC-6492" in (response.invalid_message or "")
