"""`veritally-indexer status`."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest
from indexer_chain import SETTLEMENT, RecordedChain, serve
from indexer_command import Run, chain_of_all_tiers, sentence

from indexer.cursor import all_cursors
from indexer.database import Database
from indexer.nodes import ONE_NODE
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from indexer.tables import IncidentRow, VerificationRow
from veritally.tiers import Tier

URL = "sqlite:///veritally-indexer.db"


@pytest.fixture
def chain() -> RecordedChain:
    chain = chain_of_all_tiers()
    chain.final = 4
    return chain


def aged(chain: RecordedChain, age_s: float) -> None:
    """The chain's last block is this old."""
    chain.blocks[-1]["timestamp"] = hex(int(time.time() - age_s))


def test_current(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    code, out, err = run("status")
    assert (code, err) == (0, "")
    title, *lines = out.splitlines()
    assert title.lower() == f"settlement {SETTLEMENT} on chain 31337: current"
    assert lines == [
        "  indexed     up to block 5 of 2025-11-24T16:00:10Z, final up to block 4",
        "  head        block 5; lag 0 blocks, 0 s",
        f"  nodes       {ONE_NODE}",
        "  inferences  6; 0.2 per hour in the last 24 hours",
        "  verified    never; run `veritally-indexer verify`",
        "  incidents   none",
    ]
    content = json.loads(run("status", "--json")[1])
    (found,) = content["deployments"]
    assert content["current"] is found["current"] is True
    assert (found["chain_id"], found["settlement"].lower()) == (31337, SETTLEMENT)
    assert (found["block"], found["head"], found["final_block"], found["lag_blocks"]) == (5, 5, 4, 0)
    assert (found["inferences"], found["inferences_per_hour"], found["lag_s"]) == (6, "0.2", 0.0)
    assert found["verification"] is found["reason"] is None
    (line,) = csv.DictReader(run("status", "--csv")[1].splitlines())
    assert (line["current"], line["reason"], line["open_incidents"]) == ("true", "", "0")
    for name in ("chain_id", "settlement", "block", "head", "final_block", "inferences"):
        assert line[name] == str(found[name])


@pytest.mark.parametrize(("age_s", "code"), [(3, 0), (100, 3)])
def test_lag_is_the_age_of_the_first_missing_block(
    chain: RecordedChain, run: Run, age_s: float, code: int
) -> None:
    run("sync", "--once")
    chain.mine()
    aged(chain, age_s)
    chain.mine()
    found, out, err = run("status", "--json")
    assert found == code
    (deployment,) = json.loads(out)["deployments"]
    assert (deployment["lag_blocks"], deployment["current"]) == (2, code == 0)
    assert age_s <= deployment["lag_s"] < age_s + 5
    if code:
        assert "2 blocks or 10" in sentence(err)
        assert "is `veritally-indexer run` running?" in err
    assert run("status", "--max-lag-s", "200")[0] == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [((503, b"busy"), "HTTP status 503"), ((200, b"<html>"), "no JSON-RPC batch")],
)
def test_node_that_does_not_answer(
    chain: RecordedChain, run: Run, answer: tuple[int, bytes], reason: str
) -> None:
    run("sync", "--once")
    chain.raw_answer = answer
    code, out, err = run("status", "--json")
    (deployment,) = json.loads(out)["deployments"]
    assert (code, deployment["head"], deployment["block"]) == (3, None, 5)
    assert reason in deployment["reason"]
    assert reason in sentence(err)


def test_blocks_that_left_the_chain(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    chain.reorganise(1)
    code, out, _ = run("status")
    assert code == 3
    assert "NOT CURRENT: block 5 was indexed with hash" in out
    assert "  head        unknown" in out


def test_wrong_chain(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    chain.chain_id = 1
    code, out, _ = run("status")
    assert code == 3
    assert "serves chain 1, but the deployment is on chain 31337" in out


def test_nothing_indexed(chain: RecordedChain, run: Run) -> None:
    code, _, err = run("status")
    assert code == 3
    assert "holds nothing yet" in sentence(err)
    del chain.blocks[2:]
    run("sync", "--once")
    code, out, err = run("status")
    assert code == 3
    assert "NOT CURRENT: nothing is indexed yet" in out
    assert "indexed     nothing yet" in out
    assert run("status", "--json", "--table")[0] == 2
    assert run("status", "--json", "--csv")[0] == 2


def test_incidents_and_verification(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    with Database(URL).writing() as session:
        values = {"deployment_id": 0, "first_block": 3, "last_block": 4, "detail": "", "endpoint": ""}
        session.add(IncidentRow(**values, kind="counters", noticed_at_s=1, resolved=True))
        verified = {
            "digest": b"\1" * 32,
            "chain_digest": b"\1" * 32,
            "events": 6,
            "verified_at_s": 1_764_000_000,
        }
        session.add(VerificationRow(deployment_id=0, block=4, problems="", **verified))
    code, out, _ = run("status")
    assert code == 0
    assert "  incidents   1, all repaired\n" in out
    digest = "01" * 32
    assert (
        f"  verified    up to block 4 at 2025-11-24T16:00:00Z: all as on the chain; digest 0x{digest}\n"
        in out
    )
    with Database(URL).writing() as session:
        session.add(IncidentRow(**values, kind="logs", noticed_at_s=2, resolved=False))
        row = session.get(VerificationRow, 0)
        assert row is not None
        row.problems = "rows of block 3"
    code, out, _ = run("status")
    assert code == 3
    assert "NOT CURRENT: 1 open incidents" in out
    assert "  incidents   2, 1 of them OPEN: blocks 3 to 4: logs" in out
    assert "PROBLEMS: rows of block 3; digest" in out
    (found,) = json.loads(run("status", "--json")[1])["deployments"]
    assert found["incidents"] == 2
    assert found["open_incidents"] == [{"first_block": 3, "last_block": 4, "kind": "logs"}]
    assert found["verification"]["problems"] == "rows of block 3"


def test_each_deployment_has_its_own(chain: RecordedChain, run: Run, environment: dict[str, str]) -> None:
    run("sync", "--once")
    other = RecordedChain(chain_id=10)
    other.settle({"tier": Tier.ZKML, "amount": 3})
    with serve(other) as url:
        indexer = Indexer(JsonRpc(url), Database(URL), other.deployment, 10)
        indexer.open()
        indexer.sync_once()
        with Database(URL).transaction() as session:
            assert len(all_cursors(session)) == 2
        urls = ("--rpc-url", url, "--rpc-url", environment["VERITALLY_INDEXER_RPC_URLS"])
        code, out, _ = run("status", "--json", *urls)
        assert code == 0
        assert [d["inferences"] for d in json.loads(out)["deployments"]] == [6, 1]
    code, out, err = run("status", "--json")
    assert [d["current"] for d in json.loads(out)["deployments"]] == [True, False]
    assert (code, "none of the nodes serves chain 10" in sentence(err)) == (3, True)
    assert Path("veritally-indexer.db").exists()
