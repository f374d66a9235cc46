"""One owner for each key, and what the next one makes of what the one before has left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_account.signers.local import LocalAccount
from hostile_node import HostileNode
from transacting import (
    GWEI,
    Anvil,
    FragileDatabase,
    Killed,
    gift,
    land,
    open_manager,
    raise_base_fee_above_all_offers,
)

from veritally.transactions import Call, Outcome, State, TransactionManager
from veritally.transactions.errors import (
    KeyInUseError,
    LeaseLostError,
)

Nodes = tuple[HostileNode, HostileNode]
Open = Callable[..., TransactionManager]


def test_one_key_has_one_owner(
    open_: Open, database: FragileDatabase, account: LocalAccount, nodes: Nodes
) -> None:
    open_()
    with pytest.raises(KeyInUseError):
        open_manager(database, account, [node.url for node in nodes])


def test_an_owner_that_was_taken_over_stores_and_sends_nothing_new(open_: Open, nodes: Nodes) -> None:
    stale = open_()
    stale.submit(gift("before"))
    owner = open_()
    for attempt in (stale.tick, lambda: stale.submit(gift("late")), lambda: stale.cancel("before")):
        with pytest.raises(LeaseLostError):
            attempt()
    assert nodes[0].raw == []
    assert owner.submit(gift("one")).nonce == 1


def test_the_next_owner_sends_what_the_one_before_has_signed(
    open_: Open, database: FragileDatabase, nodes: Nodes
) -> None:
    """Killed between storing the signed bytes and handing them over: the same bytes go out."""
    killed = open_()
    killed.submit(gift("one"))
    database.boundaries_left = 1  # the commit of the signed bytes
    with pytest.raises(Killed):
        killed.tick()
    database.boundaries_left = None
    assert nodes[0].raw == []
    (signed,) = killed.status("one").hashes
    assert killed.status("one").state == State.SIGNED
    successor = open_()
    successor.tick()
    assert successor.status("one").hashes == (signed,)
    assert len(set(nodes[0].raw)) == 1


def test_after_a_restart_identical_bytes_go_out_before_anything_is_replaced(
    open_: Open, anvil: Anvil, nodes: Nodes
) -> None:
    before = open_()
    before.submit(gift("one"))
    before.tick()
    (sent,) = nodes[0].raw
    raise_base_fee_above_all_offers(anvil)
    for _ in range(5):
        anvil.set_base_fee(20 * GWEI)
        anvil.mine()
    open_().tick()
    assert nodes[0].raw == [sent, sent]


def test_a_lost_database_copy_is_caught_up_with(
    open_: Open, anvil: Anvil, database: FragileDatabase, account: LocalAccount
) -> None:
    """Restored from a copy that knows the intent, but not that it was signed and has landed."""
    intent = gift("one")
    manager = open_()
    manager.submit(intent)
    twin = Call(intent.call.to, value_wei=1, gas_limit=21_000)
    fields = {"type": 2, "chainId": 84532, "nonce": 0, "to": twin.to, "value": 1, "gas": 21_000}
    fields |= {"maxFeePerGas": 50 * GWEI, "maxPriorityFeePerGas": 7}
    anvil.ask("eth_sendRawTransaction", account.sign_transaction(fields).raw_transaction.to_0x_hex())
    anvil.mine(6)
    manager.tick()
    manager.tick()
    assert manager.status("one").outcome == Outcome.EXECUTED
    assert manager.status("one").nonce == 0
    land(manager, anvil)
    assert anvil.balance(intent.call.to) == 1
