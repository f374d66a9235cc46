"""Several deployments in one database keep apart."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from indexed import contents
from indexer_chain import SETTLEMENT, RecordedChain, serve
from indexer_command import Run, chain_of_all_tiers, sentence

from indexer.cursor import open_cursor
from indexer.database import Database
from indexer.errors import DatabaseFullError
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from veritally.tiers import Tier


@pytest.fixture
def chain() -> RecordedChain:
    return chain_of_all_tiers()


def index(chain: RecordedChain, path: Path) -> None:
    with serve(chain) as url:
        indexer = Indexer(JsonRpc(url), Database(f"sqlite:///{path}"), chain.deployment, 2)
        indexer.open()
        indexer.sync_once()


@pytest.fixture
def other() -> RecordedChain:
    """The same addresses on another chain, with one inference."""
    chain = RecordedChain(chain_id=10)
    chain.settle({"tier": Tier.ZKML, "amount": 3})
    return chain


def test_two_chains_in_one_database(chain: RecordedChain, other: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    path = Path("veritally-indexer.db")
    index(other, path)
    chain.settle({})
    assert run("sync", "--once")[1].endswith("1 new inferences, 2 events\non-chain counters: match\n")
    other.reorganise(1)
    index(other, path)
    code, _, err = run("tallies")
    assert code == 2
    message = f"which deployment is meant; the database holds Settlement {SETTLEMENT} on chain 31337, "
    assert message + f"Settlement {SETTLEMENT} on chain 10: set --deployment" in sentence(err)
    code, out, _ = run("tallies", "--deployment", "deployment.json", "--json")
    assert (code, json.loads(out)["inferences"]) == (0, 7)
    other.deployment.save(Path("other.json"))
    code, out, _ = run("tallies", "--deployment", "other.json", "--json", "--offline")
    assert (code, json.loads(out)["chain_id"], json.loads(out)["inferences"]) == (0, 10, 1)


def test_rows_are_those_of_databases_of_their_own(
    chain: RecordedChain, other: RecordedChain, tmp_path: Path
) -> None:
    both = tmp_path / "both.db"
    for one, number in ((chain, 0), (other, 1)):
        alone = tmp_path / f"{number}.db"
        index(one, alone)
        index(one, both)
        with sqlite3.connect(alone) as database:
            database.execute("UPDATE inference SET id = id + (? << 56)", (number,))
        stored = set(contents(both)["inference"])
        assert {row[:2] + row[15:] for row in contents(alone)["inference"]} <= {
            row[:2] + row[15:] for row in stored
        }
    assert len(contents(both)["inference"]) == 7
    assert [row[0] for row in contents(both)["rollup"]] == [0, 0, 0, 1]


def test_deployment_that_is_not_indexed(chain: RecordedChain, other: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    other.deployment.save(Path("other.json"))
    code, _, err = run("tallies", "--deployment", "other.json")
    assert code == 2
    assert "on chain 10 is not indexed; the database holds " in sentence(err)


def test_as_many_deployments_as_keys_can_tell_apart(path: Path) -> None:
    database = Database(f"sqlite:///{path}")
    database.prepare()
    with database.writing() as session:
        cursors = [open_cursor(session, chain_id, b"", 0) for chain_id in range(128)]
        assert max(cursor.last_key for cursor in cursors) == (1 << 63) - 1
        assert open_cursor(session, 127, b"", 0) == cursors[-1]
        with pytest.raises(DatabaseFullError, match="holds 128 deployments, which is the most"):
            open_cursor(session, 128, b"", 0)
