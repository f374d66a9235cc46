"""Turns what an x402 client presents into a payment that Settlement collects.

Checked is that the payer signed for what it was offered, so that nobody works for a payment that Settlement
could not collect. The signatures are left to x402's contracts and the token, which check them then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from veritally.payments import (
    BatchPayment,
    ChannelConfig,
    ExactPayment,
    PaymentScheme,
    SignedPayment,
    UptoPayment,
    UptoPaymentWithPermit,
)
from veritally.receipts import ZERO_ADDRESS
from veritally.x402.addresses import PERMIT2_ADDRESS, UPTO_PROXY_ADDRESS
from veritally.x402.deposits import ChannelDeposit, channel_id
from veritally.x402.errors import (
    MalformedPayloadError,
    OtherChannelError,
    OtherOfferError,
    SignatureLengthError,
)
from veritally.x402.fields import Fields
from veritally.x402.offers import PaymentOffer

X402_VERSION = 2
SPONSORING = "eip2612GasSponsoring"
"""x402's extension by which a payer signs its allowance for Permit2 instead of paying gas for it."""
_PLAIN_SIGNATURE_BYTES = 65


@dataclass(frozen=True)
class PresentedPayment:
    """A payment that a client presents for one inference."""

    payer: str
    """Checksummed address."""
    payment: SignedPayment
    deposit: ChannelDeposit | None = None
    """To be brought to the channel before the payment is settled; for `batch-settlement` only."""


def read_payment(payload: Mapping[str, Any], offer: PaymentOffer) -> PresentedPayment:
    """Reads the JSON of a `PAYMENT-SIGNATURE` header, which answers `offer`.

    Raises:
        MalformedPayloadError: a field is missing or is not what x402 defines.
        OtherOfferError: the payer signed for another network, scheme, token, amount, pay address or contract.
        OtherChannelError: the voucher is for another channel than the one beside it.
        SignatureLengthError: a signature must be one of a plain key and is not.
        UndeployedAccountError: ERC-6492 wraps a signature.
    """
    payment = Fields.of(payload)
    payment.require("x402Version", payment.uint("x402Version"), X402_VERSION)
    accepted = payment.child("accepted")
    accepted.require("scheme", accepted.text("scheme"), offer.scheme.label)
    accepted.require("network", accepted.text("network"), offer.network)
    accepted.require("asset", accepted.address("asset"), offer.asset)
    return _READERS[offer.scheme](payment, offer)


def _read_upto(payment: Fields, offer: PaymentOffer) -> PresentedPayment:
    content = payment.child("payload")
    signed = content.child("permit2Authorization")
    permitted, witness = signed.child("permitted"), signed.child("witness")
    permitted.require("token", permitted.address("token"), offer.asset)
    permitted.require("amount", permitted.uint("amount"), offer.amount_base_units)
    signed.require("spender", signed.address("spender"), UPTO_PROXY_ADDRESS)
    witness.require("to", witness.address("to"), offer.pay_to)
    facilitator = _asked(offer).address("facilitatorAddress")
    witness.require("facilitator", witness.address("facilitator"), facilitator)
    payer = signed.address("from")
    upto = UptoPayment(
        max_amount_base_units=permitted.uint("amount"),
        nonce=signed.uint("nonce"),
        deadline_s=signed.uint("deadline"),
        valid_after_s=witness.uint("validAfter"),
        signature=content.signature("signature"),
    )
    permit = _signed_allowance(payment)
    return PresentedPayment(payer, upto if permit is None else _with_permit(permit, payer, upto, offer))


def _signed_allowance(payment: Fields) -> Fields | None:
    """What the payer signed by the sponsoring extension; a server's mere offer of it comes back unsigned."""
    extensions = payment.child("extensions") if payment.has("extensions") else None
    if extensions is None or not extensions.has(SPONSORING):
        return None
    info = extensions.child(SPONSORING).child("info")
    return info if info.has("signature") else None


def _with_permit(permit: Fields, payer: str, upto: UptoPayment, offer: PaymentOffer) -> UptoPaymentWithPermit:
    permit.require("from", permit.address("from"), payer)
    permit.require("asset", permit.address("asset"), offer.asset)
    permit.require("spender", permit.address("spender"), PERMIT2_ADDRESS)
    permit.require("amount", permit.uint("amount"), upto.max_amount_base_units)
    signature = _plain_signature(permit, "signature")
    return UptoPaymentWithPermit(
        upto=upto,
        permit_value_base_units=permit.uint("amount"),
        permit_deadline_s=permit.uint("deadline"),
        r=signature[:32],
        s=signature[32:64],
        v=signature[64],
    )


def _read_batch(payment: Fields, offer: PaymentOffer) -> PresentedPayment:
    content = payment.child("payload")
    kind = content.text("type")
    if kind not in ("deposit", "voucher"):
        raise MalformedPayloadError(content.name("type"), f"{kind!r} pays for nothing")
    channel, voucher = _channel(content.child("channelConfig"), offer), content.child("voucher")
    own_id, named_id = channel_id(channel, offer.chain_id), voucher.word("channelId")
    if named_id != own_id:
        raise OtherChannelError(named_id, own_id)
    own_key = channel.payer_authorizer != ZERO_ADDRESS
    if own_key:  # anybody could name a signer of its own for a channel in somebody else's name
        content.child("channelConfig").require("payerAuthorizer", channel.payer_authorizer, channel.payer)
    maximum = voucher.uint("maxClaimableAmount", bits=128)
    least = offer.amount_base_units
    if maximum < least:
        raise OtherOfferError(voucher.name("maxClaimableAmount"), maximum, f"{least} or more")
    signature = _plain_signature(voucher, "signature") if own_key else voucher.signature("signature")
    return PresentedPayment(
        payer=channel.payer,
        payment=BatchPayment(channel, maximum, signature),
        deposit=_deposit(content.child("deposit"), channel) if kind == "deposit" else None,
    )


def _channel(config: Fields, offer: PaymentOffer) -> ChannelConfig:
    channel = ChannelConfig(
        payer=config.address("payer"),
        payer_authorizer=config.address("payerAuthorizer"),
        receiver=config.address("receiver"),
        receiver_authorizer=config.address("receiverAuthorizer"),
        token=config.address("token"),
        withdraw_delay_s=config.uint("withdrawDelay", bits=40),
        salt=config.word("salt"),
    )
    asked = _asked(offer)
    config.require("receiver", channel.receiver, offer.pay_to)
    config.require("receiverAuthorizer", channel.receiver_authorizer, asked.address("receiverAuthorizer"))
    config.require("token", channel.token, offer.asset)
    config.require("withdrawDelay", channel.withdraw_delay_s, asked.uint("withdrawDelay"))
    return channel


def _deposit(deposit: Fields, channel: ChannelConfig) -> ChannelDeposit:
    authorization = deposit.child("authorization").child("erc3009Authorization")
    return ChannelDeposit(
        channel=channel,
        amount_base_units=deposit.uint("amount", bits=128),
        valid_after_s=authorization.uint("validAfter"),
        valid_before_s=authorization.uint("validBefore"),
        salt=int.from_bytes(authorization.word("salt")),
        signature=authorization.signature("signature"),
    )


def _read_exact(payment: Fields, offer: PaymentOffer) -> PresentedPayment:
    content = payment.child("payload")
    signed = content.child("authorization")
    signed.require("to", signed.address("to"), offer.pay_to)
    signed.require("value", signed.uint("value"), offer.amount_base_units)
    exact = ExactPayment(
        valid_after_s=signed.uint("validAfter"),
        valid_before_s=signed.uint("validBefore"),
        nonce=signed.word("nonce"),
        signature=_plain_signature(content, "signature"),
    )
    return PresentedPayment(signed.address("from"), exact)


def _asked(offer: PaymentOffer) -> Fields:
    return Fields("accepted.extra", offer.extra)


def _plain_signature(fields: Fields, key: str) -> bytes:
    signature = fields.signature(key)
    if len(signature) != _PLAIN_SIGNATURE_BYTES:
        raise SignatureLengthError(fields.name(key), len(signature))
    return signature


_READERS: Mapping[PaymentScheme, Callable[[Fields, PaymentOffer], PresentedPayment]] = {
    PaymentScheme.UPTO: _read_upto,
    PaymentScheme.BATCH_SETTLEMENT: _read_batch,
    PaymentScheme.EXACT: _read_exact,
}
