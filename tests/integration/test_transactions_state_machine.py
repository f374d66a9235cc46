"""Any order of intents, deaths, faults, reorgs and foreign transactions: each lands once, none is lost."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter, defaultdict
from itertools import pairwise
from typing import ClassVar

import httpx
import pytest
from hostile_node import (
    BLOCK,
    COUNT,
    RECEIPT,
    SEND,
    HostileNode,
    double,
    half,
    html,
    lose_answer,
    lose_request,
    refusal,
    result,
    status,
)
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select
from transacting import (
    GWEI,
    POLICY,
    Anvil,
    FragileDatabase,
    Killed,
    expire_leases,
    gift,
    open_manager,
)

from veritally.transactions import Intent, Outcome, State, TransactionManager
from veritally.transactions.errors import NoEndpointError
from veritally.transactions.tables import AttemptRow, IntentRow

EXAMPLES = "VERITALLY_TRANSACTIONS_EXAMPLES"
STEPS = "VERITALLY_TRANSACTIONS_STEPS"
DEEPEST_REORG = (POLICY.confirmations or 0) - 1
MOST_ROUNDS = 120
"""After which everything must be final once all faults are over."""
FAULTS = {
    "lose request": lose_request,
    "lose answer": lose_answer,
    "double": double,
    "busy": status(429),
    "html": html,
    "half": half,
    "null": result(None),
    "high": result("0x3b9aca00"),
    "huge": result("0x" + "f" * 64),
    "zero": result("0x0"),
    "too low": refusal("nonce too low"),
    "too low, taken": refusal("nonce too low", passes_on=True),
    "known": refusal("already known"),
    "underpriced": refusal("replacement transaction underpriced"),
}
METHODS = (SEND, SEND, SEND, RECEIPT, COUNT, BLOCK, "eth_chainId", "eth_getBalance", None)


class TransactionsMachine(RuleBasedStateMachine):
    """Each rule does one thing to the manager, the chain or the nodes between them."""

    anvil: ClassVar[Anvil]
    nodes: ClassVar[tuple[HostileNode, HostileNode]]
    database: ClassVar[FragileDatabase]
    seen: ClassVar[Counter[str]] = Counter()
    """What has happened, over all runs of a test."""

    def __init__(self) -> None:
        super().__init__()
        self.intents: dict[str, Intent] = {}
        self.cancelled: set[str] = set()
        for node in self.nodes:
            node.heal()
            node.raw.clear()
        self.anvil.forget_pool()
        self.account = self.anvil.fresh_account()
        self.set_base_fee(1)
        self.anvil.mine(DEEPEST_REORG + 1)
        self.start()

    def start(self) -> None:
        """As a new process, once the lease of the one before is over."""
        self.database.boundaries_left = None
        expire_leases(self.database)
        self.manager: TransactionManager = open_manager(
            self.database, self.account, [node.url for node in self.nodes]
        )

    # What callers do

    @rule()
    def submit(self) -> None:
        intent = gift(f"{self.account.address}/{len(self.intents)}")
        self.intents[intent.key] = intent
        self.manager.submit(intent)

    @precondition(lambda self: self.intents)
    @rule(index=st.integers(0, 99))
    def submit_again(self, index: int) -> None:
        self.manager.submit(self.intents[self._name(index)])

    @precondition(lambda self: self.intents)
    @rule(index=st.integers(0, 99))
    def cancel(self, index: int) -> None:
        name = self._name(index)
        if self.manager.cancel(name).cancelled:
            self.cancelled.add(name)

    @rule()
    def cancel_what_waits(self) -> None:
        self.submit()
        self.tick(1)
        self.cancel(len(self.intents) - 1)

    @rule(gwei=st.sampled_from((10, 30)))
    def wait_below_the_base_fee(self, gwei: int) -> None:
        self.submit()
        self.tick(1)
        for _ in range(3):
            self.set_base_fee(gwei)
            self.tick(1)

    @rule(rounds=st.integers(1, 3))
    def tick(self, rounds: int) -> None:
        for _ in range(rounds):
            with contextlib.suppress(NoEndpointError):
                self.manager.tick()

    @rule()
    def tick_and_mine(self) -> None:
        self.tick(1)
        self.anvil.mine()

    # What happens to the process

    @rule(boundaries=st.integers(0, 10))
    def die_in_a_round(self, boundaries: int) -> None:
        self.submit()
        self.database.boundaries_left = boundaries
        try:
            self.tick(1)
        except Killed:
            self.seen["killed in a round"] += 1
        self._restart()
        self.set_base_fee(3)  # what is signed anew from now on has other bytes

    @rule(boundaries=st.integers(0, 1))
    def die_submitting(self, boundaries: int) -> None:
        self.database.boundaries_left = boundaries
        with contextlib.suppress(Killed):
            self.submit()
        self._restart()
        self.manager.submit(list(self.intents.values())[-1])

    # What happens to the chain

    @rule(blocks=st.integers(1, 3))
    def mine(self, blocks: int) -> None:
        self.anvil.mine(blocks)

    @rule(depth=st.integers(1, DEEPEST_REORG))
    def reorg(self, depth: int) -> None:
        self.anvil.reorg(depth)

    @rule(gwei=st.sampled_from((1, 1, 20, 150)))
    def set_base_fee(self, gwei: int) -> None:
        self.anvil.set_base_fee(gwei * GWEI)
        self.anvil.mine()

    @rule()
    def forget_pool(self) -> None:
        self.anvil.forget_pool()

    @precondition(lambda self: self.intents)
    @rule()
    def foreign(self) -> None:
        """Another program uses the key."""
        nonce = self.anvil.count(self.account.address)
        with contextlib.suppress(AssertionError):  # the node may refuse to replace what waits there
            self.anvil.send_foreign(self.account, nonce, tip_wei=80 * GWEI)
            self.anvil.mine()
            self.seen["foreign"] += 1

    # What happens to the nodes

    @rule(
        node=st.integers(0, 1),
        method=st.sampled_from(METHODS),
        fault=st.sampled_from(sorted(FAULTS)),
        times=st.integers(1, 4),
    )
    def go_wrong(self, node: int, method: str | None, fault: str, times: int) -> None:
        self.nodes[node].plan(FAULTS[fault], method, times)

    @rule(node=st.integers(0, 1), times=st.integers(1, 4))
    def hide_what_landed(self, node: int, times: int) -> None:
        """A node says that nonces are used, and knows nothing of what used them."""
        self.submit()
        self.tick(1)
        self.nodes[node].plan(FAULTS["high"], COUNT, times)
        self.nodes[node].plan(FAULTS["null"], RECEIPT, 4 * times)
        self.tick(2)

    @rule(node=st.integers(0, 1), blocks=st.integers(1, 6))
    def fall_behind(self, node: int, blocks: int) -> None:
        self.nodes[node].behind = max(0, self.anvil.head() - blocks)

    @rule()
    def heal(self) -> None:
        for node in self.nodes:
            node.heal()

    # What always holds

    @invariant()
    def each_lands_at_most_once(self) -> None:
        landings = self._landings()
        assert all(count <= 1 for count in landings.values()), landings
        for name, landed in landings.items():
            with self.database.reading() as session:
                row = session.exec(select(IntentRow).where(IntentRow.key == name)).one_or_none()
            if row is not None and row.state == State.FINAL:
                assert landed == (self.manager.status(name).outcome == Outcome.EXECUTED), name

    def teardown(self) -> None:
        """All faults end. Then everything becomes final, and is what was asked for."""
        self.heal()
        for _ in range(MOST_ROUNDS):
            self.set_base_fee(1)
            self.tick(1)
            if all(self.manager.status(name).state == State.FINAL for name in self.intents):
                break
        landings = self._landings()
        for name in self.intents:
            told = self.manager.status(name)
            assert told.state == State.FINAL, told
            assert told.outcome == (Outcome.EXECUTED if landings[name] else Outcome.CANCELLED)
            assert told.outcome == Outcome.EXECUTED or name in self.cancelled
            self.seen[str(told.outcome)] += 1
        self._check_bytes()
        self.manager.close()

    def _check_bytes(self) -> None:
        """What was handed over had been stored, one nonce is one intent's, and replacements pay more."""
        with self.database.reading() as session:
            chosen = select(IntentRow.id).where(IntentRow.sender == self.account.address)
            ids = set(session.exec(chosen))
            rows = session.exec(select(AttemptRow).order_by("id"))
            attempts = [row for row in rows if row.intent_id in ids]
        stored = {f"0x{attempt.raw.hex()}" for attempt in attempts}
        assert all(raw in stored for node in self.nodes for raw in node.raw)
        owners = defaultdict(set)
        series = defaultdict(list)
        for attempt in attempts:
            series[attempt.intent_id, attempt.nonce].append(attempt)
            if attempt.is_call:
                owners[attempt.nonce].add(attempt.intent_id)
        assert all(len(ids) == 1 for ids in owners.values())
        for earlier, later in (pair for line in series.values() for pair in pairwise(line)):
            self.seen["replaced"] += 1
            assert later.max_fee_wei * 8 >= earlier.max_fee_wei * 9
            assert later.tip_wei * 8 >= earlier.tip_wei * 9
            assert later.max_fee_wei <= POLICY.fees.ceiling_wei

    def _landings(self) -> dict[str, int]:
        """How often each intent has landed on the chain as it is now."""
        names = list(self.intents)
        if not names:
            return {}
        asked = [
            {
                "jsonrpc": "2.0",
                "id": index,
                "method": "eth_getBalance",
                "params": [self.intents[name].call.to, "latest"],
            }
            for index, name in enumerate(names)
        ]
        answers = json.loads(httpx.post(self.anvil.rpc_url, json=asked, timeout=30).content)
        return {names[answer["id"]]: int(answer["result"], 16) for answer in answers}

    def _restart(self) -> None:
        self.manager._nodes.close()  # as the end of a process does
        self.start()

    def _name(self, index: int) -> str:
        return list(self.intents)[index % len(self.intents)]


def run_machine(examples: int, steps: int, more: bool) -> None:
    TransactionsMachine.seen.clear()
    run_state_machine_as_test(
        TransactionsMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=not more,
            phases=[Phase.generate, Phase.shrink] if more else [Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    needed = {"killed in a round", "foreign", "replaced", str(Outcome.EXECUTED), str(Outcome.CANCELLED)}
    assert needed <= set(TransactionsMachine.seen), TransactionsMachine.seen


@pytest.fixture(autouse=True)
def world(anvil: Anvil, nodes: tuple[HostileNode, HostileNode]) -> None:
    TransactionsMachine.anvil, TransactionsMachine.nodes = anvil, nodes


@pytest.mark.timeout(900)
def test_each_intent_lands_once_whatever_happens(any_database: FragileDatabase) -> None:
    TransactionsMachine.database = any_database
    run_machine(examples=10, steps=25, more=False)


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_each_intent_lands_once_whatever_happens_for_long(any_database: FragileDatabase) -> None:
    TransactionsMachine.database = any_database
    run_machine(int(os.environ.get(EXAMPLES, 200)), int(os.environ.get(STEPS, 40)), more=True)
