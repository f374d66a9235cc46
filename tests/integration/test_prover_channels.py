"""Requests that channels pay for: deposits first, claims together, before payers get their money back."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from fractions import Fraction

import paying
import pytest
from eth_account.signers.local import LocalAccount
from paid_requests import FUNDS, computed, funded_payer, next_voucher, paid_order
from prover_service import settled_count
from settling import AT_ONCE, Pipeline, new_pipeline, why

from prover.jobs import channels
from prover.jobs.errors import ChannelStateError
from prover.jobs.job import Job, JobState, Order
from prover.jobs.tables import ChannelRow
from prover.settling import ledger
from prover.settling.policy import SettlingPolicy
from prover.settling.profit import Guard, Prices
from prover.settling.trial import Trier
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.errors import ChainUnreachableError

PATIENT = dataclasses.replace(AT_ONCE, voucher_max_age_s=3_600.0, withdrawals_every_s=3_600.0)
DEAR = Prices(coin_usd=Fraction(10**9), asset_usd=Fraction(1), decimals=6)
"""A chain whose gas nobody can earn."""


@pytest.fixture
def payer(devnet: Devnet) -> LocalAccount:
    return funded_payer(devnet)


@pytest.fixture
def first(devnet: Devnet, payer: LocalAccount) -> Order:
    """The first request of a new channel, with its deposit."""
    return paid_order(devnet, paying.batch(devnet), payer)


def claimed(devnet: Devnet, order: Order) -> tuple[int, int]:
    """What a channel holds and what was claimed from it, in base units."""
    assert order.voucher is not None
    held, total = paying.channels_of(devnet).functions.channels(order.voucher.channel_id).call()
    return int(held), int(total)


def three_charges(running: Pipeline, devnet: Devnet, first: Order, payer: LocalAccount) -> list[bytes]:
    """Three requests of one channel, of 640, 300 and 1,000 base units."""
    ids, charged = [], 0
    for amount in (paying.METERED, 300, paying.PRICE):
        order = first if not ids else next_voucher(devnet, first, payer, charged)
        ids.append(running.compute(order, computed(amount)))
        charged += amount
    return ids


def with_guard(policy: SettlingPolicy, at_a_loss: bool) -> SettlingPolicy:
    return dataclasses.replace(policy, guard=Guard(DEAR, at_a_loss))


def test_a_deposit_is_brought_first_and_requests_are_claimed_together(
    devnet: Devnet, payer: LocalAccount, first: Order
) -> None:
    with new_pipeline(devnet, policy=PATIENT) as running:
        ids = three_charges(running, devnet, first, payer)
        assert running.settling.settle_now(20.0)
        found = running.await_over(ids)
    assert [job.state.is_settled for job in found] == [True] * 3
    assert len({job.transaction for job in found}) == 1
    assert claimed(devnet, first) == (paying.DEPOSIT, paying.METERED + 300 + paying.PRICE)
    assert devnet.usdc_balance_base_units(payer.address) == FUNDS - paying.DEPOSIT
    assert settled_count(devnet) == 3


def test_what_a_channel_pays_for_waits_for_its_deposit(
    devnet: Devnet, payer: LocalAccount, first: Order
) -> None:
    call_node(devnet.chain, "evm_setAutomine", False)
    with new_pipeline(devnet, policy=PATIENT) as running:
        job_id = running.compute(first, computed(paying.METERED))
        assert not running.settling.settle_now(2.0)
        assert running.find(job_id).state is JobState.COMPUTED
        call_node(devnet.chain, "evm_setAutomine", True)
        call_node(devnet.chain, "anvil_mine", "0x1")
        assert running.settling.settle_now(20.0)
        (job,) = running.await_over([job_id])
    assert job.state.is_settled


def test_requests_of_channels_wait_for_others_until_they_are_old(
    devnet: Devnet, payer: LocalAccount, first: Order
) -> None:
    policy = dataclasses.replace(PATIENT, voucher_max_age_s=4.0)
    with new_pipeline(devnet, policy=policy) as running:
        ids = three_charges(running, devnet, first, payer)
        time.sleep(1.0)
        assert {job.state for job in running.await_over(ids, timeout_s=0.0)} == {JobState.COMPUTED}
        assert claimed(devnet, first) == (paying.DEPOSIT, 0)
        found = running.await_over(ids)
    assert [job.state.is_settled for job in found] == [True] * 3


def test_as_many_as_a_batch_takes_do_not_wait(devnet: Devnet, payer: LocalAccount, first: Order) -> None:
    policy = dataclasses.replace(PATIENT, voucher_batch=3)
    with new_pipeline(devnet, policy=policy) as running:
        found = running.await_over(three_charges(running, devnet, first, payer))
    assert [job.state.is_settled for job in found] == [True] * 3


def test_a_payer_who_wants_its_money_back_is_claimed_from_before(
    devnet: Devnet, payer: LocalAccount, first: Order
) -> None:
    policy = dataclasses.replace(PATIENT, withdrawals_every_s=0.5)
    assert first.voucher is not None
    channel = first.voucher.channel_id
    with new_pipeline(devnet, policy=policy) as running:
        job_id = running.compute(first, computed(paying.METERED))
        while claimed(devnet, first)[0] == 0:
            time.sleep(0.05)
        assert running.find(job_id).state is JobState.COMPUTED
        call = paying.channels_of(devnet).functions.initiateWithdraw(
            first.voucher.channel.as_tuple(), paying.DEPOSIT
        )
        devnet.chain.send(call, payer)
        (job,) = running.await_over([job_id])
        with running.books.database.reading() as session:
            row = session.get_one(ChannelRow, channel)
            found = channels.find(session, channel)
    assert job.state.is_settled
    assert row.withdraw_requested_at_s is not None
    assert found is not None
    assert found.charged_base_units == paying.METERED
    assert claimed(devnet, first)[1] == paying.METERED


def test_what_a_channel_cannot_pay_is_skipped_alone(
    devnet: Devnet, payer: LocalAccount, first: Order
) -> None:
    """The channel holds 10,000 base units; eleven requests of 1,000 are charged to it."""
    with new_pipeline(devnet, policy=PATIENT) as running:
        ids = charge(running, devnet, first, payer, range(11))
        running.settling.settle_now(30.0)
        found = running.await_over(ids)
    skipped = [job for job in found if job.state is JobState.SKIPPED]
    assert len(skipped) == 1
    assert "the payer's channel holds too little" in why(skipped[0])
    assert claimed(devnet, first) == (paying.DEPOSIT, paying.DEPOSIT)


def test_what_did_not_fit_when_it_landed_is_tried_in_parts(
    devnet: Devnet, payer: LocalAccount, first: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two claims are sent before the first one lands; the channel cannot pay for both."""
    with new_pipeline(devnet, policy=PATIENT) as running:
        ids = charge(running, devnet, first, payer, range(5))
        while claimed(devnet, first)[0] == 0:
            time.sleep(0.05)
        call_node(devnet.chain, "evm_setAutomine", False)
        with monkeypatch.context() as careless:
            careless.setattr(ledger, "channels_under_way", lambda _: set())
            assert running.settling.settle_now(20.0)
            ids += charge(running, devnet, first, payer, range(5, 11))
            assert running.settling.settle_now(20.0)
        call_node(devnet.chain, "anvil_mine", "0x1")
        call_node(devnet.chain, "evm_setAutomine", True)
        deadline = time.monotonic() + 60.0
        while not all(running.find(job_id).state.is_over for job_id in ids):
            assert time.monotonic() < deadline
            running.settling.settle_now(1.0)
        found = running.await_over(ids)
    assert [job.state for job in found].count(JobState.SKIPPED) == 1
    assert claimed(devnet, first) == (paying.DEPOSIT, paying.DEPOSIT)


def charge(
    running: Pipeline, devnet: Devnet, first: Order, payer: LocalAccount, numbers: Sequence[int]
) -> list[bytes]:
    """Requests of a channel, each of 1,000 base units."""
    return [
        running.compute(
            next_voucher(devnet, first, payer, number * paying.PRICE) if number else first,
            computed(paying.PRICE),
        )
        for number in numbers
    ]


def test_what_a_node_that_is_behind_refuses_is_tried_again(
    devnet: Devnet, payer: LocalAccount, first: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node of the trial has not seen the deposit yet."""
    policy = dataclasses.replace(PATIENT, voucher_patience_s=60.0)
    with new_pipeline(devnet, policy=policy) as running:
        with monkeypatch.context() as behind:
            behind.setattr("prover.settling.dispatch.bring_deposits", lambda *_: 0)
            behind.setattr("prover.settling.dispatch.channels_without_deposit", lambda _: set())
            job_id = running.compute(first, computed(paying.METERED))
            assert not running.settling.settle_now(2.0)
            assert running.find(job_id).state is JobState.COMPUTED
        running.settling.settle_now(20.0)
        (job,) = running.await_over([job_id])
    assert job.state.is_settled


def test_nothing_is_settled_that_costs_more_than_it_earns(
    devnet: Devnet, payer: LocalAccount, first: Order
) -> None:
    impatient = dataclasses.replace(AT_ONCE, voucher_max_age_s=0.0, max_age_s=0.5, patience_s=0.5)
    policy = with_guard(impatient, at_a_loss=False)
    with new_pipeline(devnet, policy=policy) as running:
        voucher_id = running.compute(first, computed(paying.METERED))
        upto_id = running.compute(paid_order(devnet, paying.upto(devnet), payer), computed(paying.METERED))
        (upto,) = running.await_over([upto_id])
        assert not running.settling.settle_now(2.0)
        waiting = running.find(voucher_id)
    assert (upto.state, upto.reason and upto.reason.code) == (JobState.SKIPPED, "unprofitable")
    assert waiting.state is JobState.COMPUTED
    assert settled_count(devnet) == 0


def test_what_loses_is_settled_when_the_operator_says_so_and_vouchers_wait_as_long_as_they_may(
    devnet: Devnet, payer: LocalAccount, first: Order
) -> None:
    policy = with_guard(dataclasses.replace(PATIENT, voucher_batch=1), at_a_loss=True)
    with new_pipeline(devnet, policy=policy) as running:
        voucher_id = running.compute(first, computed(paying.METERED))
        upto_id = running.compute(paid_order(devnet, paying.upto(devnet), payer), computed(paying.METERED))
        (upto,) = running.await_over([upto_id])
        assert upto.state.is_settled
        while claimed(devnet, first)[0] == 0:
            time.sleep(0.05)
        (waiting,) = running.await_over([voucher_id], timeout_s=3.0)
        assert waiting.state is JobState.COMPUTED
        assert running.settling.settle_now(20.0)
        (voucher,) = running.await_over([voucher_id])
    assert voucher.state.is_settled


def test_a_channel_serves_one_request_after_the_other(
    devnet: Devnet, payer: LocalAccount, first: Order
) -> None:
    with new_pipeline(devnet, policy=PATIENT) as running:
        running.reserve(first)
        second = next_voucher(devnet, first, payer, 0)
        with pytest.raises(ChannelStateError, match="another request on it is not done"):
            running.reserve(second)
        running.release(first)
        running.compute(second, computed(paying.METERED))
        with pytest.raises(ChannelStateError, match="over 1300 base units is too low; it was charged 640"):
            running.reserve(next_voucher(devnet, first, payer, 300))
        with pytest.raises(ChannelStateError, match="over 1700 base units is too high; it was charged 640"):
            running.reserve(next_voucher(devnet, first, payer, 700))
        running.reserve(next_voucher(devnet, first, payer, paying.METERED))


def test_a_replaced_block_is_followed_until_it_is_final(devnet: Devnet, payer: LocalAccount) -> None:
    with new_pipeline(devnet) as running:
        job_id = running.compute(paid_order(devnet, paying.upto(devnet), payer), computed(paying.METERED))
        (mined,) = running.await_over([job_id])
        assert mined.settlement is not None
        call_node(devnet.chain, "evm_setAutomine", False)
        call_node(devnet.chain, "anvil_reorg", 1, [])
        gone = until(running, job_id, JobState.SUBMITTED)
        assert gone.settlement is None
        call_node(devnet.chain, "evm_setAutomine", True)
        call_node(devnet.chain, "anvil_mine", "0x1")
        again = until(running, job_id, JobState.MINED)
        assert again.receipt_hash == mined.receipt_hash
        call_node(devnet.chain, "anvil_mine", hex(100))
        assert until(running, job_id, JobState.FINAL).settlement == again.settlement
    assert devnet.usdc_balance_base_units(payer.address) == FUNDS - paying.METERED


def until(running: Pipeline, job_id: bytes, state: JobState) -> Job:
    deadline = time.monotonic() + 20.0
    while (job := running.find(job_id)).state is not state:
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return job


def test_a_node_that_shows_no_logs_is_enough(
    devnet: Devnet, payer: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trier, "_simulate", lambda *_: None)
    poor = funded_payer(devnet)
    transfer = devnet.token.functions.transfer(payer.address, FUNDS)
    devnet.chain.send(transfer, poor)
    with new_pipeline(devnet, policy=dataclasses.replace(AT_ONCE, window_s=3.0)) as running:
        ids = [
            running.compute(paid_order(devnet, paying.upto(devnet), owner), computed(paying.METERED))
            for owner in (payer, poor, funded_payer(devnet))
        ]
        found = running.await_over(ids)
    assert [job.state.is_settled for job in found] == [True, False, True]
    assert why(found[1]).startswith("SkippedReceipt: ")


def test_trouble_with_channels_stops_no_other_payment(
    devnet: Devnet, payer: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that takes no batches of requests, say, cannot be asked for withdrawals."""

    def fail(*_: object) -> int:
        raise ChainUnreachableError("node", "HTTP 400")

    monkeypatch.setattr("prover.settling.dispatch.bring_deposits", fail)
    order = paid_order(devnet, paying.upto(devnet), payer)
    with new_pipeline(devnet) as running:
        (job,) = running.await_over([running.compute(order, computed(paying.METERED))], timeout_s=8.0)
    assert job.state.is_settled
