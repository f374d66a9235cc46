"""Unmodified x402 clients of both languages pay the prover over HTTP: every route, every tier."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest
from door_clients import Ask, Reply, ask_in_python, ask_in_typescript
from eth_account import Account
from eth_account.signers.local import LocalAccount
from paying import channels_of
from prover_service import PRICES, RunningService, settled_count

from veritally.devnet import Devnet
from veritally.payments import PaymentScheme

FUNDS = 1_000_000
"""Base units of a new payer."""


@pytest.fixture(params=[ask_in_python, ask_in_typescript], ids=["python", "typescript"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """An official client."""
    client: Ask = request.param
    return client


@pytest.fixture
def payer(devnet: Devnet) -> LocalAccount:
    """A new one for each test: the prover remembers its channels when the chain is set back."""
    account: LocalAccount = Account.create()
    devnet.fund_usdc(account.address, FUNDS)
    devnet.approve_permit2(account)
    return account


def event_of(devnet: Devnet, receipt_hash: str) -> Any:
    """What the chain says of an inference."""
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    argument = {"receiptHash": receipt_hash}
    (event,) = contract.events.InferenceSettled().get_logs(from_block=0, argument_filters=argument)
    return event["args"]


def await_deposit(devnet: Devnet, reply: Reply) -> int:
    """Waits until the deposit that came with a request is in its channel."""
    channel = bytes.fromhex((reply.settled.extra or {})["channelState"]["channelId"][2:])
    deadline = time.monotonic() + 20
    while not (balance := int(channels_of(devnet).functions.channels(channel).call()[0])):
        assert time.monotonic() < deadline, "the deposit was not brought"
        time.sleep(0.1)
    return balance


@pytest.mark.parametrize("tier", PRICES)
@pytest.mark.parametrize("scheme", ["upto", "exact"])
async def test_a_payment_is_answered_when_it_is_settled(
    service: RunningService, devnet: Devnet, payer: LocalAccount, ask: Ask, scheme: str, tier: str
) -> None:
    before = devnet.usdc_balance_base_units(payer.address)

    (reply,) = await ask(payer, service.infer_url(tier), scheme)

    assert (reply.status, reply.body["label"]) == (200, "setosa")
    told = reply.settled
    assert (told.success, told.amount) == (True, str(PRICES[tier]))
    assert told.transaction == reply.body["settlement"]["transaction"]
    event = event_of(devnet, reply.body["receipt"]["hash"])
    assert (event["payer"], "0x" + event["requestHash"].hex()) == (
        payer.address,
        reply.body["receipt"]["request_hash"],
    )
    assert before - devnet.usdc_balance_base_units(payer.address) == PRICES[tier]


@pytest.mark.parametrize("tier", PRICES)
async def test_a_channel_pays_for_many_requests_that_are_answered_at_once(
    service: RunningService, devnet: Devnet, payer: LocalAccount, ask: Ask, tier: str
) -> None:
    replies = await ask(payer, service.infer_url(tier), "batch-settlement", count=3)

    assert [reply.status for reply in replies] == [200, 200, 200]
    for number, reply in enumerate(replies, start=1):
        told, extra = reply.settled, reply.settled.extra or {}
        assert (told.success, told.transaction, extra["chargedAmount"]) == (True, "", str(PRICES[tier]))
        assert extra["channelState"]["chargedCumulativeAmount"] == str(number * PRICES[tier])
        assert reply.body["settlement"] is None
    assert await asyncio.to_thread(service.parts.settling.drain, 30)
    assert settled_count(devnet) == 3
    channel = bytes.fromhex((replies[0].settled.extra or {})["channelState"]["channelId"][2:])
    assert channels_of(devnet).functions.channels(channel).call()[1] == 3 * PRICES[tier]


async def test_a_client_that_lost_its_count_is_told_it_and_pays_on(
    service: RunningService, devnet: Devnet, payer: LocalAccount, ask: Ask
) -> None:
    url, other = service.infer_url("signed"), {"input": [6.1, 2.8, 4.7, 1.2]}
    first, _ = await ask(payer, url, "batch-settlement", count=2)
    await asyncio.to_thread(await_deposit, devnet, first)

    (reply,) = await ask(payer, url, "batch-settlement", rpc_url=devnet.rpc_url, content=other)

    charged = (reply.settled.extra or {})["channelState"]["chargedCumulativeAmount"]
    assert (reply.status, charged) == (200, str(3 * PRICES["signed"]))
    assert reply.body["label"] == "versicolor"


async def test_a_client_that_lost_its_count_gets_the_answers_that_it_paid_for_again(
    service: RunningService, devnet: Devnet, payer: LocalAccount
) -> None:
    url = service.infer_url("signed")
    before = await ask_in_python(payer, url, "batch-settlement", count=2)

    again = await ask_in_python(payer, url, "batch-settlement", count=3)

    assert [reply.body for reply in again[:2]] == [reply.body for reply in before]
    assert len({reply.body["id"] for reply in again}) == 3
    charged = (again[2].settled.extra or {})["channelState"]["chargedCumulativeAmount"]
    assert charged == str(3 * PRICES["signed"])


async def test_clients_are_offered_all_routes_in_their_order(service: RunningService) -> None:
    required = httpx.post(service.infer_url("zkml"), json={"input": [1, 2, 3, 4]})
    assert required.status_code == 402
    assert required.json()["error"]["code"] == "payment_required"
    offered = service.offers("zkml")
    assert [offer["scheme"] for offer in offered] == [
        scheme.label for scheme in (PaymentScheme.UPTO, PaymentScheme.BATCH_SETTLEMENT, PaymentScheme.EXACT)
    ]
    assert {offer["amount"] for offer in offered} == {str(PRICES["zkml"])}
    assert len({offer["payTo"] for offer in offered}) == 1
