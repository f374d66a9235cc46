"""Every fault against the indexer: what is stored is the truth, or it stops and says why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chaos_chain import BLOCKS, FINALITY_BLOCKS, asker, bench, busy_chain
from postgres import PostgresError, run_postgres
from sqlalchemy import create_engine, text

from indexer import rpc as rpc_module
from indexer.chaos.catalogue import FAULTS
from indexer.chaos.check import Bench, Outcome, Trial, check_fault
from indexer.chaos.contents import Contents, differences, read_contents, rollup_differences
from indexer.chaos.node import FaultyNode, serve
from indexer.endpoints import Endpoints
from indexer.rpc import JsonRpc
from indexer.sync import Indexer

EQUAL = {
    *(name for name in FAULTS if name.startswith("range-")),
    *("reversed-logs", "shuffled-logs", "repeated-answer", "reversed-batch"),
    *("stale-replica", "head-goes-back", "null-finalized", "null-receipt", "null-receipts"),
    *("pruned-state", "reorg"),
}
"""Faults that do not hold the indexer up."""

NEEDS_ANOTHER_NODE = {"dropped-rare-log", "changed-data", "changed-receipt", "changed-payer"}
"""What no counter, no sequence number and no group covers: events without a number, and fields of a numbered
one that fit. A single node that always tells the same lie about them is believed.
"""

BELIEVED_UNTIL_FINAL = {"changed-data", "changed-receipt", "changed-payer"}
"""Those of them that are believed beside an honest node, too, until it is asked to confirm a final block."""

STOPS_BESIDE_AN_HONEST_NODE = {"wrong-chain", "wrong-hash", "disagree"}
"""Nobody can say which of two nodes is right."""

DEPENDS_ON_CHANCE = {"split-batch", "disagree"}
"""May hold the indexer up or not."""

WAITING = {"slow": 600, "drip": 30, "long-length": 3}
"""Faults that take their time, with numbers that fit the time-out below."""

IN_POSTGRES = (
    *("dropped-log", "cut-logs", "duplicated-logs", "foreign-hash", "stale-replica", "reorg", "disagree"),
    *("null-header", "failed-calls", "wrong-tallies", "half-body", "missing-answer", "range-alchemy"),
)


def expected(name: str) -> set[Outcome]:
    if name in DEPENDS_ON_CHANCE:
        return {Outcome.EQUAL, Outcome.STOPPED}
    if name in EQUAL:
        return {Outcome.EQUAL}
    return {Outcome.UNCOVERED} if name in NEEDS_ANOTHER_NODE else {Outcome.STOPPED}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What an honest node leads to."""
    return bench(busy_chain(), tmp_path_factory.mktemp("truth")).truth()


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Without pauses between tries."""
    monkeypatch.setattr(rpc_module, "_PAUSE_S", 0.0)
    monkeypatch.setattr(rpc_module, "_MOST_PAUSE_S", 0.0)
    return bench(busy_chain(), tmp_path, timeout_s=20.0)


def test_truth_is_what_the_chain_was_made_of(truth: Contents) -> None:
    chain = busy_chain()
    events = sum(len(truth.rows[name]) for name in truth.rows if name not in ("block", "asset", "deployment"))
    rollups = sum(len(rows) for name, rows in truth.rows.items() if name.startswith("rollup"))
    assert events - rollups == len(chain.logs)
    assert truth.next_block == len(chain.blocks)
    assert len(truth.rows["inference"]) == chain.counters[-1]["seq"]
    assert not rollup_differences(truth)


@pytest.mark.parametrize("name", sorted(set(FAULTS) - set(WAITING)))
def test_fault_is_overcome_or_named(tried: Bench, truth: Contents, name: str) -> None:
    finding = check_fault(tried, truth, FAULTS[name], None, seed=1)
    assert finding.outcome in expected(name), str(finding)


def expected_beside_an_honest_node(name: str) -> set[Outcome]:
    if name in BELIEVED_UNTIL_FINAL:
        return {Outcome.UNCOVERED}
    if name == "dropped-rare-log":  # final or not: it is chosen from the range that is answered first
        return {Outcome.STOPPED, Outcome.UNCOVERED}
    stops = name in STOPS_BESIDE_AN_HONEST_NODE | DEPENDS_ON_CHANCE
    return {Outcome.EQUAL, Outcome.STOPPED} if stops else {Outcome.EQUAL}


@pytest.mark.parametrize(
    "name", sorted({name for name in FAULTS if not name.startswith("range-")} - set(WAITING))
)
def test_honest_node_helps(tried: Bench, truth: Contents, name: str) -> None:
    beside = replace(tried, has_honest_node=True)
    finding = check_fault(beside, truth, FAULTS[name], None, seed=1)
    assert finding.outcome in expected_beside_an_honest_node(name), str(finding)


def test_what_needs_another_node_is_declared() -> None:
    declared = {name for name, kind in FAULTS.items() if kind.is_uncovered}
    assert declared == NEEDS_ANOTHER_NODE | {"dropped-last"}  # whose last log may be a group's, as it is here


@pytest.mark.parametrize("name", sorted(NEEDS_ANOTHER_NODE))
def test_final_block_is_never_wrong_beside_an_honest_node(tried: Bench, name: str) -> None:
    """It is the truth, or the indexer stops; when the lie has ended, it goes on to the truth."""
    chain = busy_chain()
    lying = replace(tried, ask=asker(chain), has_honest_node=True)
    liar = FaultyNode(lying.ask, [FAULTS[name].fault(None, 1)])
    with Trial(lying, liar) as trial:
        trial.attempt()
        chain.final = BLOCKS - 1
        truth = lying.truth("truth")
        for _ in range(3):
            assert trial.attempt() or not trial.differences(truth, whole=True)
        liar.is_faulty = False
        assert not trial.attempt()
        assert not trial.differences(truth, whole=True)


@pytest.mark.parametrize("name", sorted(NEEDS_ANOTHER_NODE))
def test_verification_finds_what_one_node_has_hidden(tried: Bench, truth: Contents, name: str) -> None:
    """With another node; and repairs it."""
    liar, honest = FaultyNode(tried.ask, [FAULTS[name].fault(None, 1)]), FaultyNode(tried.ask)
    database = tried.database("hidden")
    with serve(liar) as liar_url, serve(honest) as url:
        alone = Indexer(JsonRpc(liar_url), database, tried.deployment, 1000)
        alone.open()
        alone.sync_once()
        assert differences(read_contents(database), truth)
        verifier = Indexer(Endpoints.of_urls([url]), database, tried.deployment, 1000).verifier
        found = verifier.verify(BLOCKS - 1)
        assert not found.match
        verifier.repair(found)
        assert verifier.verify(BLOCKS - 1).match
    repaired = read_contents(database)
    assert differences(repaired.below(BLOCKS), truth.below(BLOCKS)) + rollup_differences(repaired) == []


@pytest.mark.parametrize(("name", "number"), WAITING.items())
def test_node_that_is_slow_is_not_waited_for(
    tmp_path: Path, truth: Contents, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    monkeypatch.setattr(rpc_module, "_ATTEMPTS", 1)
    finding = check_fault(bench(busy_chain(), tmp_path, timeout_s=0.5), truth, FAULTS[name], number, seed=1)
    assert finding.outcome is Outcome.STOPPED, str(finding)


@pytest.mark.parametrize("depth", range(1, FINALITY_BLOCKS + 1))
def test_reorganisation_down_to_the_final_block_is_followed(
    tried: Bench, truth: Contents, depth: int
) -> None:
    finding = check_fault(tried, truth, FAULTS["reorg"], depth, seed=1)
    assert finding.outcome is Outcome.EQUAL, str(finding)


@pytest.mark.parametrize("depth", [FINALITY_BLOCKS + 1, FINALITY_BLOCKS + 20])
def test_reorganisation_of_the_final_block_stops(tried: Bench, truth: Contents, depth: int) -> None:
    finding = check_fault(tried, truth, FAULTS["reorg"], depth, seed=1)
    assert finding.outcome is Outcome.GIVEN_UP
    assert finding.reason.startswith("FinalBlockChangedError")


@pytest.mark.parametrize("seed", range(2, 6))
@pytest.mark.parametrize("name", ["split-batch", "disagree", "dropped-logs", "missing-answer", "busy-batch"])
def test_chance_changes_nothing(tried: Bench, truth: Contents, name: str, seed: int) -> None:
    finding = check_fault(tried, truth, FAULTS[name], None, seed)
    assert finding.outcome in (Outcome.EQUAL, Outcome.STOPPED), str(finding)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of an empty server. Without an installed one these tests are left out, but not by CI."""
    try:
        with run_postgres() as url:
            yield url
    except PostgresError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize("name", IN_POSTGRES)
def test_fault_is_overcome_or_named_in_postgres(
    server: str, truth: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def emptied(database: str) -> str:
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {database}"))
        engine.dispose()
        return server.replace("/postgres?", f"/{database}?")

    monkeypatch.setattr(rpc_module, "_PAUSE_S", 0.0)
    tried = bench(busy_chain(), tmp_path, timeout_s=20.0, database_url=emptied)
    finding = check_fault(tried, truth, FAULTS[name], None, seed=1)
    assert finding.outcome in expected(name), str(finding)
