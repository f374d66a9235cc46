"""Whatever happens on the chain and on the wire: the database is what the reference ledger says."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
from chaos_chain import asker
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from ledger_chain import (
    ASSET,
    COLUMNS,
    ENCLAVE,
    MODELS,
    PAYERS,
    PROVERS,
    ROUTES,
    SETTLED_TOPIC,
    TIME_S,
    LedgerChain,
    Rows,
    pay_address,
)
from sqlmodel import select
from test_chaos_matrix import NEEDS_ANOTHER_NODE, WAITING

from indexer import rpc as rpc_module
from indexer import sync as sync_module
from indexer.amounts import join
from indexer.chaos.catalogue import FAULTS
from indexer.chaos.contents import Contents, read_contents, rollup_differences
from indexer.chaos.fault import Ask, Call, Fault, Json
from indexer.chaos.node import FaultyNode, serve
from indexer.database import Database
from indexer.errors import IndexerError
from indexer.incidents import ENDPOINT
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from indexer.tables import IncidentRow
from tests.reference.statements import NOBODY, Exact, Group, Payment, Proof, Receipt
from veritally.tiers import SETTLED_TIERS, Tier

EXAMPLES, STEPS = "VERITALLY_MODEL_EXAMPLES", "VERITALLY_MODEL_STEPS"
LEFT_OUT = {*(NEEDS_ANOTHER_NODE - {"dropped-last"}), *WAITING, "changed-sums", "split-batch"}
"""Faults by which one node alone may hide something, or for whose end the counters are needed."""
MET = sorted(name for name, kind in FAULTS.items() if not kind.shows_another_chain and name not in LEFT_OUT)
HIDES_LOGS = ("dropped-", "cut-", "empty-logs", "pruned-logs")
AMOUNTS = st.sampled_from((0, 0, 1, 640, 10**10 - 1, 2**96 - 1))
GROUP = st.tuples(
    st.sampled_from(SETTLED_TIERS),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 2),
    AMOUNTS,
    st.lists(st.integers(0, 40), min_size=1, max_size=4),
    st.sampled_from(("good", "good", "good", "good", "evidence", "payment", "floor")),
)


class OfInferences(Fault):
    """Another fault, which meets the logs of inferences only: those that are numbered."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.number, fault.seed)
        self._fault = fault

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        whole = ask(call.requests)
        numbered = self._fault.answers(call, lambda _: [self._part(answer, True) for answer in whole])
        return [self._joined(*pair) for pair in zip(numbered, whole, strict=True)]

    def _joined(self, numbered: Json, whole: Json) -> Json:
        rest = self._part(whole, False).get("result")
        if not isinstance(rest, list):
            return numbered
        return {**numbered, "result": [*numbered["result"], *rest]}

    @staticmethod
    def _part(answer: Json, is_numbered: bool) -> Json:
        found = answer.get("result")
        if not isinstance(found, list):
            return answer
        part = [log for log in found if (log["topics"][0] == SETTLED_TOPIC) == is_numbered]
        return {**answer, "result": part}


class IndexerMachine(RuleBasedStateMachine):
    """Every rule changes the chain, the node or the indexer; afterwards they are compared."""

    reached: ClassVar[set[str]] = set()
    """What has happened, over all runs of a test."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.chain = LedgerChain()
        self.chain.mine_empty()
        self.node = FaultyNode(asker(self.chain.chain))
        self.url = self.stack.enter_context(serve(self.node))
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.database = Database(f"sqlite:///{Path(folder) / 'indexer.db'}")
        self.payments = 0
        self.start_indexer()

    def teardown(self) -> None:
        self.stack.close()

    def start_indexer(self) -> None:
        self.indexer = Indexer(JsonRpc(self.url), self.database, self.chain.chain.deployment, 4)
        self.node.is_faulty = False
        self.indexer.open()
        self.node.is_faulty = True

    @rule(prover=st.integers(0, 1), plans=st.lists(GROUP, min_size=1, max_size=3))
    def settle(self, prover: int, plans: list[Any]) -> None:
        self.chain.settle(prover, [self._group(*plan) for plan in plans])

    @rule(tier=st.sampled_from(SETTLED_TIERS))
    def switch_route(self, tier: Tier) -> None:
        self.chain.switch_route(tier)

    @rule(blocks=st.integers(1, 6))
    def mine(self, blocks: int) -> None:
        for _ in range(blocks):
            self.chain.mine_empty()

    @rule(blocks_behind=st.integers(0, 8))
    def finalise(self, blocks_behind: int) -> None:
        self.chain.finalise(blocks_behind)

    @rule(depth=st.integers(1, 12), more=st.integers(0, 2), plans=st.lists(GROUP, max_size=2))
    def reorganise(self, depth: int, more: int, plans: list[Any]) -> None:
        """Other blocks take the place of the last ones, and settle something else."""
        lost = self.chain.reorganise(depth)
        self.reached.add("reorganised" if lost else "nothing to reorganise")
        self.chain.settle(0, [self._group(*plan) for plan in plans])
        for _ in range(lost - 1 + more):
            self.chain.mine_empty()

    @rule(name=st.sampled_from(MET), seed=st.integers(0, 3), times=st.integers(1, 2))
    def synchronise_through_a_fault(self, name: str, seed: int, times: int) -> None:
        fault = FAULTS[name].fault(None, seed)
        self.node.faults = [OfInferences(fault) if name.startswith(HIDES_LOGS) else fault]
        for _ in range(times):
            try:
                self.indexer.sync_once()
                self.reached.add("overcome")
            except IndexerError:
                self.reached.add("stopped")
            self.compare()
        self.node.faults = []

    @rule(writes=st.integers(0, 2))
    def crash(self, writes: int) -> None:
        """The process ends inside a transaction; another one takes its place."""
        done: list[None] = []

        def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
            def write(*given: Any) -> Any:
                learnt = real(*given)
                done.append(None)
                if len(done) > writes:
                    raise KeyboardInterrupt
                return learnt

            return write

        with (
            patch.object(sync_module, "write_range", wrapped(sync_module.write_range)),
            patch.object(sync_module, "replace_tail", wrapped(sync_module.replace_tail)),
        ):
            try:
                self.indexer.sync_once()
            except KeyboardInterrupt:
                self.reached.add("crashed")
        self.start_indexer()

    @rule()
    def synchronise(self) -> None:
        """Through an honest node: then nothing may be missing, and nothing had to be repaired."""
        repairs = self._repairs()
        self.indexer.sync_once()
        assert self._repairs() == repairs
        found = read_contents(self.database)
        assert found.next_block == self.chain.head + 1
        assert _rows(found) == self.chain.rows(self.chain.head)

    @invariant()
    def compare(self) -> None:
        """What is stored of blocks that are still in the chain is what the ledger says of them."""
        found = read_contents(self.database)
        assert not rollup_differences(found)
        to_block = self._last_common(found)
        assert _rows(found, to_block) == self.chain.rows(to_block)

    def _repairs(self) -> list[str]:
        """What was wrong with rows or sums that were stored."""
        with self.database.transaction() as session:
            incidents = session.exec(select(IncidentRow)).all()
            return [incident.detail for incident in incidents if incident.kind != ENDPOINT]

    def _last_common(self, found: Contents) -> int:
        """Number of the last indexed block that the chain still has."""
        hashes = [bytes.fromhex(block["hash"][2:]) for block in self.chain.chain.blocks]
        lost = [
            row["id"]
            for row in found.rows["block"]
            if row["id"] >= len(hashes) or row["hash"] != hashes[row["id"]]
        ]
        return min([found.next_block, *lost]) - 1

    def _group(
        self, tier: Tier, prover: int, model: int, payer: int, amount: int, nonces: list[int], fault: str
    ) -> Group:
        owner, payer_address = PROVERS[prover], PAYERS[payer] if amount else NOBODY
        floor = 3 if fault == "floor" else 1
        receipts = tuple(
            _receipt(payer_address, amount, nonce, floor, prover, model) for nonce in dict.fromkeys(nonces)
        )
        payments: tuple[Payment, ...] = ()
        if amount:
            self.payments += 1
            terms = Exact(
                signer=payer_address,
                to=pay_address(owner, floor),
                value_base_units=amount * len(receipts) + (fault == "payment"),
                nonce=self.payments.to_bytes(32),
                valid_before_s=2**40,
            )
            payments = (Payment(0, len(receipts), terms),)
        evidence = _evidence(tier, owner, receipts, fault)
        return Group(MODELS[model], owner, ROUTES[tier], ASSET, receipts, payments, evidence, owner)


def _receipt(payer: bytes, amount: int, nonce: int, floor: int, prover: int, model: int) -> Receipt:
    name = f"{payer.hex()} {amount} {nonce} {floor} {prover} {model}"
    hashes = [bytes(keccak(text=f"{kind} {name}")) for kind in ("receipt", "request", "response")]
    return Receipt(*hashes, payer, amount, TIME_S + nonce, nonce, floor)


def _evidence(
    tier: Tier, prover: bytes, receipts: tuple[Receipt, ...], fault: str
) -> bytes | tuple[Proof, ...] | None:
    good = fault != "evidence"
    if tier == Tier.ZKML:
        return tuple(Proof(r.request_hash, r.response_hash, good or i > 0) for i, r in enumerate(receipts))
    if tier == Tier.TEE:
        return ENCLAVE if good else b"\xee" * 20
    return prover if good else None


def _rows(found: Contents, to_block: int | None = None) -> Rows:
    """Rows of the database in the form of those of the ledger."""
    return {
        table: [
            (row["id"], *(_value(row, column) for column in columns))
            for row in sorted(found.rows[table], key=lambda row: row["id"])
            if to_block is None or row["id"] >> 20 <= to_block
        ]
        for table, columns in COLUMNS.items()
    }


def _value(row: dict[str, Any], column: str) -> Any:
    if column == "amount":
        return join(row["amount_e20"], row["amount_e10"], row["amount_e0"])
    return row[column]


def run(monkeypatch: pytest.MonkeyPatch, examples: int, steps: int, derandomize: bool) -> None:
    monkeypatch.setattr(rpc_module, "_PAUSE_S", 0.0)
    monkeypatch.setattr(rpc_module, "_MOST_PAUSE_S", 0.0)
    IndexerMachine.reached.clear()
    run_state_machine_as_test(
        IndexerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=derandomize,
            phases=[Phase.generate] if derandomize else [Phase.generate, Phase.shrink],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert IndexerMachine.reached >= {"reorganised", "overcome", "stopped", "crashed"}


def test_database_is_what_the_ledger_says(monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, examples=12, steps=20, derandomize=True)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_database_is_what_the_ledger_says_at_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as the environment asks for."""
    examples, steps = int(os.environ.get(EXAMPLES, 150)), int(os.environ.get(STEPS, 50))
    run(monkeypatch, examples, steps, derandomize=False)


@pytest.fixture
def machine() -> Iterator[IndexerMachine]:
    machine = IndexerMachine()
    yield machine
    machine.teardown()


def test_groups_of_all_tiers_settle_and_fail(machine: IndexerMachine) -> None:
    """The plans above reach every kind of event."""
    for index, tier in enumerate(SETTLED_TIERS):
        model = 1 if tier == Tier.ZKML else 0
        for fault in ("good", "evidence", "payment", "floor"):
            nonces = [100 * index + len(fault), 100 * index + len(fault) + 50]
            machine.settle(0, [(tier, 0, model, 0, 640, nonces, fault)])
            machine.settle(0, [(tier, 0, model, 0, 0, [nonces[0] + 20], fault)])
    rows = machine.chain.rows(machine.chain.head)
    assert {row[4] for row in rows["inference"]} == set(SETTLED_TIERS)
    assert {row[10] for row in rows["inference"]} == {0, 640}
    assert min(len(rows[name]) for name in ("group_settled", "group_skipped", "receipt_skipped")) > 0
    machine.synchronise()


def test_reorganisation_needs_no_repair(machine: IndexerMachine) -> None:
    machine.settle(0, [(Tier.SIGNED, 0, 0, 0, 640, [1, 2], "good")])
    machine.synchronise()
    machine.reorganise(1, 0, [(Tier.SIGNED, 0, 1, 0, 1, [3], "good")])
    machine.synchronise()
    machine.compare()
