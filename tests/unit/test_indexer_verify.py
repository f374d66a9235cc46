"""`verify` notices every change of the database and of the chain, and its digest depends on nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from indexed import contents
from indexer_chain import RecordedChain, serve
from indexer_command import Run
from whole_chain import liar, make_whole_chain, settle_group, without

from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.errors import NothingIndexedError, SettingsError, VerificationError
from indexer.sync import Indexer
from indexer.verification import require_verified

DAMAGES = [
    "DELETE FROM inference WHERE seq = 4",
    "UPDATE inference SET amount_e0 = amount_e0 + 1 WHERE seq = 4",
    "UPDATE inference SET tier = 2 WHERE seq = 0",
    "UPDATE inference SET tier = 257 WHERE seq = 0",
    "UPDATE inference SET amount_e10 = amount_e10 - 1, amount_e0 = amount_e0 + 10000000000 WHERE seq = 1",
    "UPDATE inference SET payer_id = 0 WHERE seq = 0",
    "UPDATE inference SET payer_id = 99 WHERE seq = 0",
    "UPDATE inference SET payer_id = 99 WHERE payer_id = 0",
    "UPDATE inference SET asset_id = 0 WHERE seq = 0",
    "UPDATE inference SET development = 2 WHERE seq = 21",
    "UPDATE inference SET receipt_hash = x'00' WHERE seq = 3",
    "UPDATE inference SET receipt_hash = 'text' WHERE seq = 3",
    "UPDATE inference SET served_at_s = 'text' WHERE seq = 3",
    "UPDATE inference SET id = id + 1048676 WHERE seq = 20",
    "UPDATE group_settled SET settled = 3 WHERE id = (SELECT min(id) FROM group_settled)",
    "UPDATE group_settled SET key = NULL WHERE id = (SELECT min(id) FROM group_settled)",
    "DELETE FROM group_settled WHERE id = (SELECT max(id) FROM group_settled)",
    "UPDATE group_skipped SET reason = x'01'",
    "UPDATE group_skipped SET reason_name = 'Other'",
    "DELETE FROM group_skipped",
    "UPDATE receipt_skipped SET receipt_hash = x''",
    "DELETE FROM receipt_skipped",
    "UPDATE channel_refunded SET amount_e20 = 0",
    "UPDATE registry_event SET arguments = '{}'",
    "DELETE FROM registry_event",
    "UPDATE address SET value = x'1111111111111111111111111111111111111111' WHERE id = 1",
    "DELETE FROM address WHERE id = 2",
    "DELETE FROM model",
    "UPDATE block SET timestamp_s = timestamp_s + 86400 WHERE id = 4",
    "UPDATE block SET hash = x'22' WHERE id = 4",
    "UPDATE block SET events = 0 WHERE id = 4",
    "DELETE FROM block WHERE id = 4",
    "INSERT INTO group_skipped SELECT id + 1, transaction_hash, prover_id, model_id, route, group_index,"
    " reason_name, reason FROM group_skipped",
    "INSERT INTO receipt_skipped SELECT 1, transaction_hash, receipt_hash, payer_id, prover_id, reason_name,"
    " reason FROM receipt_skipped",
]
"""Of rows that the digest covers."""
CONTRADICTIONS = [
    ("UPDATE rollup SET inferences = inferences + 1", "rollup does not hold the sums of the rows"),
    ("DELETE FROM rollup_hour", "rollup_hour does not hold the sums"),
    ("UPDATE rollup_day_model SET day = day + 1", "rollup_day_model does not hold"),
    ("UPDATE rollup_day_payer SET amount_e0 = 1 WHERE payer_id = 0", "rollup_day_payer does not hold"),
    ("UPDATE rollup_day_prover SET prover_id = 99", "rollup_day_prover does not hold"),
    ("DELETE FROM asset", "asset 0x0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d is not among"),
    ("UPDATE deployment SET next_seq = 7", "said to be number 7, the rows end before 26"),
    (
        "INSERT INTO group_skipped SELECT 99 << 20, transaction_hash, prover_id, model_id, route,"
        " group_index, reason_name, reason FROM group_skipped",
        "group_skipped holds 1 rows behind the last indexed block",
    ),
]


@pytest.fixture
def chain() -> RecordedChain:
    return make_whole_chain()


@pytest.fixture
def url(chain: RecordedChain) -> Iterator[str]:
    with serve(chain) as url:
        yield url


def indexer_of(chain: RecordedChain, path: Path, *urls: str, most_blocks: int = 1000) -> Indexer:
    database = Database(f"sqlite:///{path}")
    indexer = Indexer(Endpoints.of_urls(urls, 5.0), database, chain.deployment, most_blocks)
    indexer.open()
    return indexer


def rows(path: Path, statement: str) -> list[Any]:
    with sqlite3.connect(path) as database:
        return database.execute(statement).fetchall()


def damage(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database:
        assert database.execute(statement).rowcount >= 1


def test_whole_history_is_verified(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    found = indexer.verifier.verify()
    require_verified(found)
    assert (found.block_number, found.block_hash.hex()) == (22, chain.blocks[22]["hash"][2:])
    assert found.events == {
        "inference": 25,
        "group_settled": 13,
        "group_skipped": 1,
        "receipt_skipped": 1,
        "channel_refunded": 1,
        "registry_event": 1,
    }
    (finding,) = found.endpoints
    assert (finding.digest, finding.counters, finding.spans) == (found.digest, "match", ())
    (row,) = rows(
        path, "SELECT deployment_id, block, digest, chain_digest, events, problems FROM verification"
    )
    assert row == (0, 22, found.digest, found.digest, 42, "")


def test_digest_does_not_depend_on_ranges(chain: RecordedChain, url: str, tmp_path: Path) -> None:
    digests = set()
    for most_blocks in (1, 7, 1000):
        indexer = indexer_of(chain, tmp_path / f"{most_blocks}.db", url, most_blocks=most_blocks)
        indexer.sync_once()
        digests.add(indexer.verifier.verify(26).digest)
    assert len(digests) == 1


def test_digest_depends_on_the_block(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    found = [indexer.verifier.verify(block) for block in range(3, 27)]
    assert all(one.match for one in found)
    assert len({one.digest for one in found}) == 24
    assert rows(path, "SELECT block FROM verification") == [(26,)]


@pytest.mark.parametrize("statement", DAMAGES)
def test_damage_is_noticed_and_repaired(
    chain: RecordedChain, url: str, path: Path, tmp_path: Path, statement: str
) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    good = indexer.verifier.verify(26).digest
    damage(path, statement)
    found = indexer.verifier.verify(26)
    assert not found.match
    assert found.endpoints[0].spans or found.contradictions
    assert rows(path, "SELECT problems FROM verification") != [("",)]
    with pytest.raises(VerificationError, match="run `veritally-indexer verify --repair`"):
        require_verified(found)
    indexer.verifier.repair(found)
    again = indexer.verifier.verify(26)
    assert (again.problems, again.digest) == ([], good)
    assert rows(path, "SELECT DISTINCT resolved FROM incident") == [(1,)]
    require_same_figures(chain, url, path, tmp_path / "fresh.db")
    settle_group(chain, {"amount": 1}, {"amount": 2})
    assert indexer.sync_once().inferences == 2
    assert indexer.verifier.verify(27).match


def require_same_figures(chain: RecordedChain, url: str, path: Path, fresh: Path) -> None:
    """The roll-ups are those of an index that was never damaged, numbers of addresses aside."""
    indexer_of(chain, fresh, url).sync_once()
    for table, columns in (
        ("rollup", "tier"),
        ("rollup_hour", "hour, tier"),
        ("rollup_day_model", "day, tier"),
        ("rollup_day_payer", "day, tier, payer_id = 0"),
        ("rollup_day_prover", "day, tier"),
    ):
        names = f"{columns}, address.value, inferences, amount_e20, amount_e10, amount_e0"
        statement = f"SELECT {names} FROM {table} JOIN address ON id = asset_id"
        assert sorted(rows(path, statement)) == sorted(rows(fresh, statement))
    for table in ("deployment", "block"):
        assert contents(path)[table] == contents(fresh)[table]


@pytest.mark.parametrize(("statement", "problem"), CONTRADICTIONS)
def test_contradiction_is_noticed_and_repaired(
    chain: RecordedChain, url: str, path: Path, tmp_path: Path, statement: str, problem: str
) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    damage(path, statement)
    found = indexer.verifier.verify()
    assert any(problem in said for said in found.contradictions)
    indexer.verifier.repair(found)
    assert indexer.verifier.verify().match
    require_same_figures(chain, url, path, tmp_path / "fresh.db")
    assert rows(path, "SELECT decimals FROM asset ORDER BY address_id") == [(6,), (None,)]


def test_blocks_that_differ_are_named(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url, most_blocks=5)
    indexer.sync_once()
    damage(path, "UPDATE inference SET floor = 2 WHERE seq IN (2, 4, 20)")
    found = indexer.verifier.verify()
    spans = [(s.first_block, s.last_block, s.stored_events, s.chain_events) for s in found.endpoints[0].spans]
    assert spans == [(5, 7, 6, 6), (20, 20, 2, 2)]
    assert "blocks 5 to 7, block 20 are stored otherwise than http://127.0.0.1" in "; ".join(found.problems)


def test_liar_is_found_out_by_the_other_endpoint(chain: RecordedChain, url: str, path: Path) -> None:
    """A group's event has no number: what the first endpoint left out, the second shows."""
    lying = liar(chain, without(chain, "GroupSkipped"))
    with serve(lying) as bad:
        indexer_of(chain, path, bad).sync_once()
        alone = indexer_of(chain, path, bad).verifier.verify()
        both = indexer_of(chain, path, bad, url).verifier.verify()
    assert alone.match
    assert not both.match
    assert [len(finding.spans) for finding in both.endpoints] == [0, 1]


def test_endpoint_that_is_away_says_nothing(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    other = indexer_of(chain, path, url, "http://127.0.0.1:9")
    found = other.verifier.verify()
    assert found.match
    assert [finding.has_answered for finding in found.endpoints] == [True, False]


def test_answers_that_cannot_be_right_are_a_problem(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    good = indexer.verifier.verify(26).digest
    for event in ("InferenceSettled", "GroupSettled"):
        chain.alter_logs = without(chain, event, 3)
        found = indexer.verifier.verify(26)
        assert not found.match
        assert (found.digest, found.endpoints[0].digest) == (good, None)
    chain.forgets_states = True
    chain.alter_logs = lambda logs: [log for log in logs if log["blockNumber"] != "0x7"]
    found = indexer.verifier.verify(26)
    assert "expected seq 4, found seq 6" in found.endpoints[0].problem


def test_counters_that_are_forgotten_are_not_compared(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    chain.forgets_states = True
    found = indexer.verifier.verify()
    assert (found.match, found.endpoints[0].counters) == (True, "not compared")


def test_counters_that_differ_are_a_problem(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    chain.counters[22][1] += 1
    found = indexer.verifier.verify()
    assert not found.match
    assert "signed: 9 indexed, 10 on chain" in found.endpoints[0].counters


def test_block_that_is_not_indexed(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url)
    with pytest.raises(NothingIndexedError):
        indexer.verifier.verify()
    indexer.sync_once()
    for block in (2, 27):
        with pytest.raises(SettingsError, match="not among the indexed blocks 3 to 26"):
            indexer.verifier.verify(block)


def test_command(chain: RecordedChain, run: Run) -> None:
    assert run("sync", "--once")[0] == 0
    code, out, err = run("verify", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["match"], found["block"], sum(found["events"].values())) == (True, 22, 42)
    assert found["endpoints"][0]["digest"] == found["digest"]
    code, out, _ = run("verify", "--to-block", "26")
    assert code == 0
    assert out.endswith("the same events; counters: match\nverified\n")
    damage(Path("veritally-indexer.db"), "DELETE FROM inference WHERE seq = 4")
    code, out, err = run("verify")
    assert code == 1
    assert "NOT verified" in out
    assert "up to block 22: rollup does not hold the sums of the rows" in err
    assert run("verify", "--repair")[0] == 0
    assert run("verify")[0] == 0
