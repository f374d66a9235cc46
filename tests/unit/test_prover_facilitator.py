from __future__ import annotations

from typing import cast

import pytest
from eth_account import Account
from web3 import Web3
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import PaymentPayload, PaymentRequirements

from prover.facilitator import InProcessFacilitator
from prover.jobs.job import Job, Jobs, JobState, Order, Reason
from prover.payments import PresentedPayment
from veritally.chain import Chain
from veritally.node import NodeProvider
from veritally.tiers import Tier

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


@pytest.fixture
def payload() -> PaymentPayload:
    signer = EthAccountSigner(Account.from_key("0x" + "07" * 32))
    content = UptoEvmScheme(signer).create_payment_payload(REQUIREMENTS)
    return PaymentPayload(payload=content, accepted=REQUIREMENTS)


class OneJob:
    """Knows one request, or none."""

    def __init__(self, job: Job | None = None) -> None:
        self.job = job

    async def find(self, job_id: bytes) -> Job | None:
        return self.job if self.job is not None and self.job.order.job_id == job_id else None


@pytest.fixture
def jobs() -> OneJob:
    return OneJob()


@pytest.fixture
def facilitator(jobs: OneJob) -> InProcessFacilitator:
    """No node is needed: only `verify` asks the chain."""
    chain = Chain(Web3(NodeProvider("http://127.0.0.1:9")), 84532)
    return InProcessFacilitator(chain, SETTLEMENT, NETWORK, cast(Jobs, jobs))


def ordered(payload: PaymentPayload, state: JobState, reason: Reason | None = None) -> Job:
    payment = PresentedPayment.from_payload(payload)
    order = Order(
        payment_key=payment.payment_id.key_on(NETWORK),
        resource="/",
        body=b"",
        model="model",
        model_id=bytes(32),
        tier=Tier.SIGNED,
        asset=REQUIREMENTS.asset,
        payer=payment.payment_id.payer,
        payment=payment.upto,
        max_amount_base_units=2000,
        deadline_s=payment.upto.deadline_s,
    )
    return Job(order, state, created_at_s=0.0, transaction=TRANSACTION, reason=reason)


def test_payers_are_told_to_sign_for_settlement(facilitator: InProcessFacilitator) -> None:
    supported = facilitator.get_supported()
    (kind,) = supported.kinds
    assert (kind.scheme, kind.network) == ("upto", NETWORK)
    assert kind.extra == {"facilitatorAddress": SETTLEMENT}
    assert supported.extensions == []


@pytest.mark.parametrize("state", [JobState.MINED, JobState.FINAL])
async def test_a_settled_payment_is_reported_with_its_transaction(
    facilitator: InProcessFacilitator, jobs: OneJob, payload: PaymentPayload, state: JobState
) -> None:
    jobs.job = ordered(payload, state)
    response = await facilitator.settle(payload, REQUIREMENTS)
    assert (response.success, response.transaction, response.amount) == (True, TRANSACTION, "2000")
    assert response.payer == jobs.job.order.payer


async def test_a_skipped_payment_is_a_failure_with_its_reason(
    facilitator: InProcessFacilitator, jobs: OneJob, payload: PaymentPayload
) -> None:
    jobs.job = ordered(payload, JobState.SKIPPED, Reason("code", "the reason"))
    response = await facilitator.settle(payload, REQUIREMENTS)
    assert (response.success, response.error_reason) == (False, "receipt_not_settled")
    assert (response.error_message, response.transaction) == ("the reason", TRANSACTION)


@pytest.mark.parametrize("state", [JobState.COMPUTED, JobState.SUBMITTED, JobState.UNKNOWN])
async def test_what_is_not_known_is_pending(
    facilitator: InProcessFacilitator, jobs: OneJob, payload: PaymentPayload, state: JobState
) -> None:
    jobs.job = ordered(payload, state)
    response = await facilitator.settle(payload, REQUIREMENTS)
    assert (response.success, response.error_reason) == (False, "settlement_pending")
    assert response.transaction == TRANSACTION


async def test_a_payment_that_started_an_inference_is_not_checked_again(
    facilitator: InProcessFacilitator, jobs: OneJob, payload: PaymentPayload
) -> None:
    jobs.job = ordered(payload, JobState.MINED)
    assert (await facilitator.verify(payload, REQUIREMENTS)).is_valid
    jobs.job = ordered(payload, JobState.RELEASED)
    again = await facilitator.verify(payload, REQUIREMENTS)
    assert (again.is_valid, again.invalid_reason) == (False, "chain_unreachable")


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
