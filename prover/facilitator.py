"""The x402 facilitator inside this process: Settlement pulls the payment, never an account of ours."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from eth_account import Account
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

from prover.payments import NotSettled, PaymentId, PaymentLedger, PresentedPayment, Settled
from veritally.chain import Chain
from veritally.errors import ChainUnreachableError
from veritally.x402.errors import PaymentError

_log = logging.getLogger("veritally.prover")

PAYMENT_IN_USE = "payment_already_in_use"
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
    """Facilitator client of `x402ResourceServer`: verifies and reserves, then reports what was settled."""

    def __init__(self, chain: Chain, settlement: str, network: str, ledger: PaymentLedger) -> None:
        self._chain = chain
        self._scheme = UptoEvmScheme(SettlementSigner(chain, settlement))
        self._supported = x402Facilitator().register([network], self._scheme).get_supported()
        self._ledger = ledger

    def get_supported(self) -> SupportedResponse:
        """The one kind of payment that is taken: `upto` on our chain."""
        return self._supported

    async def verify(self, payload: PaymentPayload, requirements: PaymentRequirements) -> VerifyResponse:
        """Reads a payment, checks it on the chain and reserves it, so that copies of it start nothing."""
        try:
            payment = PresentedPayment.from_payload(payload)
        except PaymentError as error:
            return _invalid(PAYMENT_UNUSABLE, str(error))
        # An unsigned extension could make the check simulate an approval that Settlement would not make.
        bare = payload.model_copy(update={"extensions": None})
        response = await asyncio.to_thread(self._check, bare, requirements)
        if not response.is_valid:
            return response
        if self._ledger.reserve(payment, now_s=int(time.time())):
            return response
        message = "this payment has started an inference already; sign a new one for another"
        return _invalid(PAYMENT_IN_USE, message, response.payer)

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
        response = self._report(payment.payment_id, requirements)
        if payment.upto.deadline_s < time.time():  # Permit2 takes it no more: nobody needs to remember it
            self._ledger.release(payment.payment_id)
        return response

    def _report(self, payment_id: PaymentId, requirements: PaymentRequirements) -> SettleResponse:
        outcome = self._ledger.outcome(payment_id)
        if isinstance(outcome, Settled):
            return SettleResponse(
                success=True,
                payer=payment_id.payer,
                transaction=outcome.transaction,
                network=requirements.network,
                amount=requirements.amount,
            )
        failure = outcome or NotSettled("no inference was run for this payment")
        if failure.certain:
            self._ledger.release(payment_id)
        return SettleResponse(
            success=False,
            error_reason=NOT_SETTLED if failure.certain else SETTLEMENT_PENDING,
            error_message=failure.reason,
            payer=payment_id.payer,
            transaction=failure.transaction,
            network=requirements.network,
        )


def _invalid(reason: str, message: str, payer: str | None = None) -> VerifyResponse:
    return VerifyResponse(is_valid=False, invalid_reason=reason, invalid_message=message, payer=payer)
