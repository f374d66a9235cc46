"""Paid requests as the prover stores them, of payers that are used once."""

from __future__ import annotations

import dataclasses
import itertools

import paying
from eth_account import Account
from eth_account.signers.local import LocalAccount
from x402_clients import pay_in_python

from prover.jobs.job import Computed, Order, Voucher
from veritally.devnet import Devnet
from veritally.payments import BatchPayment
from veritally.tiers import Tier
from veritally.x402 import PaymentOffer, PresentedPayment
from veritally.x402.deposits import channel_id

FUNDS = 10 * paying.DEPOSIT
"""Base units that a new payer has."""
_NUMBERS = itertools.count(1)


def funded_payer(devnet: Devnet) -> LocalAccount:
    account: LocalAccount = Account.create()
    devnet.fund_usdc(account.address, FUNDS)
    devnet.approve_permit2(account)
    return account


def paid_order(devnet: Devnet, offer: PaymentOffer, payer: LocalAccount) -> Order:
    """A request whose payment the official client signed."""
    return order_of(devnet, offer, paying.presented_by(payer, pay_in_python, offer))


def order_of(devnet: Devnet, offer: PaymentOffer, payment: PresentedPayment) -> Order:
    signed = payment.payment
    voucher = None
    if isinstance(signed, BatchPayment):
        own_id = channel_id(signed.channel, devnet.chain.chain_id)
        voucher = Voucher(own_id, signed.channel, signed.max_claimable_base_units, payment.deposit)
    return Order(
        payment_key=f"{payment.payer}:{next(_NUMBERS)}",
        resource="/infer",
        body=b"{}",
        model="model",
        model_id=paying.MODEL,
        tier=Tier.SIGNED,
        asset=devnet.usdc,
        payer=payment.payer,
        payment=signed,
        max_amount_base_units=offer.amount_base_units,
        deadline_s=0,
        voucher=voucher,
    )


def next_voucher(devnet: Devnet, order: Order, payer: LocalAccount, charged_base_units: int) -> Order:
    """The next request of a channel, whose voucher covers what was charged and one more price."""
    assert order.voucher is not None
    assert isinstance(order.payment, BatchPayment)
    total = charged_base_units + order.max_amount_base_units
    digest = paying.channels_of(devnet).functions.getVoucherDigest(order.voucher.channel_id, total).call()
    signature = bytes(payer.unsafe_sign_hash(digest).signature)
    return dataclasses.replace(
        order,
        payment_key=f"{order.payer}:{next(_NUMBERS)}",
        payment=dataclasses.replace(order.payment, max_claimable_base_units=total, signature=signature),
        voucher=dataclasses.replace(order.voucher, cumulative_base_units=total, deposit=None),
    )


def computed(amount_base_units: int, response: bytes = b"{}") -> Computed:
    return Computed(amount_base_units, bytes(32), bytes(32), 1_764_000_000, response)
