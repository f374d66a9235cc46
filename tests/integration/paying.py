"""Payments for inferences of the prover, from the offer to the transaction."""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.crypto import keccak
from web3.contract import Contract
from web3.types import TxReceipt
from x402_clients import Pay, answer_402

from veritally.devnet import Devnet
from veritally.devnet.parts import Parts, find_root
from veritally.payments import PaymentRun
from veritally.receipts import GroupTerms, Receipt, SettlementDomain
from veritally.routes import ROUTE_OF
from veritally.settlement import Group, decode_outcomes
from veritally.tiers import Tier
from veritally.x402 import ChannelDeposit, Payee, PaymentOffer, PresentedPayment, Token, read_payment
from veritally.x402.addresses import CHANNELS_ADDRESS

MODEL = bytes(keccak(text="a model"))
SERVED_AT_S = 1_764_000_000
PRICE = 1_000
"""Base units: the highest price of an inference."""
METERED = 640
"""Base units: what an inference costs in the end."""
DEPOSIT = 10_000
DAY_S = 86_400

Charge = tuple[PresentedPayment, tuple[int, ...]]
"""A payment and the amounts of the inferences that it pays for, in base units."""


def usdc_token(devnet: Devnet) -> Token:
    call = devnet.token.functions
    return Token(devnet.usdc, call.name().call(), call.version().call())


def payee(devnet: Devnet, floor: Tier = Tier.SIGNED) -> Payee:
    return Payee.of(
        devnet.deployment, devnet.accounts.prover.address, floor, usdc_token(devnet), max_timeout_s=300
    )


def presented(devnet: Devnet, pay: Pay, offer: PaymentOffer, payer: int = 0, **more: Any) -> PresentedPayment:
    """A payment of one of the payers, from the client's bytes to ours."""
    return presented_by(devnet.accounts.payers[payer], pay, offer, **more)


def presented_by(account: LocalAccount, pay: Pay, offer: PaymentOffer, **more: Any) -> PresentedPayment:
    """The same of any account."""
    payment = read_payment(pay(account, answer_402(offer), **more), offer)
    assert payment.payer == account.address
    return payment


def upto(devnet: Devnet) -> PaymentOffer:
    return payee(devnet).offer_upto(PRICE)


def exact(devnet: Devnet) -> PaymentOffer:
    return payee(devnet).offer_exact(PRICE)


def batch(devnet: Devnet) -> PaymentOffer:
    return payee(devnet).offer_batch_settlement(PRICE, DAY_S, DEPOSIT)


def deposit_of(payment: PresentedPayment) -> ChannelDeposit:
    assert payment.deposit is not None
    return payment.deposit


def receipt(payer: str, nonce: int, amount_base_units: int) -> Receipt:
    request, response = keccak(text="request"), keccak(text="response")
    return Receipt(request, response, payer, amount_base_units, SERVED_AT_S, nonce, Tier.SIGNED)


def group(devnet: Devnet, *charges: Charge, first_nonce: int = 1) -> Group:
    """Signed inferences; each payment pays for as many as it has amounts."""
    domain = SettlementDomain.of(devnet.deployment)
    terms = GroupTerms(MODEL, devnet.accounts.prover.address, devnet.usdc)
    receipts: list[Receipt] = []
    runs: list[PaymentRun] = []
    for payment, amounts in charges:
        runs.append(PaymentRun(len(receipts), len(amounts), payment.payment))
        for amount in amounts:
            receipts.append(receipt(payment.payer, first_nonce + len(receipts), amount))
    digest = domain.group_digest(domain.receipts_root(terms, receipts), ROUTE_OF[Tier.SIGNED])
    evidence = bytes(devnet.accounts.prover.unsafe_sign_hash(Hash32(digest)).signature)
    return Group(terms, ROUTE_OF[Tier.SIGNED], tuple(receipts), tuple(runs), evidence)


def settle(devnet: Devnet, *groups: Group) -> TxReceipt:
    """One transaction of the prover."""
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    call = contract.functions.settle([item.as_argument() for item in groups])
    return devnet.chain.send(call, devnet.accounts.prover)


def settle_charge(devnet: Devnet, payment: PresentedPayment, *amounts: int, nonce: int = 1) -> TxReceipt:
    """Settles inferences that one payment pays for."""
    return settle(devnet, group(devnet, (payment, amounts), first_nonce=nonce))


def skipped_because(devnet: Devnet, payment: PresentedPayment, amount: int, nonce: int = 1) -> str:
    """Why an inference is skipped, which it must be."""
    charged = group(devnet, (payment, (amount,)), first_nonce=nonce)
    mined = settle(devnet, charged)
    ((outcome,),) = decode_outcomes(SettlementDomain.of(devnet.deployment), [charged], mined["logs"])
    assert outcome.seq is None
    return outcome.reason


def channels_of(devnet: Devnet) -> Contract:
    """x402's channels."""
    abi = Parts(find_root(None)).compiled("X402BatchSettlement").abi
    return devnet.chain.w3.eth.contract(address=CHANNELS_ADDRESS, abi=abi)


def send_on(devnet: Devnet) -> TxReceipt:
    """The relayer has what was claimed sent to the pay address, as anybody may."""
    move = channels_of(devnet).functions.settle(payee(devnet).pay_to, devnet.usdc)
    return devnet.chain.send(move, devnet.accounts.relayer)


def bring_deposit(devnet: Devnet, deposit: ChannelDeposit | None) -> TxReceipt:
    """The relayer brings a deposit to its channel, as anybody may."""
    assert deposit is not None
    return devnet.chain.send_data("deposit", CHANNELS_ADDRESS, deposit.calldata(), devnet.accounts.relayer)
