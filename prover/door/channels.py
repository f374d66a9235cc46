"""Vouchers and deposits: whether a channel holds what is promised, and what its client is told of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol

from x402.mechanisms.evm.batch_settlement import errors as codes

from prover.door.chain_state import ChainState, ChannelOnChain
from prover.door.credit import Credit
from prover.door.errors import PaymentRefusedError
from prover.door.payments import OfferedPayment
from prover.door.signatures import deposit_digest, deposit_nonce, recover_signer, voucher_digest
from prover.jobs.job import Jobs, Voucher
from veritally.receipts import ZERO_ADDRESS
from veritally.x402 import ChannelDeposit, PaymentOffer
from veritally.x402.deposits import channel_id

WITHDRAW_REQUESTED = "channel_withdraw_requested"
_KEPT_S = 30.0
_KEPT_DELAY = 3
"""What was read of a channel is used again for this part of the delay that its payer waits for its money."""


class KnownChannel(Protocol):
    """A payment channel as the prover has it stored."""

    @property
    def charged_base_units(self) -> int:
        """Over the channel's life."""
        ...

    @property
    def voucher_base_units(self) -> int | None:
        """The highest sum that the payer signed for; None before anything was charged here."""
        ...

    @property
    def voucher_signature(self) -> bytes | None:
        """The payer's, on that voucher."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether a request runs on it, whose price is not known yet."""
        ...


class ChannelJobs(Jobs, Protocol):
    """Paid requests, and the channels that pay for them."""

    async def channel(self, channel_id: bytes) -> KnownChannel | None:
        """What is known of a payment channel; None when nothing was paid out of it here."""
        ...


@dataclass(frozen=True)
class _Promise:
    """A deposit that was taken and is not in its channel yet."""

    channel_id: bytes
    deposit: ChannelDeposit


class ChannelChecker:
    """Checks vouchers. Remembers the deposits that it took until they are in their channels."""

    def __init__(self, state: ChainState, credit: Credit, now_s: Callable[[], float]) -> None:
        self._state = state
        self._credit = credit
        self._now_s = now_s
        self._promised: dict[str, dict[bytes, _Promise]] = defaultdict(dict)
        """By payer and EIP-3009 nonce."""

    async def check(self, payment: OfferedPayment, until_s: float) -> Voucher:
        """Checks a voucher and the deposit beside it.

        Raises:
            PaymentRefusedError: it could not be claimed.
            CreditExceededError: too much of it rests on a deposit that is not in the channel yet.
            NodeUnavailableError: no node answers.
        """
        batch, offer = payment.voucher, payment.offer
        payer, own_id = batch.channel.payer, channel_id(batch.channel, offer.chain_id)
        await self._require_signed(payment, own_id)
        channel = await self._channel(payment, own_id)
        deposit = await self._usable_deposit(payment, until_s)  # nothing awaits from its sums to `promise`
        if channel.withdraw_requested_at_s:
            message = "its payer asked for the channel's money back; pay on another route, or open a channel"
            _refuse(WITHDRAW_REQUESTED, message)
        coming = self._coming_base_units(payer, own_id)
        if deposit is not None and not self._is_promised(deposit, offer.chain_id):
            coming += deposit.amount_base_units
        self._require_money(payment, channel, coming)
        return Voucher(own_id, batch.channel, batch.max_claimable_base_units, deposit)

    def promise(self, voucher: Voucher, chain_id: int) -> bool:
        """The deposit of an order counts from now on, until it is in the channel or its time is up.

        False when it counts already, or there is none.
        """
        deposit = voucher.deposit
        if deposit is None or self._is_promised(deposit, chain_id):
            return False
        nonce = deposit_nonce(deposit, chain_id)
        self._promised[deposit.channel.payer][nonce] = _Promise(voucher.channel_id, deposit)
        return True

    def _is_promised(self, deposit: ChannelDeposit, chain_id: int) -> bool:
        return deposit_nonce(deposit, chain_id) in self._promised.get(deposit.channel.payer, {})

    def take_back(self, voucher: Voucher, chain_id: int) -> None:
        """The order was not taken after all."""
        if voucher.deposit is not None:
            promises = self._promised[voucher.channel.payer]
            promises.pop(deposit_nonce(voucher.deposit, chain_id), None)

    def promised_base_units(self, payer: str) -> int:
        """What the deposits of a payer that are under way will take from its balance."""
        promises = self._promised.get(payer, {}).values()
        return sum(promise.deposit.amount_base_units for promise in promises)

    async def forget_landed(self, payer: str, offer: PaymentOffer) -> None:
        """Deposits that are in their channel now, or whose time is up, are counted no more."""
        for nonce, promise in list(self._promised.get(payer, {}).items()):
            landed = await self._state.is_authorization_used(offer.asset, payer, nonce)
            if landed or promise.deposit.valid_before_s <= self._now_s():
                self._promised[payer].pop(nonce, None)
                self._state.reads.forget(payer)
                self._state.reads.forget("0x" + promise.channel_id.hex())
        if payer in self._promised and not self._promised[payer]:
            del self._promised[payer]

    async def correction(self, known: KnownChannel, channel_id: bytes) -> dict[str, object]:
        """What x402's clients need, to go on from what the channel was charged.

        Raises:
            NodeUnavailableError: no node answers.
        """
        channel = await self._state.channel(channel_id)
        extra: dict[str, object] = {
            "channelState": {
                "channelId": "0x" + channel_id.hex(),
                "balance": str(channel.balance_base_units),
                "totalClaimed": str(channel.claimed_base_units),
                "withdrawRequestedAt": channel.withdraw_requested_at_s,
                "refundNonce": str(channel.refund_nonce),
                "chargedCumulativeAmount": str(known.charged_base_units),
            }
        }
        if known.voucher_base_units is not None and known.voucher_signature is not None:
            extra["voucherState"] = {
                "signedMaxClaimable": str(known.voucher_base_units),
                "signature": "0x" + known.voucher_signature.hex(),
            }
        return extra

    async def _channel(self, payment: OfferedPayment, own_id: bytes) -> ChannelOnChain:
        """The channel as it was a while ago when that is enough, else as it is now.

        Its money grows by deposits, and leaves by claims, which are ours, and long after its payer asked.
        """
        voucher = payment.voucher
        oldest_s = min(_KEPT_S, voucher.channel.withdraw_delay_s / _KEPT_DELAY)
        channel = await self._state.channel(own_id, oldest_s)
        coming = self._coming_base_units(voucher.channel.payer, own_id)
        is_covered = voucher.max_claimable_base_units <= channel.balance_base_units + coming
        is_new = voucher.max_claimable_base_units > channel.claimed_base_units
        if is_covered and is_new and not channel.withdraw_requested_at_s:
            return channel
        return await self._state.channel(own_id)

    def _coming_base_units(self, payer: str, own_id: bytes) -> int:
        """What deposits that were taken will bring into a channel."""
        promises = self._promised.get(payer, {}).values()
        return sum(item.deposit.amount_base_units for item in promises if item.channel_id == own_id)

    async def _require_signed(self, payment: OfferedPayment, own_id: bytes) -> None:
        batch = payment.voucher
        digest = voucher_digest(own_id, batch.max_claimable_base_units, payment.offer.chain_id)
        payer = batch.channel.payer
        if batch.channel.payer_authorizer == ZERO_ADDRESS:
            signed = await self._state.is_signed_by(payer, digest, batch.signature)
        else:
            signed = recover_signer(digest, batch.signature) == payer
        if not signed:
            message = f"the voucher's signature is not of {payer}; sign a new voucher"
            _refuse(codes.ERR_INVALID_VOUCHER_SIGNATURE, message)

    async def _usable_deposit(self, payment: OfferedPayment, until_s: float) -> ChannelDeposit | None:
        """The deposit, when it is still to be brought to the channel; None when it is there."""
        deposit, offer = payment.presented.deposit, payment.offer
        if deposit is None:
            return None
        payer, nonce = deposit.channel.payer, deposit_nonce(deposit, offer.chain_id)
        used, balance, signed = await asyncio.gather(
            self._state.is_authorization_used(offer.asset, payer, nonce),
            self._state.balance_base_units(offer.asset, payer),
            self._state.is_signed_by(payer, deposit_digest(deposit, offer), deposit.signature),
        )
        if used:
            return None
        if self._is_promised(deposit, offer.chain_id) and signed:
            return deposit
        if deposit.valid_before_s <= self._now_s() + until_s:
            _refuse(codes.ERR_VALID_BEFORE_EXPIRED, "the deposit ends too soon; sign a new one")
        if deposit.valid_after_s >= self._now_s():
            _refuse(codes.ERR_VALID_AFTER_IN_FUTURE, "the deposit is not valid yet; send it later")
        if not signed:
            message = f"the deposit's signature is not of {payer}; sign a new one"
            _refuse(codes.ERR_INVALID_RECEIVE_AUTHORIZATION_SIGNATURE, message)
        spoken_for = self._credit.in_flight_base_units(payer) + self.promised_base_units(payer)
        if not 0 < deposit.amount_base_units <= balance - spoken_for:
            message = f"of the payer's {balance} base units {spoken_for} are spoken for; add funds"
            _refuse(codes.ERR_INSUFFICIENT_BALANCE, message)
        return deposit

    def _require_money(self, payment: OfferedPayment, channel: ChannelOnChain, coming: int) -> None:
        cumulative, available = (
            payment.voucher.max_claimable_base_units,
            channel.balance_base_units + coming,
        )
        if cumulative > available:
            code = codes.ERR_CUMULATIVE_EXCEEDS_BALANCE if available else codes.ERR_CHANNEL_NOT_FOUND
            _refuse(
                code, f"the channel holds {available} base units, the voucher is for {cumulative}; top up"
            )
        if cumulative <= channel.claimed_base_units:
            message = f"{channel.claimed_base_units} base units were claimed already; sign a higher voucher"
            _refuse(codes.ERR_CUMULATIVE_AMOUNT_BELOW_CLAIMED, message)
        self._credit.require_for_deposit(
            cumulative - channel.balance_base_units, payment.offer.amount_base_units
        )


def _refuse(code: str, message: str) -> NoReturn:
    raise PaymentRefusedError(code, message)
