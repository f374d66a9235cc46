"""Replaced blocks, foreign transactions, gaps and cancelled intents, on a real chain."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_account.signers.local import LocalAccount
from hostile_node import HostileNode
from transacting import (
    Anvil,
    gift,
    land,
)

from veritally.transactions import Outcome, State, TransactionManager
from veritally.transactions.errors import (
    ReorgPastFinalityError,
)

Nodes = tuple[HostileNode, HostileNode]
Open = Callable[..., TransactionManager]


# Reorgs


def test_a_reorg_takes_it_back_and_it_lands_again(manager: TransactionManager, anvil: Anvil) -> None:
    intent = gift("one")
    manager.submit(intent)
    land(manager, anvil)
    first = manager.status("one").landing
    anvil.mine()
    anvil.reorg(2)
    assert anvil.balance(intent.call.to) == 0
    manager.tick()
    assert manager.status("one").state == State.BROADCAST
    land(manager, anvil)
    again = manager.status("one")
    assert again.state == State.MINED
    assert again.landing is not None
    assert again.landing != first
    assert again.hashes == (again.landing.tx_hash,)
    assert anvil.balance(intent.call.to) == 1


def test_several_blocks_are_taken_back_at_once(manager: TransactionManager, anvil: Anvil) -> None:
    intents = [gift(f"gift {number}") for number in range(3)]
    for intent in intents:
        manager.submit(intent)
        land(manager, anvil)
    anvil.reorg(3)
    land(manager, anvil)
    assert [anvil.balance(intent.call.to) for intent in intents] == [1, 1, 1]
    anvil.mine(4)
    manager.tick()
    assert {manager.status(intent.key).state for intent in intents} == {State.FINAL}


def test_a_reorg_past_finality_stops_everything_until_it_is_accepted(
    manager: TransactionManager, anvil: Anvil
) -> None:
    done, next_ = gift("done"), gift("next")
    anvil.mine(3)
    manager.submit(done)
    land(manager, anvil)
    anvil.mine(4)
    manager.tick()
    assert manager.status("done").state == State.FINAL
    anvil.reorg(6)
    anvil.mine()
    manager.submit(next_)
    for _ in range(2):
        with pytest.raises(ReorgPastFinalityError):
            manager.tick()
    assert manager.status("next").state == State.QUEUED
    manager.accept_reorg()
    land(manager, anvil, rounds=2)
    assert [anvil.balance(intent.call.to) for intent in (done, next_)] == [1, 1]


# Nonces


def test_a_foreign_transaction_on_the_nonce_gives_the_intent_a_new_one_once_that_is_final(
    manager: TransactionManager, anvil: Anvil, account: LocalAccount
) -> None:
    intent = gift("one")
    manager.submit(intent)
    manager.tick()
    foreign = anvil.send_foreign(account, 0)
    anvil.mine()
    for _ in range(3):
        manager.tick()
        status = manager.status("one")
        assert (status.state, status.nonce) == (State.UNKNOWN, 0)
        assert status.outcome is None
        anvil.mine()
    manager.tick()
    assert manager.status("one").nonce == 1
    land(manager, anvil)
    assert manager.status("one").state == State.MINED
    assert foreign not in manager.status("one").hashes
    assert anvil.balance(intent.call.to) == 1


def test_a_gap_is_filled(open_: Open, anvil: Anvil, account: LocalAccount) -> None:
    """The node forgets a foreign transaction that had reserved a nonce."""
    anvil.send_foreign(account, 0)
    manager = open_()
    intent = gift("one")
    assert manager.submit(intent).nonce == 1
    manager.tick()
    manager.tick()
    assert anvil.count(account.address, "pending") == 2
    anvil.forget_pool()
    land(manager, anvil, rounds=6)
    assert manager.status("one").outcome == Outcome.EXECUTED
    assert anvil.count(account.address) == 2
    assert anvil.balance(intent.call.to) == 1


def test_a_nonce_that_somebody_else_waits_on_is_no_gap(
    open_: Open, anvil: Anvil, account: LocalAccount, nodes: Nodes
) -> None:
    anvil.send_foreign(account, 0)
    manager = open_()
    manager.submit(gift("one"))
    for _ in range(6):
        manager.tick()
    assert len(set(nodes[0].raw)) == 1
    anvil.mine()
    assert anvil.count(account.address) == 2


def test_what_is_cancelled_before_it_is_sent_never_lands(manager: TransactionManager, anvil: Anvil) -> None:
    unwanted, wanted = gift("unwanted"), gift("wanted")
    manager.submit(unwanted)
    manager.submit(wanted)
    assert manager.cancel("unwanted").cancelled
    land(manager, anvil, rounds=2)
    assert manager.status("unwanted").outcome == Outcome.CANCELLED
    assert manager.status("wanted").outcome == Outcome.EXECUTED
    assert [anvil.balance(intent.call.to) for intent in (unwanted, wanted)] == [0, 1]


def test_what_is_cancelled_after_it_was_sent_is_replaced(manager: TransactionManager, anvil: Anvil) -> None:
    intent = gift("one")
    manager.submit(intent)
    manager.tick()
    manager.cancel("one")
    land(manager, anvil)
    assert manager.status("one").outcome == Outcome.CANCELLED
    assert anvil.balance(intent.call.to) == 0
    assert anvil.count(manager.key.sender) == 1


def test_what_has_landed_is_not_cancelled(manager: TransactionManager, anvil: Anvil) -> None:
    manager.submit(gift("one"))
    land(manager, anvil)
    assert not manager.cancel("one").cancelled
    assert manager.status("one").outcome == Outcome.EXECUTED


def test_cancelling_too_late_tells_that_the_call_landed(manager: TransactionManager, anvil: Anvil) -> None:
    manager.submit(gift("one"))
    manager.tick()
    anvil.mine()
    assert manager.cancel("one").cancelled
    manager.tick()
    assert manager.status("one").outcome == Outcome.EXECUTED
