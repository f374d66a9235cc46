"""Unmodified x402 clients of both languages pay Settlement over every route, with real USDC and Permit2."""

from __future__ import annotations

import paying
from books import Books, assert_counted, settled_events, terms_of
from eth_account import Account
from paying import DEPOSIT, METERED, PRICE, batch, exact, presented, upto
from x402.extensions.eip2612_gas_sponsoring import declare_eip2612_gas_sponsoring_extension
from x402_clients import Pay, answer_402

from veritally.devnet import Devnet
from veritally.payments import PaymentScheme
from veritally.tiers import Tier
from veritally.x402 import read_payment


def test_upto_charges_the_metered_amount(devnet: Devnet, pay: Pay) -> None:
    payment = presented(devnet, pay, upto(devnet))
    books = Books(devnet)

    mined = paying.settle_charge(devnet, payment, METERED)

    (event,) = settled_events(devnet, mined)
    assert event["args"]["payer"] == payment.payer
    assert event["args"]["tier"] == Tier.SIGNED
    assert terms_of(event) == (0, METERED, PaymentScheme.UPTO)
    books.assert_moved(METERED, METERED)
    assert_counted(devnet, 1, METERED)


def test_upto_never_charges_more_than_was_signed(devnet: Devnet, pay: Pay) -> None:
    payment = presented(devnet, pay, upto(devnet))
    books = Books(devnet)

    reason = paying.skipped_because(devnet, payment, PRICE + 1)

    assert reason == f"AmountAboveMaximum({PRICE + 1}, {PRICE})"
    books.assert_moved(0)
    assert_counted(devnet, 0, 0)


def test_upto_takes_a_signed_allowance_from_a_payer_without_ether(devnet: Devnet, pay: Pay) -> None:
    newcomer, offer = Account.create(), upto(devnet)
    devnet.fund_usdc(newcomer.address, PRICE)
    answer = answer_402(offer, extensions=declare_eip2612_gas_sponsoring_extension())
    payment = read_payment(pay(newcomer, answer, rpc_url=devnet.rpc_url), offer)
    books = Books(devnet)

    mined = paying.settle_charge(devnet, payment, METERED)

    (event,) = settled_events(devnet, mined)
    assert event["args"]["payer"] == newcomer.address
    assert terms_of(event) == (0, METERED, PaymentScheme.UPTO_WITH_PERMIT)
    assert devnet.usdc_balance_base_units(newcomer.address) == PRICE - METERED
    books.assert_moved(METERED)


def test_upto_needs_no_signed_allowance_where_one_stands(devnet: Devnet, pay: Pay) -> None:
    offer, account = upto(devnet), devnet.accounts.payers[0]
    answer = answer_402(offer, extensions=declare_eip2612_gas_sponsoring_extension())

    payment = read_payment(pay(account, answer, rpc_url=devnet.rpc_url), offer)

    assert payment.payment.scheme is PaymentScheme.UPTO
    (event,) = settled_events(devnet, paying.settle_charge(devnet, payment, METERED))
    assert terms_of(event) == (0, METERED, PaymentScheme.UPTO)


def test_exact_charges_its_amount(devnet: Devnet, pay: Pay) -> None:
    payment = presented(devnet, pay, exact(devnet))
    books = Books(devnet)

    mined = paying.settle_charge(devnet, payment, PRICE)

    (event,) = settled_events(devnet, mined)
    assert terms_of(event) == (0, PRICE, PaymentScheme.EXACT)
    books.assert_moved(PRICE, PRICE)
    assert_counted(devnet, 1, PRICE)


def test_exact_cannot_be_metered(devnet: Devnet, pay: Pay) -> None:
    payment = presented(devnet, pay, exact(devnet))
    books = Books(devnet)

    reason = paying.skipped_because(devnet, payment, METERED)

    assert "invalid signature" in reason
    books.assert_moved(0)


def test_one_transaction_takes_all_three_routes(devnet: Devnet, pay: Pay) -> None:
    offers = (upto(devnet), batch(devnet), exact(devnet))
    payments = [presented(devnet, pay, offer, payer) for payer, offer in enumerate(offers)]
    books = Books(devnet)
    paying.bring_deposit(devnet, payments[1].deposit)
    charges = zip(payments, ((METERED,), (METERED + 1,), (PRICE,)), strict=True)

    mined = paying.settle(devnet, paying.group(devnet, *charges))

    events = settled_events(devnet, mined)
    assert [event["args"]["payer"] for event in events] == [payment.payer for payment in payments]
    assert [terms_of(event) for event in events] == [
        (0, METERED, PaymentScheme.UPTO),
        (1, METERED + 1, PaymentScheme.BATCH_SETTLEMENT),
        (2, PRICE, PaymentScheme.EXACT),
    ]
    total = 2 * METERED + 1 + PRICE
    assert_counted(devnet, 3, total)
    books.assert_moved(METERED + PRICE, METERED, DEPOSIT, PRICE)
    paying.send_on(devnet)
    books.assert_moved(total, METERED, DEPOSIT, PRICE)


def test_clients_take_the_first_route_that_is_offered(devnet: Devnet, pay: Pay) -> None:
    offers = [upto(devnet), batch(devnet), exact(devnet)]
    for order in (offers, offers[1:], offers[2:]):
        payload = pay(devnet.accounts.payers[0], answer_402(*order))
        assert payload["accepted"] == order[0].as_requirements()
        read_payment(payload, order[0])
