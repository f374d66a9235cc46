"""The x402 facilitator inside this process: Settlement pulls the payment, never an account of ours."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from eth_account import Account
from eth_utils.crypto import keccak
from web3 import Web3
from x402 import x402Facilitator
from x402.mechanisms.evm.signers import FacilitatorWeb3Signer
from x402.mechanisms.evm.upto.facilitator import UptoEvmScheme
from x402.schemas import (
    PaymentPayload,
    PaymentRequirements,
    SettleResponse,
    SupportedResponse,
    VerifyResponse,
)

from prover.jobs.job import Job, Jobs, JobState
from prover.payments import PresentedPayment
from veritally.chain import Chain
from veritally.errors import ChainUnreachableError
from veritally.x402.errors import PaymentError

_log = logging.getLogger("veritally.prover")

PAYMENT_UNUSABLE = "payment_cannot_be_settled"
NOT_SETTLED = "receipt_not_settled"
CHAIN_UNREACHABLE = "chain_unreachable"
SETTLEMENT_PENDING = "settlement_pending"
"""x402's own word: the transaction may still be mined."""


class SettlementSigner(FacilitatorWeb3Signer):
    """Speaks for the Settlement contract: clients sign for its address, simulations come from it.

    It holds a throw-away key, because it sends nothing.
    """

    def __init__(self, chain: Chain, settlement: str) -> None:
        super().__init__(private_key=Account.create().key.hex(), rpc_url="")
        self._w3 = chain.w3  # of its own it would log errors that show the RPC URL
        self._settlement = Web3.to_checksum_address(settlement)

    def get_addresses(self) -> list[str]:
        """The one facilitator address that payers sign for."""
        return [self._settlement]

    def read_contract(self, address: str, abi: list[dict[str, Any]], function_name: str, *args: Any) -> Any:
        """Calls a contract as if Settlement did: x402's proxy accepts nobody else."""
        contract = self._w3.eth.contract(address=Web3.to_checksum_address(address), abi=abi)
        return contract.functions[function_name](*args).call({"from": self._settlement})


class InProcessFacilitator:
    """Facilitator client of `x402ResourceServer`: verifies, then reports what was settled."""

    def __init__(self, chain: Chain, settlement: str, network: str, jobs: Jobs) -> None:
        self._chain = chain
        self._scheme = UptoEvmScheme(SettlementSigner(chain, settlement))
        self._supported = x402Facilitator().register([network], self._scheme).get_supported()
        self._network = network
        self._jobs = jobs

    def get_supported(self) -> SupportedResponse:
        """The one kind of payment that is taken: `upto` on our chain."""
        return self._supported

    async def verify(self, payload: PaymentPayload, requirements: PaymentRequirements) -> VerifyResponse:
        """Reads a payment and checks it on the chain, unless it has started an inference already."""
        try:
            payment = PresentedPayment.from_payload(payload)
        except PaymentError as error:
            return _invalid(PAYMENT_UNUSABLE, str(error))
        if await self._find(payment) is not None:
            return VerifyResponse(is_valid=True, payer=payment.payment_id.payer)
        # An unsigned extension could make the check simulate an approval that Settlement would not make.
        bare = payload.model_copy(update={"extensions": None})
        return await asyncio.to_thread(self._check, bare, requirements)

    def _check(self, payload: PaymentPayload, requirements: PaymentRequirements) -> VerifyResponse:
        """x402's checks, which blame the payer or fail when the node is lost: then it says so instead."""
        try:
            response = self._scheme.verify(payload, requirements)
            if not response.is_valid:
                self._chain.block_number()
        except (ChainUnreachableError, RuntimeError) as error:
            _log.warning("a payment could not be checked: %s", error)
            message = "the prover's node does not answer; send this payment again later"
            return _invalid(CHAIN_UNREACHABLE, message)
        return response

    async def settle(self, payload: PaymentPayload, requirements: PaymentRequirements) -> SettleResponse:
        """Reports what Settlement did with the payment; the handler has waited for it."""
        payment = PresentedPayment.from_payload(payload)
        job, payer = await self._find(payment), payment.payment_id.payer
        if job is not None and job.state.is_settled:
            return SettleResponse(
                success=True,
                payer=payer,
                transaction=job.transaction,
                network=requirements.network,
                amount=requirements.amount,
            )
        return _failure(job, payer, requirements.network)

    async def _find(self, payment: PresentedPayment) -> Job | None:
        """What was ordered with the payment; None when it is free."""
        key = payment.payment_id.key_on(self._network)
        job = await self._jobs.find(bytes(keccak(text=key)))
        return None if job is None or job.state is JobState.RELEASED else job


def _failure(job: Job | None, payer: str, network: str) -> SettleResponse:
    """Only what is certain is called a failure."""
    is_certain = job is None or job.state is JobState.SKIPPED
    reason = None if job is None else job.reason
    message = "no inference was run for this payment" if job is None else "the transaction may still be mined"
    return SettleResponse(
        success=False,
        error_reason=NOT_SETTLED if is_certain else SETTLEMENT_PENDING,
        error_message=message if reason is None else reason.message,
        payer=payer,
        transaction="" if job is None else job.transaction,
        network=network,
    )


def _invalid(reason: str, message: str, payer: str | None = None) -> VerifyResponse:
    return VerifyResponse(is_valid=False, invalid_reason=reason, invalid_message=message, payer=payer)
