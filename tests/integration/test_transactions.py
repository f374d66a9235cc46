"""The transaction manager on a real chain: from an intent to a final block, and what it pays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from eth_account.signers.local import LocalAccount
from hostile_node import HostileNode
from sqlalchemy import Engine, event
from transacting import (
    GWEI,
    POLICY,
    Anvil,
    fresh_address,
    gift,
    land,
    raise_base_fee_above_all_offers,
    with_fees,
)

from veritally.transactions import Call, Intent, Outcome, State, TransactionManager
from veritally.transactions.errors import (
    CallRefusedError,
    IntentConflictError,
)

Nodes = tuple[HostileNode, HostileNode]
Open = Callable[..., TransactionManager]


def test_an_intent_goes_from_queued_to_final(manager: TransactionManager, anvil: Anvil) -> None:
    intent = gift("one")
    assert manager.submit(intent).state == State.QUEUED
    manager.tick()
    assert manager.status("one").state == State.BROADCAST
    anvil.mine()
    manager.tick()
    mined = manager.status("one")
    assert (mined.state, mined.outcome) == (State.MINED, Outcome.EXECUTED)
    assert mined.landing is not None
    assert mined.landing.block_number == anvil.head()
    assert (mined.landing.tx_hash,) == mined.hashes
    anvil.mine(POLICY.confirmations or 0)
    manager.tick()
    assert manager.status("one").state == State.FINAL
    assert anvil.balance(intent.call.to) == 1


def test_what_waits_for_finality_is_followed_without_reading_what_was_sent(
    manager: TransactionManager, anvil: Anvil
) -> None:
    """A batch may have a hundred kilobytes, and waits for a quarter of an hour."""
    manager.submit(gift("one"))
    land(manager, anvil)
    read: list[str] = []

    def note(*arguments: object) -> None:
        read.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        manager.tick()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert manager.status("one").state == State.MINED
    of_landed = [statement for statement in read if "landed_number DESC" in statement]
    assert of_landed
    assert not [statement for statement in of_landed if "tx_intent.data" in statement]


def test_final_comes_with_the_last_confirmation_and_not_before(
    manager: TransactionManager, anvil: Anvil
) -> None:
    manager.submit(gift("one"))
    land(manager, anvil)
    for _ in range((POLICY.confirmations or 0) - 1):
        manager.tick()
        assert manager.status("one").state == State.MINED
        anvil.mine()
    manager.tick()
    assert manager.status("one").state == State.FINAL


def test_without_confirmations_final_is_what_the_chain_calls_finalized(open_: Open, anvil: Anvil) -> None:
    manager = open_(dataclasses.replace(POLICY, confirmations=None))
    manager.submit(gift("one"))
    land(manager, anvil)
    anvil.mine(60)
    manager.tick()
    assert manager.status("one").state == State.MINED
    anvil.mine(10)
    manager.tick()
    assert manager.status("one").state == State.FINAL


def test_the_same_intent_submitted_again_is_one(manager: TransactionManager, anvil: Anvil) -> None:
    intent = gift("one")
    first = manager.submit(intent)
    land(manager, anvil)
    again = manager.submit(intent)
    assert (again.nonce, again.state) == (first.nonce, State.MINED)
    land(manager, anvil)
    assert anvil.balance(intent.call.to) == 1
    with pytest.raises(IntentConflictError, match="another value_wei"):
        manager.submit(Intent("one", dataclasses.replace(intent.call, value_wei=2)))


def test_a_call_that_reverts_is_refused_and_uses_no_nonce(manager: TransactionManager, anvil: Anvil) -> None:
    always_reverts = fresh_address()
    anvil.ask("anvil_setCode", always_reverts, "0x63deadbeef60e01b5f5260045ffd")
    with pytest.raises(CallRefusedError) as refused:
        manager.submit(Intent("no", Call(always_reverts)))
    assert refused.value.data == bytes.fromhex("deadbeef")
    assert manager.submit(gift("yes")).nonce == 0


def test_a_call_that_reverts_only_when_it_is_mined_is_told_apart(
    manager: TransactionManager, anvil: Anvil
) -> None:
    always_reverts = fresh_address()
    anvil.ask("anvil_setCode", always_reverts, "0x5f5ffd")
    manager.submit(Intent("no", Call(always_reverts, gas_limit=50_000)))
    land(manager, anvil)
    assert manager.status("no").outcome == Outcome.REVERTED


def test_many_are_in_flight_but_not_more_than_allowed(manager: TransactionManager, anvil: Anvil) -> None:
    intents = [gift(f"gift {number}") for number in range(20)]
    for intent in intents:
        manager.submit(intent)
    manager.tick()
    states = [manager.status(intent.key).state for intent in intents]
    assert states == [State.BROADCAST] * POLICY.max_in_flight + [State.QUEUED] * (20 - POLICY.max_in_flight)
    land(manager, anvil, rounds=3)
    assert [anvil.balance(intent.call.to) for intent in intents] == [1] * 20


def test_wait_tells_how_far_it_is_and_that_is_no_failure(manager: TransactionManager, anvil: Anvil) -> None:
    manager.submit(gift("one"))
    assert manager.wait("one", timeout_s=0.2).state == State.BROADCAST
    anvil.mine()
    assert manager.wait("one", timeout_s=20).state == State.MINED


# Fees


def test_what_waits_too_long_is_replaced_on_its_nonce(manager: TransactionManager, anvil: Anvil) -> None:
    intent = gift("one")
    manager.submit(intent)
    manager.tick()
    raise_base_fee_above_all_offers(anvil)
    for _ in range(4):
        manager.tick()
        anvil.mine()
        anvil.set_base_fee(20 * GWEI)
    manager.tick()
    status = manager.status("one")
    assert status.outcome == Outcome.EXECUTED
    assert len(status.hashes) > 1
    assert anvil.count(manager.key.sender) == 1
    assert anvil.balance(intent.call.to) == 1


def test_nothing_is_replaced_before_its_time(manager: TransactionManager, anvil: Anvil) -> None:
    manager.submit(gift("one"))
    manager.tick()
    raise_base_fee_above_all_offers(anvil)
    manager.tick()
    manager.tick()
    assert len(manager.status("one").hashes) == 1


def test_the_ceiling_pauses_and_does_not_spin(open_: Open, anvil: Anvil) -> None:
    manager = open_(with_fees(ceiling_wei=30 * GWEI))
    anvil.set_base_fee(40 * GWEI)
    anvil.mine()
    manager.submit(gift("one"))
    for _ in range(3):
        report = manager.tick()
    assert report.paused is not None
    assert "ceiling" in report.paused
    assert manager.status("one").state == State.QUEUED
    anvil.set_base_fee(GWEI)
    anvil.mine()
    assert manager.tick().paused is None
    assert manager.status("one").state == State.BROADCAST


def test_replacing_stops_at_the_ceiling(open_: Open, anvil: Anvil) -> None:
    policy = with_fees(ceiling_wei=8 * GWEI, patience_blocks=1)
    manager = open_(policy)
    manager.submit(gift("one"))
    manager.tick()
    for _ in range(30):
        anvil.set_base_fee(20 * GWEI)
        anvil.mine()
        report = manager.tick()
    assert report.paused is not None
    few = len(manager.status("one").hashes)
    for _ in range(3):
        anvil.set_base_fee(20 * GWEI)
        anvil.mine()
        manager.tick()
    assert len(manager.status("one").hashes) == few


def test_an_empty_balance_pauses(open_: Open, anvil: Anvil, account: LocalAccount) -> None:
    manager = open_()
    anvil.ask("anvil_setBalance", account.address, "0x1")
    manager.submit(gift("one"))
    report = manager.tick()
    assert report.paused is not None
    assert "balance" in report.paused
    assert manager.status("one").state == State.QUEUED
    anvil.ask("anvil_setBalance", account.address, hex(10**18))
    land(manager, anvil)
    assert manager.status("one").state == State.MINED
