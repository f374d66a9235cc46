from __future__ import annotations

from typing import Any

import pytest
from x402.mechanisms.evm.batch_settlement.types import ChannelConfig as OfficialChannel
from x402.mechanisms.evm.batch_settlement.utils import compute_channel_id
from x402_examples import (
    BATCH,
    CHAIN_ID,
    DAY_S,
    EXACT,
    PAYEE,
    PAYER,
    PRICE,
    SETTLEMENT,
    UPTO,
    USDC,
    payment,
    spoiled,
    sponsored_payment,
)

from veritally.payments import BatchPayment, ExactPayment, UptoPayment, UptoPaymentWithPermit
from veritally.receipts import ZERO_ADDRESS
from veritally.x402 import read_payment
from veritally.x402.deposits import channel_id

UPTO_SIGNED = "payload.permit2Authorization"


def octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_upto_is_read_field_by_field() -> None:
    payload = payment(UPTO)
    signed = payload["payload"]["permit2Authorization"]

    read = read_payment(payload, UPTO)

    assert (read.payer, read.deposit) == (PAYER.address, None)
    assert read.payment == UptoPayment(
        max_amount_base_units=PRICE,
        nonce=int(signed["nonce"]),
        deadline_s=int(signed["deadline"]),
        valid_after_s=0,
        signature=octets(payload["payload"]["signature"]),
    )


def test_a_signed_allowance_is_read_with_its_payment() -> None:
    read = read_payment(sponsored_payment(), UPTO).payment

    assert isinstance(read, UptoPaymentWithPermit)
    assert (read.permit_value_base_units, read.permit_deadline_s) == (PRICE, 1_800_000_000)
    assert (read.r, read.s, read.v) == (b"\x41" * 32, b"\x42" * 32, 27)


@pytest.mark.parametrize("extensions", [{}, {"eip2612GasSponsoring": {"info": {"version": "1"}}}])
def test_an_allowance_that_was_only_offered_is_none(extensions: dict[str, Any]) -> None:
    payload = payment(UPTO) | {"extensions": extensions}
    assert isinstance(read_payment(payload, UPTO).payment, UptoPayment)


def test_exact_is_read_field_by_field() -> None:
    payload = payment(EXACT)
    signed = payload["payload"]["authorization"]

    read = read_payment(payload, EXACT)

    assert read.payer == PAYER.address
    assert read.payment == ExactPayment(
        valid_after_s=0,
        valid_before_s=int(signed["validBefore"]),
        nonce=octets(signed["nonce"]),
        signature=octets(payload["payload"]["signature"]),
    )


def test_a_first_voucher_comes_with_its_deposit() -> None:
    payload = payment(BATCH)
    signed = payload["payload"]["deposit"]["authorization"]["erc3009Authorization"]

    read = read_payment(payload, BATCH)

    assert read.payer == PAYER.address
    assert isinstance(read.payment, BatchPayment)
    assert read.payment.max_claimable_base_units == PRICE
    assert read.payment.signature == octets(payload["payload"]["voucher"]["signature"])
    channel = read.payment.channel
    assert channel.as_tuple()[:4] == (PAYER.address, PAYER.address, PAYEE.pay_to, SETTLEMENT)
    assert channel.as_tuple()[4:] == (USDC, DAY_S, bytes(32))
    assert read.deposit is not None
    assert read.deposit.channel == channel
    assert read.deposit.amount_base_units == 10 * PRICE
    assert (read.deposit.valid_after_s, read.deposit.valid_before_s) == (0, int(signed["validBefore"]))
    assert read.deposit.salt == int(signed["salt"], 16)
    assert read.deposit.signature == octets(signed["signature"])


def test_a_later_voucher_comes_alone() -> None:
    payload = spoiled(payment(BATCH), "payload.type", "voucher")
    assert read_payment(payload, BATCH).deposit is None


def test_a_channel_is_named_as_x402_names_it() -> None:
    payload = payment(BATCH)
    official = OfficialChannel.from_dict(payload["payload"]["channelConfig"])
    read = read_payment(payload, BATCH).payment
    assert isinstance(read, BatchPayment)
    assert "0x" + channel_id(read.channel, CHAIN_ID).hex() == compute_channel_id(official, CHAIN_ID)


def test_accounts_that_are_contracts_may_sign_upto_and_their_own_vouchers() -> None:
    read = read_payment(spoiled(payment(UPTO), "payload.signature", "0x" + "55" * 99), UPTO)
    assert isinstance(read.payment, UptoPayment)
    assert read.payment.signature == b"\x55" * 99
    vouchers = spoiled(payment(BATCH), "payload.channelConfig.payerAuthorizer", ZERO_ADDRESS)
    config = OfficialChannel.from_dict(vouchers["payload"]["channelConfig"])
    vouchers["payload"]["voucher"] |= {
        "channelId": compute_channel_id(config, CHAIN_ID),
        "signature": "0x" + "55" * 99,
    }
    batch = read_payment(vouchers, BATCH).payment
    assert isinstance(batch, BatchPayment)
    assert batch.signature == b"\x55" * 99


def test_addresses_may_be_spelled_in_any_case() -> None:
    payload = spoiled(payment(UPTO), f"{UPTO_SIGNED}.from", PAYER.address.lower())
    payload = spoiled(payload, f"{UPTO_SIGNED}.permitted.token", "0x" + USDC[2:].upper())
    assert read_payment(payload, UPTO).payer == PAYER.address
