from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from x402.mechanisms.evm.batch_settlement.types import ChannelConfig
from x402.mechanisms.evm.batch_settlement.utils import compute_channel_id
from x402_examples import (
    BATCH,
    EXACT,
    OFFERS,
    OTHER,
    PAYER,
    PRICE,
    SPONSORING,
    STRANGER,
    UPTO,
    payment,
    spoiled,
    sponsored_payment,
)

from veritally.x402 import PaymentOffer, read_payment
from veritally.x402.errors import (
    MalformedPayloadError,
    OtherChannelError,
    OtherOfferError,
    SignatureLengthError,
    UndeployedAccountError,
)

WRAPPED = "0x" + "55" * 96 + "6492" * 16
AUTHORIZATION = "payload.deposit.authorization.erc3009Authorization"
UPTO_SIGNED = "payload.permit2Authorization"
NO_WHOLE_NUMBERS = ("-1", "1_0", " 1", "٣", "", "0x1", 1.0, True, -1)

OTHER_OFFERS = [
    (UPTO, "x402Version", 1),
    *((offer, "accepted.network", "eip155:8453") for offer in OFFERS),
    *((offer, "accepted.scheme", "auth-capture") for offer in OFFERS),
    *((offer, "accepted.asset", STRANGER) for offer in OFFERS),
    (UPTO, f"{UPTO_SIGNED}.permitted.token", STRANGER),
    (UPTO, f"{UPTO_SIGNED}.permitted.amount", str(PRICE - 1)),
    (UPTO, f"{UPTO_SIGNED}.spender", STRANGER),
    (UPTO, f"{UPTO_SIGNED}.witness.to", STRANGER),
    (UPTO, f"{UPTO_SIGNED}.witness.facilitator", STRANGER),
    (BATCH, "payload.channelConfig.receiver", STRANGER),
    (BATCH, "payload.channelConfig.receiverAuthorizer", STRANGER),
    (BATCH, "payload.channelConfig.token", STRANGER),
    (BATCH, "payload.channelConfig.withdrawDelay", 900),
    (BATCH, "payload.voucher.maxClaimableAmount", str(PRICE - 1)),
    (EXACT, "payload.authorization.to", STRANGER),
    (EXACT, "payload.authorization.value", str(PRICE + 1)),
]


@pytest.mark.parametrize(("offer", "path", "value"), OTHER_OFFERS)
def test_what_was_not_offered_is_refused_by_its_name(offer: PaymentOffer, path: str, value: object) -> None:
    with pytest.raises(OtherOfferError, match="ask for a new offer") as refusal:
        read_payment(spoiled(payment(offer), path, value), offer)
    assert refusal.value.field == path


@pytest.mark.parametrize(
    ("field", "value"),
    [("from", OTHER.address), ("asset", STRANGER), ("spender", STRANGER), ("amount", str(PRICE + 1))],
)
def test_an_allowance_for_something_else_is_refused(field: str, value: str) -> None:
    with pytest.raises(OtherOfferError) as refusal:
        read_payment(spoiled(sponsored_payment(), f"{SPONSORING}.{field}", value), UPTO)
    assert refusal.value.field == f"{SPONSORING}.{field}"


def test_a_channel_whose_vouchers_somebody_else_signs_is_refused() -> None:
    payload = spoiled(payment(BATCH), "payload.channelConfig.payerAuthorizer", STRANGER)
    config = ChannelConfig.from_dict(payload["payload"]["channelConfig"])
    payload["payload"]["voucher"]["channelId"] = compute_channel_id(config, BATCH.chain_id)
    with pytest.raises(OtherOfferError, match=r"channelConfig\.payerAuthorizer is"):
        read_payment(payload, BATCH)


def test_a_voucher_for_the_channel_of_another_payer_is_refused() -> None:
    others = payment(BATCH, OTHER)["payload"]["voucher"]
    with pytest.raises(OtherChannelError, match="your own channel"):
        read_payment(spoiled(payment(BATCH), "payload.voucher", others), BATCH)
    with pytest.raises(OtherChannelError):
        read_payment(spoiled(payment(BATCH), "payload.channelConfig.payer", OTHER.address), BATCH)


@pytest.mark.parametrize(
    ("offer", "path"),
    [
        (UPTO, "payload.signature"),
        (BATCH, "payload.voucher.signature"),
        (BATCH, f"{AUTHORIZATION}.signature"),
        (EXACT, "payload.signature"),
    ],
)
def test_signatures_of_accounts_without_code_are_refused(offer: PaymentOffer, path: str) -> None:
    with pytest.raises(UndeployedAccountError, match=f"{path} is wrapped by ERC-6492"):
        read_payment(spoiled(payment(offer), path, WRAPPED), offer)


@pytest.mark.parametrize("length", [0, 64, 66])
@pytest.mark.parametrize(
    ("offer", "path"), [(EXACT, "payload.signature"), (BATCH, "payload.voucher.signature")]
)
def test_signatures_that_must_be_plain_have_65_bytes(offer: PaymentOffer, path: str, length: int) -> None:
    with pytest.raises(SignatureLengthError, match=f"{length} bytes, not 65"):
        read_payment(spoiled(payment(offer), path, "0x" + "55" * length), offer)


def test_the_signature_of_an_allowance_has_65_bytes() -> None:
    with pytest.raises(SignatureLengthError):
        read_payment(spoiled(sponsored_payment(), f"{SPONSORING}.signature", "0x" + "55" * 64), UPTO)


@pytest.mark.parametrize(
    ("offer", "path", "value"),
    [
        (UPTO, "x402Version", None),
        (UPTO, "accepted", None),
        (UPTO, "accepted.asset", "USDC"),
        (UPTO, "payload", []),
        (UPTO, UPTO_SIGNED, None),
        (UPTO, f"{UPTO_SIGNED}.from", PAYER.address[2:]),
        (UPTO, f"{UPTO_SIGNED}.from", 7),
        *((UPTO, f"{UPTO_SIGNED}.nonce", value) for value in NO_WHOLE_NUMBERS),
        (UPTO, f"{UPTO_SIGNED}.nonce", str(2**256)),
        (UPTO, "payload.signature", "0x123"),
        (UPTO, "payload.signature", "12" * 65),
        (BATCH, "payload.type", "refund"),
        (BATCH, "payload.deposit", None),
        (BATCH, AUTHORIZATION, None),
        (BATCH, "payload.deposit.amount", str(2**128)),
        (BATCH, "payload.voucher.maxClaimableAmount", str(2**128)),
        (BATCH, "payload.voucher.channelId", "0x" + "00" * 31),
        (BATCH, "payload.channelConfig.withdrawDelay", 2**40),
        (BATCH, "payload.channelConfig.salt", "0x"),
        (EXACT, "payload.authorization", None),
        (EXACT, "payload.authorization.nonce", "0x" + "00" * 33),
    ],
)
def test_what_x402_does_not_define_is_refused(offer: PaymentOffer, path: str, value: object) -> None:
    with pytest.raises(MalformedPayloadError, match="send what an x402 client") as refusal:
        read_payment(spoiled(payment(offer), path, value), offer)
    assert refusal.value.field == path


@pytest.mark.parametrize("payload", [None, [], "payment", 7])
def test_a_payment_is_a_json_object(payload: Any) -> None:
    with pytest.raises(MalformedPayloadError, match="is no JSON object"):
        read_payment(payload, UPTO)


def test_exact_over_permit2_is_not_taken() -> None:
    payload = payment(EXACT) | {"payload": payment(UPTO)["payload"]}
    with pytest.raises(MalformedPayloadError, match=r"payload\.authorization"):
        read_payment(payload, EXACT)


@pytest.mark.parametrize(
    ("offer", "field"),
    [(UPTO, "facilitatorAddress"), (BATCH, "receiverAuthorizer"), (BATCH, "withdrawDelay")],
)
def test_an_offer_without_what_its_scheme_needs_is_refused(offer: PaymentOffer, field: str) -> None:
    extra = {name: value for name, value in offer.extra.items() if name != field}
    with pytest.raises(MalformedPayloadError) as refusal:
        read_payment(payment(offer), dataclasses.replace(offer, extra=extra))
    assert refusal.value.field == f"accepted.extra.{field}"
