"""Whether a payment can be collected, checked before anybody works for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NoReturn

from x402.mechanisms.evm import constants as codes

from prover.door.chain_state import ChainState
from prover.door.channels import ChannelChecker
from prover.door.credit import Credit
from prover.door.errors import PaymentRefusedError
from prover.door.payments import OfferedPayment
from prover.door.signatures import exact_digest, upto_digest
from prover.jobs.job import Voucher
from veritally.payments import ExactPayment, UptoPayment

_SIGN_AGAIN = "sign a new payment"


class PaymentChecker:
    """Checks of one prover: signatures by arithmetic, everything else by reads that requests share."""

    def __init__(self, state: ChainState, credit: Credit, now_s: Callable[[], float] = time.time) -> None:
        self._state = state
        self.credit = credit
        self._now_s = now_s
        self.channels = ChannelChecker(state, credit, now_s)

    async def check(self, payment: OfferedPayment, until_s: float) -> Voucher | None:
        """Checks a payment that will be collected `until_s` seconds from now; the voucher if it is one.

        Raises:
            PaymentRefusedError: it could not be collected then, or already cannot.
            NodeUnavailableError: no node answers.
        """
        found = payment.presented.payment
        await self.channels.forget_landed(payment.presented.payer, payment.offer)
        if isinstance(found, UptoPayment):
            await self._check_upto(payment, found, until_s)
        elif isinstance(found, ExactPayment):
            await self._check_exact(payment, found, until_s)
        else:
            return await self.channels.check(payment, until_s)
        return None

    async def _check_upto(self, payment: OfferedPayment, upto: UptoPayment, until_s: float) -> None:
        payer, offer = payment.presented.payer, payment.offer
        if upto.deadline_s < self._now_s() + until_s:
            _refuse(codes.ERR_PERMIT2_DEADLINE_EXPIRED, f"it ends before it can be settled; {_SIGN_AGAIN}")
        if upto.valid_after_s > self._now_s():
            _refuse(codes.ERR_PERMIT2_NOT_YET_VALID, "it is not valid yet; send it later")
        balance, allowance, used, signed = await asyncio.gather(
            self._state.balance_base_units(offer.asset, payer),
            self._state.permit2_allowance_base_units(offer.asset, payer),
            self._state.is_permit2_nonce_used(payer, upto.nonce),
            self._state.is_signed_by(payer, upto_digest(upto, offer), upto.signature),
        )
        if not signed:
            _refuse(codes.ERR_PERMIT2_INVALID_SIGNATURE, f"the signature is not of {payer}; {_SIGN_AGAIN}")
        if used:
            _refuse(codes.ERR_NONCE_ALREADY_USED, f"its nonce is used or was given up; {_SIGN_AGAIN}")
        needed = self._spoken_for(payment) + upto.max_amount_base_units
        if allowance < needed:
            problem = f"Permit2 may take {allowance} base units from the payer, {needed} are needed"
            _refuse(codes.ERR_PERMIT2_ALLOWANCE_REQUIRED, f"{problem}; approve Permit2 once")
        self._require_balance(codes.ERR_PERMIT2_INSUFFICIENT_BALANCE, balance, needed)

    async def _check_exact(self, payment: OfferedPayment, exact: ExactPayment, until_s: float) -> None:
        payer, offer = payment.presented.payer, payment.offer
        if exact.valid_before_s <= self._now_s() + until_s:
            _refuse(codes.ERR_VALID_BEFORE_EXPIRED, f"it ends before it can be settled; {_SIGN_AGAIN}")
        if exact.valid_after_s >= self._now_s():
            _refuse(codes.ERR_VALID_AFTER_FUTURE, "it is not valid yet; send it later")
        balance, used, signed = await asyncio.gather(
            self._state.balance_base_units(offer.asset, payer),
            self._state.is_authorization_used(offer.asset, payer, exact.nonce),
            self._state.is_signed_by(payer, exact_digest(exact, payer, offer), exact.signature),
        )
        if not signed:
            _refuse(codes.ERR_INVALID_SIGNATURE, f"the signature is not of {payer}; {_SIGN_AGAIN}")
        if used:
            _refuse(codes.ERR_NONCE_ALREADY_USED, f"it was collected or cancelled; {_SIGN_AGAIN}")
        needed = self._spoken_for(payment) + offer.amount_base_units
        self._require_balance(codes.ERR_INSUFFICIENT_BALANCE, balance, needed)

    def _spoken_for(self, payment: OfferedPayment) -> int:
        """What other running requests and deposits of the payer will take from its balance."""
        payer = payment.presented.payer
        running = self.credit.in_flight_base_units(payer, besides=payment.job_id)
        return running + self.channels.promised_base_units(payer)

    def _require_balance(self, code: str, balance: int, needed: int) -> None:
        if balance < needed:
            message = f"the payer holds {balance} base units, {needed} are needed with what is being settled"
            _refuse(code, f"{message}; add funds, or wait")


def _refuse(code: str, message: str) -> NoReturn:
    raise PaymentRefusedError(code, message)
