"""Nodes that lose, delay, double and lie: every intent lands once, and nothing is concluded from nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
from contextlib import ExitStack
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from hostile_node import (
    BLOCK,
    COUNT,
    KEY,
    RECEIPT,
    SEND,
    Ask,
    Fault,
    HostileNode,
    Reply,
    delay,
    double,
    drip,
    half,
    html,
    lose_answer,
    lose_request,
    other_id,
    refusal,
    reply,
    result,
    status,
)
from transacting import (
    CHAIN_ID,
    POLICY,
    Anvil,
    FragileDatabase,
    fresh_address,
    gift,
    open_manager,
    run_node,
)

from veritally.transactions import Call, Intent, Outcome, State, TransactionManager, exchange
from veritally.transactions.errors import NoEndpointError

Nodes = tuple[HostileNode, HostileNode]
LIES: dict[str, Fault] = {
    "lose request": lose_request,
    "lose answer": lose_answer,
    "double": double,
    "too many requests": status(429),
    "server error": status(500),
    "html after taking it": html,
    "half an answer": half,
    "answer to another request": other_id,
    "null": result(None),
    "other hash": result("0x" + "00" * 32),
    "object": result({}),
    "nonce too low, a lie": refusal("nonce too low"),
    "nonce too low, and takes it": refusal("nonce too low", passes_on=True),
    "already known, a lie": refusal("already known"),
    "underpriced, a lie": refusal("replacement transaction underpriced", passes_on=True),
    "underpriced, and true": refusal("replacement transaction underpriced"),
    "text that no database takes": refusal("no \x00 \ud800 \u202e good"),
    "insufficient funds, a lie": refusal("insufficient funds for gas * price + value"),
}
GARBAGE: dict[str, Fault] = {
    "lose answer": lose_answer,
    "html": html,
    "half": half,
    "null": result(None),
    "object": result({"number": "0x1", "hash": 7}),
    "no number": result("0xzz"),
    "huge": result("0x" + "f" * 64),
    "list": result([[]]),
}
READS = ["eth_chainId", BLOCK, COUNT, RECEIPT, "eth_getBalance", "eth_maxPriorityFeePerGas"]


def tick(manager: TransactionManager) -> None:
    """A round of a program that goes on when no node answers."""
    with contextlib.suppress(NoEndpointError):
        manager.tick()


def land(manager: TransactionManager, anvil: Anvil, rounds: int) -> None:
    for _ in range(rounds):
        tick(manager)
        anvil.mine()


def submit_and_land(manager: TransactionManager, anvil: Anvil, rounds: int = 5) -> Intent:
    """Three intents, of which the one in the middle is returned."""
    intents = [gift(name) for name in ("first", "second", "third")]
    for intent in intents:
        manager.submit(intent)
    land(manager, anvil, rounds)
    tick(manager)
    assert [anvil.balance(intent.call.to) for intent in intents] == [1, 1, 1]
    assert anvil.count(manager.key.sender) == 3
    statuses = [manager.status(intent.key) for intent in intents]
    assert [status.nonce for status in statuses] == [0, 1, 2]
    assert {status.outcome for status in statuses} == {Outcome.EXECUTED}
    return intents[1]


@pytest.mark.parametrize("lie", LIES)
def test_whatever_nodes_say_to_signed_bytes_each_intent_lands_once(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes, lie: str
) -> None:
    for node in nodes:
        node.plan(LIES[lie], SEND, times=4)
    submit_and_land(manager, anvil)


@pytest.mark.parametrize("lie", sorted(LIES))
def test_only_what_a_node_says_it_has_is_broadcast(
    manager: TransactionManager, nodes: Nodes, lie: str
) -> None:
    for node in nodes:
        node.plan(LIES[lie], SEND, times=None)
    manager.submit(gift("one"))
    tick(manager)
    is_held = lie in ("double", "already known, a lie")
    assert manager.status("one").state == (State.BROADCAST if is_held else State.UNKNOWN)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_whatever_nodes_answer_to_questions_each_intent_lands_once(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes, garbage: str
) -> None:
    for method in READS:
        for node in nodes:
            node.plan(GARBAGE[garbage], method, times=2)
    submit_and_land(manager, anvil, rounds=14)


@pytest.mark.parametrize("fault", [delay(3.0), drip], ids=["late", "slow"])
def test_a_late_answer_is_a_lost_one(
    database: FragileDatabase, account: LocalAccount, anvil: Anvil, nodes: Nodes, fault: Fault
) -> None:
    policy = dataclasses.replace(POLICY, timeout_s=1.0)
    with open_manager(database, account, [node.url for node in nodes], policy) as manager:
        manager.submit(gift("one"))
        for node in nodes:
            node.plan(fault, SEND)
        tick(manager)
        assert manager.status("one").state == State.UNKNOWN
        anvil.mine()
        tick(manager)
        assert manager.status("one").state == State.MINED


def test_a_lost_answer_is_unknown_and_no_failure(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes
) -> None:
    for node in nodes:
        node.plan(lose_answer, SEND, times=2)  # one more for the connection that is opened anew
    manager.submit(gift("one"))
    tick(manager)
    told = manager.status("one")
    assert (told.state, told.outcome) == (State.UNKNOWN, None)
    assert told.problem is not None
    tick(manager)
    assert manager.status("one").state == State.BROADCAST
    assert len(set(nodes[0].raw)) == 1


def test_all_nodes_get_the_bytes_at_once(manager: TransactionManager, nodes: Nodes) -> None:
    manager.submit(gift("one"))
    tick(manager)
    assert nodes[0].raw == nodes[1].raw
    assert len(nodes[0].raw) == 1


def test_a_node_that_swallows_everything_does_not_stop_the_other_one(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes
) -> None:
    nodes[0].plan(refusal("already known"), SEND, times=None)
    submit_and_land(manager, anvil)


@pytest.mark.parametrize("number", ["0x3b9aca00", "0x" + "f" * 64])
@pytest.mark.parametrize("method", [COUNT, BLOCK])
def test_a_node_that_lies_high_for_ever_changes_no_nonce(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes, method: str, number: str
) -> None:
    def high(request: dict[str, Any], ask: Ask) -> Reply:
        answer = ask(request)
        if method == COUNT:
            answer["result"] = number
        elif answer["result"] is not None and request["params"][0] in ("latest", "finalized"):
            answer["result"]["number"] = number
        return reply(answer)

    nodes[0].plan(high, method, times=None)
    submit_and_land(manager, anvil, rounds=12)


def test_a_made_up_receipt_convinces_nobody(manager: TransactionManager, anvil: Anvil, nodes: Nodes) -> None:
    def forge(request: dict[str, Any], _ask: Ask) -> Reply:
        head = anvil.ask("eth_getBlockByNumber", "latest", False)
        receipt = {"transactionHash": request["params"][0], "status": "0x1", "blockNumber": head["number"]}
        receipt |= {"blockHash": head["hash"], "gasUsed": "0x5208", "effectiveGasPrice": "0x1"}
        return reply({"jsonrpc": "2.0", "id": request["id"], "result": receipt})

    def used(request: dict[str, Any], ask: Ask) -> Reply:
        return reply(ask(request) | {"result": "0x63"})

    manager.submit(gift("one"))
    tick(manager)
    anvil.forget_pool()
    for node in nodes:
        node.plan(forge, RECEIPT, times=None)
        node.plan(used, COUNT, times=None)
    for _ in range(3):
        tick(manager)
        assert manager.status("one").state == State.UNKNOWN
        anvil.mine()
    for node in nodes:
        node.heal()
    land(manager, anvil, rounds=3)
    assert manager.status("one").outcome == Outcome.EXECUTED


def test_a_greedy_node_gets_no_more_than_the_highest_tip(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes
) -> None:
    for node in nodes:
        node.plan(result(hex(10**30)), "eth_maxPriorityFeePerGas", times=None)
    manager.submit(gift("one"))
    land(manager, anvil, rounds=1)
    tick(manager)
    landing = manager.status("one").landing
    assert landing is not None
    base_fee_wei = int(
        anvil.ask("eth_getBlockByNumber", hex(landing.block_number), False)["baseFeePerGas"], 16
    )
    assert landing.gas_price_wei - base_fee_wei == POLICY.fees.highest_tip_wei


# Nodes that disagree


def test_a_node_that_is_behind_takes_nothing_back(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes
) -> None:
    manager.submit(gift("one"))
    before = anvil.head()
    land(manager, anvil, rounds=1)
    tick(manager)
    nodes[0].behind = before
    for _ in range(4):
        tick(manager)
        assert manager.status("one").state == State.MINED
    assert len(manager.status("one").hashes) == 1


def test_a_node_that_stays_behind_for_ever_stops_nothing(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes
) -> None:
    nodes[0].behind = anvil.head()
    submit_and_land(manager, anvil)


def test_a_node_that_goes_back_changes_no_nonce_and_replaces_nothing(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes
) -> None:
    first = gift("one")
    manager.submit(first)
    before = anvil.head()
    land(manager, anvil, rounds=1)
    tick(manager)
    for node in nodes:
        node.behind = before
    manager.submit(gift("two"))
    for _ in range(6):
        tick(manager)
        anvil.mine()
    for node in nodes:
        node.heal()
    land(manager, anvil, rounds=2)
    tick(manager)
    assert [manager.status(name).nonce for name in ("one", "two")] == [0, 1]
    assert [len(manager.status(name).hashes) for name in ("one", "two")] == [1, 1]
    assert anvil.balance(first.call.to) == 1


def test_nothing_is_final_before_as_many_nodes_as_must_agree_say_so(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes
) -> None:
    manager.submit(gift("one"))
    land(manager, anvil, rounds=1)
    nodes[1].behind = anvil.head()
    anvil.mine(10)
    for _ in range(4):
        tick(manager)
        assert manager.status("one").state == State.MINED
    nodes[1].heal()
    tick(manager)
    assert manager.status("one").state == State.FINAL


def test_a_nonce_is_given_up_only_when_enough_nodes_name_the_same_foreign_transaction(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes, account: LocalAccount
) -> None:
    manager.submit(gift("one"))
    anvil.send_foreign(account, 0)
    anvil.mine()
    nodes[1].behind = anvil.head()
    anvil.mine(10)
    for _ in range(4):
        tick(manager)
        assert manager.status("one").nonce == 0
    nodes[1].heal()
    tick(manager)
    assert manager.status("one").nonce == 1


def test_two_nodes_on_two_chains_make_nothing_final(database: FragileDatabase) -> None:
    """Both are real, took the same bytes, and know nothing of each other."""
    with ExitStack() as stack:
        chains = [stack.enter_context(run_node()), stack.enter_context(run_node("--timestamp", "2000000000"))]
        account = chains[0].fresh_account()
        chains[1].ask("anvil_setBalance", account.address, hex(10**20))
        urls = [chain.rpc_url for chain in chains]
        manager = stack.enter_context(open_manager(database, account, urls))
        intent = gift("one")
        manager.submit(intent)
        tick(manager)
        for _ in range(8):
            for chain in chains:
                chain.mine()
            tick(manager)
            told = manager.status("one")
            assert told.state != State.FINAL
            assert (told.nonce, len(told.hashes)) == (0, 1)
        assert [chain.balance(intent.call.to) for chain in chains] == [1, 1]


def test_a_node_of_another_chain_is_left_out(manager: TransactionManager, anvil: Anvil, nodes: Nodes) -> None:
    nodes[0].plan(result("0x1"), "eth_chainId", times=None)
    manager.submit(gift("one"))
    report = manager.tick()
    assert report.problems == {nodes[0].host: f"serves chain 1, not {CHAIN_ID}; it is left out"}
    assert nodes[0].raw == []
    assert len(nodes[1].raw) == 1
    nodes[1].plan(result("0x1"), "eth_chainId", times=None)
    with pytest.raises(NoEndpointError, match="serves chain 1"):
        manager.tick()


def test_an_endless_answer_is_cut_off(
    manager: TransactionManager, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LONGEST_ANSWER_BYTES", 10_000)
    nodes[0].plan(result("0" * 20_000), "eth_chainId", times=None)
    assert manager.tick().problems == {nodes[0].host: "eth_chainId: an answer that is too long"}


# Nodes that are gone


def test_without_any_node_intents_are_still_taken(
    manager: TransactionManager, anvil: Anvil, nodes: Nodes
) -> None:
    for node in nodes:
        node.plan(lose_request, times=None)
    intent = gift("one")
    assert manager.submit(intent).state == State.QUEUED
    with pytest.raises(NoEndpointError):
        manager.tick()
    with pytest.raises(NoEndpointError):
        manager.submit(Intent("to be tried", Call(fresh_address())))
    for node in nodes:
        node.heal()
    land(manager, anvil, rounds=1)
    tick(manager)
    assert manager.status("one").outcome == Outcome.EXECUTED
    assert manager.submit(gift("two")).nonce == 1


def test_a_node_that_keeps_failing_is_left_alone_more_and_more(
    manager: TransactionManager, nodes: Nodes
) -> None:
    nodes[0].plan(lose_request, times=None)
    nodes[0].methods.clear()
    for _ in range(20):
        tick(manager)
    assert 3 <= len(nodes[0].methods) <= 6


def test_a_new_key_is_not_registered_while_nodes_disagree_on_its_nonce(
    database: FragileDatabase, anvil: Anvil, nodes: Nodes
) -> None:
    account = anvil.fresh_account()
    nodes[0].plan(result("0x3b9aca00"), COUNT, times=None)
    urls = [node.url for node in nodes]
    with pytest.raises(NoEndpointError, match="must agree on the nonce"):
        open_manager(database, account, urls)
    nodes[0].heal()
    with open_manager(database, account, urls) as manager:
        assert manager.submit(gift("one")).nonce == 0


def test_the_key_in_the_url_is_shown_nowhere(
    manager: TransactionManager,
    nodes: Nodes,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO)
    nodes[0].plan(refusal(f"key {KEY} has no access"), SEND, times=None)
    nodes[1].plan(html, SEND, times=None)
    manager.submit(gift("one"))
    tick(manager)
    shown = json.dumps(manager.status("one").as_json())
    assert "has no access" in shown
    captured = capfd.readouterr()
    for text in (shown, captured.out, captured.err, caplog.text, str(manager.tick())):
        assert KEY not in text
