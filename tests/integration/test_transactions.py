"""The transaction manager on a real chain: from an intent to a final block, whatever happens on the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from eth_account.signers.local import LocalAccount
from hostile_node import HostileNode
from transacting import (
    GWEI,
    POLICY,
    Anvil,
    FragileDatabase,
    Killed,
    expire_leases,
    fresh_address,
    gift,
    open_manager,
)

from veritally.transactions import Call, Intent, Outcome, Policy, State, TransactionManager
from veritally.transactions.errors import (
    CallRefusedError,
    IntentConflictError,
    KeyInUseError,
    LeaseLostError,
    ReorgPastFinalityError,
)

Nodes = tuple[HostileNode, HostileNode]
Open = Callable[..., TransactionManager]


@pytest.fixture
def account(anvil: Anvil) -> LocalAccount:
    return anvil.fresh_account()


@pytest.fixture
def open_(database: FragileDatabase, account: LocalAccount, nodes: Nodes) -> Iterator[Open]:
    """Opens a manager of `account`, as a new process does after the one before has ended or died."""
    opened: list[TransactionManager] = []

    def open_(policy: Policy = POLICY) -> TransactionManager:
        expire_leases(database)
        opened.append(open_manager(database, account, [node.url for node in nodes], policy))
        return opened[-1]

    yield open_
    for manager in opened:
        manager.close()


@pytest.fixture
def manager(open_: Open) -> TransactionManager:
    return open_()


def land(manager: TransactionManager, anvil: Anvil, rounds: int = 1) -> None:
    for _ in range(rounds):
        manager.tick()
        anvil.mine()
    manager.tick()


def with_fees(**changes: int) -> Policy:
    return dataclasses.replace(POLICY, fees=dataclasses.replace(POLICY.fees, **changes))


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


def raise_base_fee_above_all_offers(anvil: Anvil) -> None:
    anvil.set_base_fee(20 * GWEI)
    anvil.mine()
    anvil.set_base_fee(20 * GWEI)


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


# Owners and deaths


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
    database.boundaries_left = 3  # renewing the lease, then the commit of the signed bytes
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
