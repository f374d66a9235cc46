"""The published attacks on x402, and further ones: one test for each.

Nobody gets an answer without paying, nobody pays twice, and nobody gets somebody else's answer.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from attacking import (
    FUNDS,
    attacked,
    bent,
    cancellation,
    channel_config,
    giving_up,
    header,
    jobs_of,
    new_payer,
    next_voucher,
    offer_of,
    paths,
    post,
    proxy_call,
    signed,
    signed_with_nonce,
    submission,
)
from door_clients import ask_in_python, reply_of
from eth_account.signers.local import LocalAccount
from paying import channels_of
from prover_service import (
    BODY,
    PRICES,
    TIMEOUT_S,
    RunningService,
    reason_of_402,
    run_service,
    settled_count,
)
from web3.contract import Contract
from x402.mechanisms.evm.batch_settlement import errors as channel_codes

from prover.door import channels
from prover.onnx_model import OnnxModel
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.errors import TransactionFailedError
from veritally.x402.addresses import PERMIT2_ADDRESS

__all__ = ["attacked"]
Attack = Callable[[Callable[[], object]], None]
PRICE = PRICES["signed"]


@pytest.fixture
def victim(devnet: Devnet) -> LocalAccount:
    return new_payer(devnet)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The inputs of every run of the model from now on."""
    found: list[Any] = []
    original = OnnxModel.run

    def counting(model: OnnxModel, inputs: Any) -> Any:
        found.append(inputs)
        return original(model, inputs)

    monkeypatch.setattr(OnnxModel, "run", counting)
    return found


def spent(devnet: Devnet, payer: LocalAccount) -> int:
    return FUNDS - devnet.usdc_balance_base_units(payer.address)


def assert_withheld(response: httpx.Response, reason: str) -> None:
    """The client got nothing but the reason."""
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (402, "receipt_not_settled")
    assert reason in error["message"]
    assert "output" not in response.text
    assert "output" not in httpx.get(f"{response.url.copy_with(path='/v1/receipts/' + error['id'])}").text


# Replay


async def test_one_header_fifty_times_at_once_is_one_request(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any]
) -> None:
    payload = signed(service, victim, "upto")

    copies = await asyncio.gather(*(post(service, payload) for _ in range(50)))

    assert {copy.status_code for copy in copies} == {200}
    assert len({copy.content for copy in copies}) == 1
    assert (len(runs), settled_count(devnet), spent(devnet, victim)) == (1, 1, PRICE)


@pytest.mark.parametrize("scheme", ["upto", "exact", "batch-settlement"])
async def test_a_header_that_is_sent_again_buys_nothing_more(
    service: RunningService, victim: LocalAccount, runs: list[Any], scheme: str
) -> None:
    payload = signed(service, victim, scheme)
    replies = [await post(service, payload) for _ in range(3)]
    assert {(reply.status_code, reply.content) for reply in replies} == {(200, replies[0].content)}
    assert len(runs) == 1


async def test_a_nonce_that_is_signed_twice_runs_one_request(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any]
) -> None:
    first = signed(service, victim, "upto")
    nonce = first["payload"]["permit2Authorization"]["nonce"]
    second = signed_with_nonce(service, victim, nonce)
    assert second["payload"]["signature"] != first["payload"]["signature"]

    replies = await asyncio.gather(post(service, first), post(service, second))

    assert sorted(reply.status_code for reply in replies) == [200, 409]
    assert (len(runs), spent(devnet, victim)) == (1, PRICE)


# What changes between the check and the settlement


async def test_a_balance_that_is_drained_in_between_gives_no_answer(
    service: RunningService, devnet: Devnet, victim: LocalAccount, attacked: Attack
) -> None:
    away = devnet.token.functions.transfer(devnet.accounts.relayer.address, FUNDS)
    attacked(lambda: devnet.chain.send(away, victim))
    assert_withheld(await post(service, signed(service, victim, "upto")), "balance")


async def test_an_allowance_that_is_revoked_in_between_gives_no_answer(
    service: RunningService, devnet: Devnet, victim: LocalAccount, attacked: Attack
) -> None:
    revoke = devnet.token.functions.approve(PERMIT2_ADDRESS, 0)
    attacked(lambda: devnet.chain.send(revoke, victim))
    assert_withheld(await post(service, signed(service, victim, "upto")), "allowance")
    assert spent(devnet, victim) == 0


async def test_an_authorisation_that_is_cancelled_in_between_gives_no_answer(
    service: RunningService, devnet: Devnet, victim: LocalAccount, attacked: Attack
) -> None:
    payload = signed(service, victim, "exact")
    cancel = cancellation(devnet, victim, payload["payload"]["authorization"]["nonce"])
    attacked(lambda: devnet.chain.send(cancel, devnet.accounts.relayer))
    assert_withheld(await post(service, payload), "used")
    assert spent(devnet, victim) == 0


async def test_a_payment_that_somebody_else_submits_first_is_not_credited(
    service: RunningService, devnet: Devnet, victim: LocalAccount, attacked: Attack
) -> None:
    payload = signed(service, victim, "exact")
    submit = submission(devnet, payload)
    attacked(lambda: devnet.chain.send(submit, devnet.accounts.relayer))
    assert_withheld(await post(service, payload), "used")
    assert settled_count(devnet) == 0


async def test_nobody_else_can_submit_an_upto_payment(
    service: RunningService, devnet: Devnet, victim: LocalAccount, upto_proxy: Contract, attacked: Attack
) -> None:
    payload = signed(service, victim, "upto")
    call = proxy_call(upto_proxy, payload)
    refusals: list[str] = []

    def submit() -> None:
        with pytest.raises(TransactionFailedError) as refused:
            devnet.chain.send(call, devnet.accounts.relayer)
        refusals.append(str(refused.value))

    attacked(submit)
    assert (await post(service, payload)).status_code == 200
    assert "UnauthorizedFacilitator" in refusals[0]


# What was done before the check


async def test_a_nonce_that_was_given_up_before_is_refused(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any]
) -> None:
    payload = signed(service, victim, "upto")
    nonce = int(payload["payload"]["permit2Authorization"]["nonce"])
    devnet.chain.send(giving_up(devnet, nonce), victim)
    reply = await post(service, payload)
    assert (reply.status_code, "nonce_already_used" in reason_of_402(reply)) == (402, True)
    assert runs == []


async def test_an_authorisation_that_was_collected_before_is_refused(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any]
) -> None:
    payload = signed(service, victim, "exact")
    devnet.chain.send(submission(devnet, payload), devnet.accounts.relayer)
    reply = await post(service, payload)
    assert (reply.status_code, "nonce_already_used" in reason_of_402(reply)) == (402, True)
    assert runs == []


@pytest.mark.parametrize(("scheme", "word"), [("upto", "allowance"), ("exact", "balance")])
async def test_a_payer_that_cannot_pay_is_refused_before_any_work(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any], scheme: str, word: str
) -> None:
    if scheme == "upto":
        devnet.chain.send(devnet.token.functions.approve(PERMIT2_ADDRESS, PRICE - 1), victim)
    else:
        away = devnet.token.functions.transfer(devnet.accounts.relayer.address, FUNDS - PRICE + 1)
        devnet.chain.send(away, victim)
    reply = await post(service, signed(service, victim, scheme))
    assert (reply.status_code, word in reason_of_402(reply)) == (402, True)
    assert runs == []


# Substitution


async def test_a_payment_for_one_tier_buys_no_other(
    service: RunningService, victim: LocalAccount, runs: list[Any]
) -> None:
    for scheme in ("upto", "exact", "batch-settlement"):
        cheap = signed(service, victim, scheme, "signed")
        dear = {**cheap, "accepted": offer_of(service, scheme, "zkml")}
        for payload in (cheap, dear):
            reply = await post(service, payload, "zkml")
            assert (reply.status_code, reason_of_402(reply)) == (402, "payment_cannot_be_settled")
    assert runs == []


async def test_a_used_payment_buys_no_other_request(
    service: RunningService, victim: LocalAccount, runs: list[Any]
) -> None:
    payload = signed(service, victim, "upto")
    assert (await post(service, payload)).status_code == 200
    other = await post(service, payload, body={"input": [6.1, 2.8, 4.7, 1.2]})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "payment_already_in_use")
    assert "output" not in other.text
    assert len(runs) == 1


async def test_a_payment_in_somebody_elses_name_is_refused(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any]
) -> None:
    thief = new_payer(devnet)
    forged = {
        "upto": bent(
            signed(service, thief, "upto"), "payload", "permit2Authorization", "from", to=victim.address
        ),
        "exact": bent(signed(service, thief, "exact"), "payload", "authorization", "from", to=victim.address),
    }
    for payload in forged.values():
        reply = await post(service, payload)
        assert (reply.status_code, "signature" in reason_of_402(reply)) == (402, True)
    assert runs == []


@pytest.mark.parametrize(
    ("scheme", "path"),
    [
        ("upto", ("payload", "permit2Authorization", "nonce")),
        ("upto", ("payload", "permit2Authorization", "deadline")),
        ("exact", ("payload", "authorization", "nonce")),
        ("exact", ("payload", "authorization", "validBefore")),
        ("batch-settlement", ("payload", "deposit", "authorization", "erc3009Authorization", "validBefore")),
    ],
)
async def test_what_was_signed_cannot_be_changed(
    service: RunningService, victim: LocalAccount, runs: list[Any], scheme: str, path: tuple[str, ...]
) -> None:
    other = "0x" + "11" * 32 if path[-1] == "nonce" and scheme == "exact" else str(int(time.time()) + 5_000)
    reply = await post(service, bent(signed(service, victim, scheme), *path, to=other))
    assert (reply.status_code, "signature" in reason_of_402(reply)) == (402, True)
    assert runs == []


# Time


@pytest.mark.parametrize(("scheme", "word"), [("upto", "deadline"), ("exact", "valid_before")])
async def test_a_payment_that_ends_during_the_proof_is_refused_before_it(
    service: RunningService, victim: LocalAccount, runs: list[Any], scheme: str, word: str
) -> None:
    reply = await post(service, signed(service, victim, scheme, "zkml", maxTimeoutSeconds=60), "zkml")
    assert (reply.status_code, word in reason_of_402(reply)) == (402, True)
    assert runs == []


async def test_a_time_out_is_no_failure_and_no_second_charge(devnet: Devnet, tmp_path: Any) -> None:
    payer = new_payer(devnet)
    with run_service(devnet, tmp_path, answer_timeout_s=1) as service:
        payload = signed(service, payer, "upto")
        call_node(devnet.chain, "evm_setAutomine", False)
        try:
            pending = await post(service, payload)
        finally:
            call_node(devnet.chain, "evm_setAutomine", True)
        call_node(devnet.chain, "evm_mine")
        answered = await post(service, payload)
    error = pending.json()["error"]
    assert (pending.status_code, error["code"]) == (402, "settlement_pending")
    assert not reply_of(pending).settled.success
    assert pending.headers["retry-after"]
    assert "output" not in pending.text
    assert (answered.status_code, answered.json()["id"]) == (200, error["id"])
    assert spent(devnet, payer) == PRICE


async def test_a_client_that_hangs_up_pays_once_and_gets_its_answer_later(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any]
) -> None:
    payload = signed(service, victim, "upto", "zkml")
    async with httpx.AsyncClient(timeout=0.3) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.post(service.infer_url("zkml"), json=BODY, headers=header(payload))

    again = await post(service, payload, "zkml")

    assert again.status_code == 200
    assert (len(runs), spent(devnet, victim)) == (1, PRICES["zkml"])


# Channels


async def test_a_channel_whose_payer_wants_its_money_back_pays_no_more(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any]
) -> None:
    first = signed(service, victim, "batch-settlement")
    assert (await post(service, first)).status_code == 200
    assert await asyncio.to_thread(service.parts.settling.drain, 30)
    withdraw = channels_of(devnet).functions.initiateWithdraw(channel_config(first), 1)
    devnet.chain.send(withdraw, victim)
    await asyncio.sleep(1.1)  # reads of the chain are shared for a second

    reply = await post(service, next_voucher(victim, first, 2 * PRICE))

    assert (reply.status_code, reason_of_402(reply)) == (402, "channel_withdraw_requested")
    assert len(runs) == 1


async def test_the_wish_for_the_money_back_is_noticed_long_before_the_delay_is_over(
    service: RunningService,
    devnet: Devnet,
    victim: LocalAccount,
    runs: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = signed(service, victim, "batch-settlement")
    assert (await post(service, first)).status_code == 200
    assert await asyncio.to_thread(service.parts.settling.drain, 30)
    await asyncio.sleep(1.1)  # until the deposit is seen in the channel
    assert (await post(service, next_voucher(victim, first, 2 * PRICE))).status_code == 200
    withdraw = channels_of(devnet).functions.initiateWithdraw(channel_config(first), 1)
    devnet.chain.send(withdraw, victim)
    await asyncio.sleep(1.1)

    kept = await post(service, next_voucher(victim, first, 3 * PRICE))
    monkeypatch.setattr(channels, "_KEPT_S", 1.0)  # of thirty seconds, when the delay is minutes at least
    reply = await post(service, next_voucher(victim, first, 4 * PRICE))

    assert kept.status_code == 200
    assert (reply.status_code, reason_of_402(reply)) == (402, "channel_withdraw_requested")
    assert len(runs) == 3


async def test_a_voucher_of_another_channel_is_refused(
    service: RunningService, devnet: Devnet, victim: LocalAccount, runs: list[Any]
) -> None:
    thief = new_payer(devnet)
    of_victim, of_thief = (signed(service, who, "batch-settlement") for who in (victim, thief))
    mixed = bent(of_thief, "payload", "voucher", to=of_victim["payload"]["voucher"])
    posing = bent(
        of_victim, "payload", "voucher", "signature", to=of_thief["payload"]["voucher"]["signature"]
    )
    codes = [reason_of_402(await post(service, payload)) for payload in (mixed, posing)]
    assert codes == ["payment_cannot_be_settled", channel_codes.ERR_INVALID_VOUCHER_SIGNATURE]
    assert runs == []


@pytest.mark.parametrize("delta", [-1, 1, PRICE])
async def test_a_voucher_must_go_on_from_what_was_charged(
    service: RunningService, victim: LocalAccount, runs: list[Any], delta: int
) -> None:
    first = signed(service, victim, "batch-settlement")
    assert (await post(service, first)).status_code == 200

    reply = await post(service, next_voucher(victim, first, 2 * PRICE + delta))

    assert reason_of_402(reply) == channel_codes.ERR_CUMULATIVE_AMOUNT_MISMATCH
    assert len(runs) == 1


async def test_a_voucher_above_the_deposit_is_refused(
    service: RunningService, victim: LocalAccount, runs: list[Any]
) -> None:
    first = signed(service, victim, "batch-settlement")
    deposit = int(first["payload"]["deposit"]["amount"])
    without = {**first, "payload": {**first["payload"], "type": "voucher"}}
    assert reason_of_402(await post(service, without)) == channel_codes.ERR_CHANNEL_NOT_FOUND
    assert (await post(service, first)).status_code == 200

    reply = await post(service, next_voucher(victim, first, deposit + 1))

    assert reason_of_402(reply) == channel_codes.ERR_CUMULATIVE_EXCEEDS_BALANCE
    assert len(runs) == 1


async def test_one_balance_is_promised_to_one_channel(
    service: RunningService, devnet: Devnet, runs: list[Any]
) -> None:
    payer = new_payer(devnet, 120_000)
    payloads = [signed(service, payer, "batch-settlement", tier) for tier in ("signed", "tee")]
    assert {int(payload["payload"]["deposit"]["amount"]) for payload in payloads} == {100_000}
    replies = await asyncio.gather(
        *(post(service, payload, tier) for payload, tier in zip(payloads, ("signed", "tee"), strict=True))
    )
    (refused,) = (reply for reply in replies if reply.status_code == 402)
    assert reason_of_402(refused) == channel_codes.ERR_INSUFFICIENT_BALANCE
    assert len(runs) == 1


# Headers and caches


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"x",
        b"\xff\xfe",
        base64.b64encode(b"{"),
        base64.b64encode(b"[]"),
        base64.b64encode(b"{}"),
        base64.b64encode(b'{"x402Version": 2, "accepted": 1, "payload": {}}'),
        base64.b64encode(b"[" * 5_000),
        base64.b64encode(b'{"x402Version": ' + b"9" * 5_000 + b"}"),
        b"A" * 16_385,
    ],
    ids=range(10),
)
def test_a_malformed_header_is_refused_as_such(
    service: RunningService, value: bytes, runs: list[Any]
) -> None:
    reply = httpx.post(service.infer_url("signed"), json=BODY, headers={b"PAYMENT-SIGNATURE": value})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "malformed_payment")
    assert runs == []


@pytest.mark.parametrize("scheme", ["upto", "exact", "batch-settlement"])
async def test_every_field_of_a_payment_may_be_nonsense(
    service: RunningService, victim: LocalAccount, runs: list[Any], scheme: str
) -> None:
    payload = signed(service, victim, scheme)
    for path in paths(payload):
        for nonsense in (None, {}, [], -1, 2**300, "0x", "ü" * 40, True):
            reply = await post(service, bent(payload, *path, to=nonsense))
            assert reply.status_code in (400, 402), (path, nonsense, reply.text)
    assert runs == []


async def test_two_payments_in_one_request_are_refused(
    service: RunningService, victim: LocalAccount, runs: list[Any]
) -> None:
    pair = [("PAYMENT-SIGNATURE", header(signed(service, victim, "upto"))["PAYMENT-SIGNATURE"])] * 2
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        reply = await http.post(service.infer_url("signed"), json=BODY, headers=pair)
    assert (reply.status_code, runs) == (400, [])


async def test_no_cache_may_keep_what_was_paid_for(service: RunningService, victim: LocalAccount) -> None:
    answer = await post(service, signed(service, victim, "upto"))
    unpaid = httpx.post(service.infer_url("signed"), json=BODY)
    found = httpx.get(f"{service.url}/v1/receipts/{answer.json()['id']}")
    for reply in (answer, unpaid, found):
        assert reply.headers["cache-control"] == "no-store, private"
        assert reply.headers["vary"] == "PAYMENT-SIGNATURE"


# What others see


async def test_nothing_of_an_answer_is_seen_before_it_is_paid(
    service: RunningService, victim: LocalAccount, attacked: Attack
) -> None:
    seen: list[dict[str, Any]] = []
    payload = signed(service, victim, "upto", "zkml")
    attacked(lambda: None)
    waiting = asyncio.create_task(post(service, payload, "zkml"))
    while not seen or seen[-1]["state"] not in ("mined", "final"):
        job = next(iter(jobs_of(service, victim)), None)
        if job is not None:
            found = await asyncio.to_thread(httpx.get, f"{service.url}/v1/receipts/{job}")
            seen.append(found.json())
        await asyncio.sleep(0.05)
    assert (await waiting).status_code == 200
    early = [found for found in seen if found["state"] not in ("mined", "final")]
    assert early
    assert all(found["receipt"] is None and found["evidence"] is None for found in early)
    assert seen[-1]["receipt"]["payer"] == victim.address


async def test_the_credit_of_one_payer_is_limited(devnet: Devnet, tmp_path: Any, runs: list[Any]) -> None:
    payer = new_payer(devnet)
    with run_service(devnet, tmp_path, max_unsettled_usd="0.002", batch_window_s=1.0) as service:
        payloads = [signed(service, payer, "upto") for _ in range(5)]
        replies = await asyncio.gather(*(post(service, payload) for payload in payloads))
        again = await post(service, payloads[[reply.status_code for reply in replies].index(429)])
    assert sorted(reply.status_code for reply in replies) == [200, 200, 429, 429, 429]
    assert again.status_code == 200
    assert len(runs) == 3


async def test_a_client_with_nothing_to_pay_with_gets_a_reason(
    service: RunningService, devnet: Devnet
) -> None:
    (reply,) = await ask_in_python(new_payer(devnet, PRICE - 1), service.infer_url("signed"), "upto")
    assert (reply.status, reply.refusal) == (402, "permit2_insufficient_balance")
