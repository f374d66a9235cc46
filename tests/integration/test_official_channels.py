"""Unmodified x402 clients of both languages pay Settlement out of payment channels."""

from __future__ import annotations

import paying
import pytest
from books import Books, assert_counted, settled_events, terms_of
from paying import DAY_S, DEPOSIT, METERED, PRICE, batch, deposit_of, presented
from web3.contract import Contract
from x402.schemas import PaymentRequired, PaymentResponseContext, SettleResponse
from x402_clients import Pay, answer_402, python_client

from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.errors import TransactionFailedError
from veritally.payments import BatchPayment, PaymentScheme
from veritally.tiers import Tier
from veritally.x402 import PresentedPayment, read_payment
from veritally.x402.deposits import channel_id


@pytest.fixture
def channels(devnet: Devnet) -> Contract:
    """x402's channels."""
    return paying.channels_of(devnet)


def maximum_of(payment: PresentedPayment) -> int:
    """Cumulative maximum of a voucher."""
    assert isinstance(payment.payment, BatchPayment)
    return payment.payment.max_claimable_base_units


def test_a_channel_pays_metered_amounts_by_cumulative_vouchers(
    devnet: Devnet, pay: Pay, channels: Contract
) -> None:
    offer, books = batch(devnet), Books(devnet)
    first = presented(devnet, pay, offer, rpc_url=devnet.rpc_url)
    paying.bring_deposit(devnet, first.deposit)
    books.assert_moved(0, DEPOSIT)
    (event,) = settled_events(devnet, paying.settle_charge(devnet, first, METERED))
    assert terms_of(event) == (0, METERED, PaymentScheme.BATCH_SETTLEMENT)
    books.assert_moved(0, DEPOSIT)

    second = presented(devnet, pay, offer, rpc_url=devnet.rpc_url)
    assert second.deposit is None
    assert maximum_of(second) == METERED + PRICE
    (event,) = settled_events(devnet, paying.settle_charge(devnet, second, PRICE, nonce=2))

    assert terms_of(event) == (1, PRICE, PaymentScheme.BATCH_SETTLEMENT)
    assert_counted(devnet, 2, METERED + PRICE)
    paying.send_on(devnet)
    books.assert_moved(METERED + PRICE, DEPOSIT)
    channel = channel_id(deposit_of(first).channel, devnet.deployment.chain_id)
    assert channels.functions.channels(channel).call() == [DEPOSIT, METERED + PRICE]


def test_a_channel_never_pays_more_than_its_voucher_allows(devnet: Devnet, pay: Pay) -> None:
    payment, books = presented(devnet, pay, batch(devnet)), Books(devnet)
    paying.bring_deposit(devnet, payment.deposit)

    reason = paying.skipped_because(devnet, payment, PRICE + 1)

    assert reason == f"AmountAboveMaximum({PRICE + 1}, {PRICE})"
    books.assert_moved(0, DEPOSIT)


class Subscriber:
    """A Python client without a node, which counts for itself, from the amounts in the answers."""

    def __init__(self, devnet: Devnet) -> None:
        self._offer = batch(devnet)
        self._answer = PaymentRequired.model_validate(answer_402(self._offer))
        self._client = python_client(devnet.accounts.payers[0])

    def pay(self, charged: int) -> PresentedPayment:
        """Pays for an inference and is told what it cost."""
        payload = self._client.create_payment_payload(self._answer)
        told = SettleResponse(
            success=True, transaction="", network=self._offer.network, extra={"chargedAmount": str(charged)}
        )
        self._client.handle_payment_response(
            PaymentResponseContext(payload, self._answer.accepts[0], settle_response=told)
        )
        return read_payment(payload.model_dump(by_alias=True), self._offer)


def test_a_client_goes_on_from_what_it_was_charged(devnet: Devnet) -> None:
    subscriber, books = Subscriber(devnet), Books(devnet)
    for nonce in (1, 2, 3):
        payment = subscriber.pay(METERED)
        if payment.deposit:
            paying.bring_deposit(devnet, payment.deposit)
        assert maximum_of(payment) == (nonce - 1) * METERED + PRICE
        paying.settle_charge(devnet, payment, METERED, nonce=nonce)

    paying.send_on(devnet)
    books.assert_moved(3 * METERED, DEPOSIT)
    assert_counted(devnet, 3, 3 * METERED)


def test_the_last_voucher_pays_for_all_before_it(devnet: Devnet) -> None:
    subscriber, books, amounts = Subscriber(devnet), Books(devnet), (METERED, 1, PRICE)
    first, _, last = (subscriber.pay(amount) for amount in amounts)
    paying.bring_deposit(devnet, first.deposit)

    mined = paying.settle_charge(devnet, last, *amounts)

    assert [terms_of(event)[:2] for event in settled_events(devnet, mined)] == list(enumerate(amounts))
    paying.send_on(devnet)
    books.assert_moved(sum(amounts), DEPOSIT)
    reason = paying.skipped_because(devnet, last, PRICE, nonce=4)
    assert reason == f"AmountAboveMaximum({sum(amounts) + PRICE}, {maximum_of(last)})"


def test_a_payer_gets_its_deposit_back_only_after_the_delay(
    devnet: Devnet, pay: Pay, channels: Contract
) -> None:
    offer, books, payer = batch(devnet), Books(devnet), devnet.accounts.payers[0]
    first = presented(devnet, pay, offer, rpc_url=devnet.rpc_url)
    channel = deposit_of(first).channel.as_tuple()
    paying.bring_deposit(devnet, first.deposit)
    devnet.chain.send(channels.functions.initiateWithdraw(channel, DEPOSIT), payer)
    with pytest.raises(TransactionFailedError, match="WithdrawDelayNotElapsed"):
        devnet.chain.send(channels.functions.finalizeWithdraw(channel), payer)

    paying.settle_charge(devnet, first, METERED)
    late = presented(devnet, pay, offer, rpc_url=devnet.rpc_url)
    call_node(devnet.chain, "evm_increaseTime", DAY_S)
    call_node(devnet.chain, "evm_mine")
    devnet.chain.send(channels.functions.finalizeWithdraw(channel), payer)

    paying.send_on(devnet)
    books.assert_moved(METERED, METERED)
    reason = paying.skipped_because(devnet, late, METERED, nonce=2)
    assert "ClaimExceedsBalance" in reason
    books.assert_moved(METERED, METERED)
    assert_counted(devnet, 1, METERED)


def test_only_the_prover_gives_a_deposit_back_at_once(devnet: Devnet, pay: Pay) -> None:
    payment, books = presented(devnet, pay, batch(devnet)), Books(devnet)
    channel = deposit_of(payment).channel.as_tuple()
    paying.bring_deposit(devnet, payment.deposit)
    paying.settle_charge(devnet, payment, METERED)
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    refund = contract.functions.refundChannel(channel, Tier.SIGNED, DEPOSIT)
    with pytest.raises(TransactionFailedError, match="NotChannelReceiver"):
        devnet.chain.send(refund, devnet.accounts.relayer)

    devnet.chain.send(refund, devnet.accounts.prover)

    paying.send_on(devnet)
    books.assert_moved(METERED, METERED)
