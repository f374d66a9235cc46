from __future__ import annotations

import dataclasses

import pytest
from deployments import make_deployment
from x402.mechanisms.evm.batch_settlement import constants as batch
from x402.schemas import PaymentRequirements
from x402_examples import BATCH, DAY_S, EXACT, OFFERS, PAYEE, PRICE, SETTLEMENT, UPTO, USDC

from veritally.pay_address import pay_address_of
from veritally.tiers import Tier
from veritally.x402 import Payee, PaymentOffer, Token
from veritally.x402.errors import MalformedPayloadError, OfferError
from veritally.x402.offers import MAX_WITHDRAW_DELAY_S, MIN_WITHDRAW_DELAY_S


@pytest.mark.parametrize("offer", OFFERS)
def test_offers_are_x402s_requirements(offer: PaymentOffer) -> None:
    requirements = PaymentRequirements.model_validate(offer.as_requirements())
    assert requirements.model_dump(by_alias=True, exclude_none=True) == offer.as_requirements()
    assert (requirements.network, requirements.asset, requirements.amount) == ("eip155:84532", USDC, "2000")
    assert (requirements.pay_to, requirements.max_timeout_seconds) == (PAYEE.pay_to, 300)
    assert (requirements.extra["name"], requirements.extra["version"]) == ("USDC", "2")


def test_each_route_names_settlement_where_x402_expects_it() -> None:
    assert UPTO.as_requirements()["scheme"] == "upto"
    assert UPTO.extra["facilitatorAddress"] == SETTLEMENT
    assert BATCH.as_requirements()["scheme"] == "batch-settlement"
    assert BATCH.extra["receiverAuthorizer"] == SETTLEMENT
    assert (BATCH.extra["withdrawDelay"], BATCH.extra["minDeposit"]) == (DAY_S, str(10 * PRICE))
    assert EXACT.as_requirements()["scheme"] == "exact"
    assert SETTLEMENT not in EXACT.extra.values()


def test_a_payee_is_paid_at_the_pay_address_of_its_floor() -> None:
    deployment, prover = make_deployment(), "0x" + "44" * 20
    payees = [Payee.of(deployment, prover, floor, PAYEE.token, 300) for floor in (Tier.SIGNED, Tier.ZKML)]
    assert [payee.pay_to for payee in payees] == [
        pay_address_of(deployment, prover, floor) for floor in (Tier.SIGNED, Tier.ZKML)
    ]
    assert payees[0].settlement == deployment.settlement
    assert payees[0].chain_id == deployment.chain_id


def test_addresses_get_their_checksum() -> None:
    token = Token(USDC.lower(), "USDC", "2")
    payee = dataclasses.replace(PAYEE, token=token, settlement="0x" + "ab" * 20)
    assert payee.offer_upto(PRICE).asset == USDC
    assert payee.settlement != "0x" + "ab" * 20


@pytest.mark.parametrize("delay_s", [MIN_WITHDRAW_DELAY_S - 1, MAX_WITHDRAW_DELAY_S + 1, 0])
def test_withdraw_delays_that_x402s_channels_refuse_are_not_offered(delay_s: int) -> None:
    with pytest.raises(OfferError, match="must be from 900 to 2592000"):
        PAYEE.offer_batch_settlement(PRICE, delay_s, PRICE)


def test_the_longest_and_shortest_withdraw_delays_are_x402s() -> None:
    assert batch.MIN_WITHDRAW_DELAY == MIN_WITHDRAW_DELAY_S
    assert batch.MAX_WITHDRAW_DELAY == MAX_WITHDRAW_DELAY_S
    for delay_s in (MIN_WITHDRAW_DELAY_S, MAX_WITHDRAW_DELAY_S):
        assert PAYEE.offer_batch_settlement(PRICE, delay_s, PRICE).extra["withdrawDelay"] == delay_s


def test_a_deposit_pays_for_one_inference_at_least() -> None:
    with pytest.raises(OfferError, match="min_deposit_base_units"):
        PAYEE.offer_batch_settlement(PRICE, DAY_S, PRICE - 1)


@pytest.mark.parametrize("amount_base_units", [0, -1, 2**96])
def test_amounts_fit_a_receipt(amount_base_units: int) -> None:
    with pytest.raises(OfferError, match="amount_base_units"):
        PAYEE.offer_upto(amount_base_units)


def test_an_offer_gives_time_to_pay() -> None:
    with pytest.raises(OfferError, match="max_timeout_s"):
        dataclasses.replace(PAYEE, max_timeout_s=0).offer_exact(PRICE)


@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_is_read_back_from_its_requirements(offer: PaymentOffer) -> None:
    assert PaymentOffer.from_requirements(offer.as_requirements()) == offer


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scheme", "auth-capture"),
        ("network", "solana:mainnet"),
        ("network", "eip155:-1"),
        ("asset", "USDC"),
        ("payTo", None),
        ("amount", "1.5"),
        ("maxTimeoutSeconds", "soon"),
        ("extra", None),
    ],
)
def test_requirements_that_are_none_are_refused_by_their_name(field: str, value: object) -> None:
    with pytest.raises(MalformedPayloadError) as refusal:
        PaymentOffer.from_requirements(UPTO.as_requirements() | {field: value})
    assert refusal.value.field == f"accepted.{field}"
