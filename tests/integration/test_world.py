"""A synthetic world, built as `make world` builds it: what the indexer finds is what is true of the world."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import world
from eth_utils.address import to_checksum_address
from replay_rpc import Node
from world_chain import WorldChain, branches, make_world
from world_events import TRANSFER
from world_people import ASSETS, MODELS, RING_PROVER
from world_rows import time_s
from world_scenario import Scenario, Trend
from world_truth import truth_of

from indexer.amounts import join
from veritally.labels import Labels
from veritally.merkle import merkle_proof, merkle_root, verify_merkle_proof

SCENARIO = Scenario(inferences=6_000, payers=400, weeks=12)
_TIERS = ("", "signed", "tee", "zkml")
_COUNTED = "CASE WHEN development OR unbound THEN 1 ELSE tier END"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built world."""
    folder = tmp_path_factory.mktemp("worlds") / "world"
    world.build(folder, SCENARIO)
    return folder


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(folder / world.DATABASE) as connection:
        yield connection


def by_tier(rows: list[tuple[int, int]]) -> dict[str, int]:
    return {"signed": 0, "tee": 0, "zkml": 0} | {_TIERS[tier]: count for tier, count in rows}


def digest_of(scenario: Scenario) -> str:
    """Of every log and header that the finished world shows."""
    made = make_world(scenario)
    chain = WorldChain(made, branches(made)[1])
    content = hashlib.sha256(chain.logs_between(0, chain.head, ()))
    content.update(chain.header(chain.head))
    return content.hexdigest()


def test_world_is_the_same_for_the_same_scenario_and_no_other() -> None:
    small = Scenario(inferences=3_000, payers=200, weeks=12)
    assert digest_of(small) == digest_of(Scenario(inferences=3_000, payers=200, weeks=12))
    assert digest_of(small) != digest_of(Scenario(inferences=3_000, payers=200, weeks=12, seed=2))
    assert digest_of(small) != digest_of(Scenario(3_000, 200, 12, Trend.FLAT))


def test_indexer_counts_what_was_made(database: sqlite3.Connection, truth: dict[str, Any]) -> None:
    achieved = database.execute("SELECT tier, COUNT(*) FROM inference GROUP BY 1").fetchall()
    counted = database.execute(
        f"SELECT {_COUNTED}, COUNT(*) FROM inference WHERE payer_id <> 0 GROUP BY 1"
    ).fetchall()
    assert by_tier(achieved) == truth["achieved"]
    assert by_tier(counted) == truth["counted_paid"]
    assert sum(truth["achieved"].values()) == truth["inferences"] == SCENARIO.inferences
    for label in (Labels.DEVELOPMENT, Labels.UNBOUND):
        (count,) = database.execute(f"SELECT SUM({label.name}) FROM inference").fetchone()
        assert 0 < count == truth["labelled"][label.name]
    for table, count in (
        ("group_settled", truth["groups"]),
        ("receipt_skipped", truth["skipped_receipts"]),
        ("inference WHERE payer_id = 0", truth["free"]),
    ):
        assert database.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (count,), table
        assert count


def test_indexer_sums_what_was_paid(database: sqlite3.Connection, truth: dict[str, Any]) -> None:
    rows = database.execute(
        "SELECT a.value, i.tier, i.amount_e20, i.amount_e10, i.amount_e0"
        " FROM inference AS i JOIN address AS a ON a.id = i.asset_id"
    )
    sums: dict[tuple[str, str], int] = {}
    for asset, tier, *limbs in rows:
        key = to_checksum_address(asset), _TIERS[tier]
        sums[key] = sums.get(key, 0) + join(*limbs)
    expected = {(one["asset"], one["tier"]): int(one["amount_base_units"]) for one in truth["amounts"]}
    assert sums == {key: amount for key, amount in expected.items() if amount}
    assert len({asset for asset, _ in sums}) == len(ASSETS)


def test_indexer_knows_each_payer(database: sqlite3.Connection, truth: dict[str, Any]) -> None:
    rows = database.execute(
        f"SELECT a.value, COUNT(*), SUM({_COUNTED} >= 2)"
        " FROM inference AS i JOIN address AS a ON a.id = i.payer_id WHERE i.payer_id <> 0 GROUP BY 1"
    )
    assert {to_checksum_address(value): counts for value, *counts in rows} == truth["payers"]


def test_full_weeks_hold_what_was_made_in_them(database: sqlite3.Connection, truth: dict[str, Any]) -> None:
    rows = database.execute(
        f"SELECT (b.timestamp_s - 345600) / 604800, {_COUNTED}, payer_id <> 0, COUNT(*)"
        " FROM inference AS i JOIN block AS b ON b.id = i.id >> 20 GROUP BY 1, 2, 3"
    ).fetchall()
    assert len(truth["weeks"]) == SCENARIO.weeks
    for week in truth["weeks"]:
        paid = [(tier, count) for wk, tier, is_paid, count in rows if wk == week["week"] and is_paid]
        assert by_tier(paid) == {tier: week[tier] for tier in _TIERS[1:]}
        assert sum(count for wk, *_, count in rows if wk == week["week"]) == week["inferences"]


def test_enclave_was_trusted_too_long(database: sqlite3.Connection, truth: dict[str, Any]) -> None:
    enclave = truth["tainted"]["enclave"]
    (settled,) = database.execute(
        "SELECT SUM(settled) FROM group_settled AS g JOIN block AS b ON b.id = g.id >> 20"
        " WHERE key = ? AND b.timestamp_s >= ?",
        (bytes.fromhex(enclave["key"][2:]), enclave["compromised_at_s"]),
    ).fetchone()
    (arguments,) = database.execute(
        "SELECT arguments FROM registry_event WHERE event = 'EnclaveCompromised'"
    ).fetchone()
    assert json.loads(arguments)["compromisedAt"] == enclave["compromised_at_s"]
    assert 0 < settled == enclave["inferences"]


def test_nothing_settles_behind_a_stop(database: sqlite3.Connection, truth: dict[str, Any]) -> None:
    stops = database.execute("SELECT event, id, subject FROM registry_event WHERE event LIKE '%Stopped'")
    (circuit, router) = sorted(stops.fetchall())
    assert [circuit[0], router[0]] == ["CircuitStopped", "RouteStopped"]
    query = "SELECT COUNT(*), COALESCE(SUM(id > :stop), 0) FROM group_settled WHERE "
    route = database.execute(query + "route = :route", {"stop": router[1], "route": router[2]}).fetchone()
    model = database.execute(
        query + "tier = 3 AND model_id = (SELECT id FROM model WHERE value = :model)",
        {"stop": circuit[1], "model": bytes.fromhex(truth["tainted"]["contradiction"]["model"][2:])},
    ).fetchone()
    assert route[0]
    assert model[0]
    assert (route[1], model[1]) == (0, 0)
    reasons = database.execute("SELECT DISTINCT reason_name FROM group_skipped").fetchall()
    assert reasons == [("RouteIsStopped",)]


def test_roots_include_their_receipts(database: sqlite3.Connection) -> None:
    groups = database.execute("SELECT id, root, settled FROM group_settled ORDER BY id").fetchall()
    receipts = [row for (row,) in database.execute("SELECT receipt_hash FROM inference ORDER BY id")]
    for _, root, settled in groups:
        leaves, receipts = receipts[:settled], receipts[settled:]
        assert merkle_root(leaves) == root
        assert verify_merkle_proof(root, leaves[-1], merkle_proof(leaves, settled - 1))
    assert not receipts


def test_names_of_models_may_be_hostile(database: sqlite3.Connection, truth: dict[str, Any]) -> None:
    rows = database.execute(
        "SELECT subject, arguments FROM registry_event WHERE event = 'ModelRegistered'"
    ).fetchall()
    uris = {f"0x{subject.hex()}": json.loads(arguments)["uri"] for subject, arguments in rows}
    hostile = truth["roles"]["hostile_model"]
    assert len(uris) == len(MODELS)
    assert uris[hostile["id"]] == hostile["uri"]
    assert "<script>" in hostile["uri"]


def test_indexer_followed_the_reorganisation(database: sqlite3.Connection, truth: dict[str, Any]) -> None:
    made = make_world(SCENARIO)
    seen, whole = branches(made)
    lost, kept = WorldChain(made, seen), WorldChain(made, whole)
    reorg = truth["reorg"]
    fork, head = reorg["first_replaced_block"], reorg["seen_head"]
    assert lost.header(fork - 1) == kept.header(fork - 1)
    assert lost.header(fork) != kept.header(fork)
    assert lost.logs_between(fork, fork, ()) == b"" != kept.logs_between(fork, fork, ())
    assert lost.logs_between(fork, head, ()) != b""
    hashes = dict(database.execute("SELECT id, hash FROM block WHERE id BETWEEN ? AND ?", (fork, head)))
    shown = {number: json.loads(kept.header(number))["hash"] for number in hashes}
    assert {number: f"0x{octets.hex()}" for number, octets in hashes.items()} == shown
    assert fork in hashes


def test_money_of_the_ring_comes_back(truth: dict[str, Any]) -> None:
    made, ring = make_world(SCENARIO), truth["roles"]["ring"]
    node = Node(WorldChain(made, branches(made)[1]))
    sender = "0x" + ring["prover"][2:].lower().rjust(64, "0")
    asked = {"fromBlock": "0x0", "toBlock": "latest", "address": f"0x{ASSETS[0].address.hex()}"}
    answer = b"".join(node.result("eth_getLogs", [asked | {"topics": ["0x" + TRANSFER, [sender]]}]))
    logs = json.loads(answer)
    returned = sum(int(log["data"], 16) for log in logs)
    paid = ring["inferences"] * int(ring["amount_base_units"])
    assert returned == paid * ring["returned_percent"] // 100
    assert {to_checksum_address(log["topics"][2][-40:]) for log in logs} == set(ring["payers"])


def test_ring_begins_within_an_hour() -> None:
    made = make_world(Scenario(inferences=60_000, payers=400, weeks=12))
    groups, scenario = made.groups, made.scenario
    blocks = groups.block[(groups.prover == RING_PROVER) & (groups.week == scenario.ring_week)]
    first_s, end_s = truth_of(made)["roles"]["ring"]["starts_between_s"]
    assert end_s - first_s == 3_600
    assert len(blocks) > 1
    assert all(first_s <= time_s(block) < end_s for block in blocks.tolist())


def test_world_is_built_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / world.DATABASE).stat()
    world.build(folder, SCENARIO)
    assert "is there already" in capsys.readouterr().out
    assert (folder / world.DATABASE).stat() == before


def test_world_says_which_scenarios_it_cannot_make() -> None:
    with pytest.raises(ValueError, match="3,000 inferences, 100 payers and 12 weeks"):
        Scenario(inferences=2_999)


def test_command_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["world.py", "--folder", str(tmp_path), "--inferences", "10"])
    assert world.main() == 1
    assert "a world needs 3,000 inferences" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
