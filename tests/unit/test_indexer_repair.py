"""What is stored is held to the contract's counters; what differs is found, proved and replaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from indexed import contents
from indexer_chain import USDC, RecordedChain, serve
from whole_chain import liar, make_whole_chain, settle_group, without

from indexer import rpc as rpc_module
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.errors import EndpointsDisagreeError, UnrepairedError
from indexer.sync import Indexer
from indexer.verification import require_verified

SEQ_4 = "DELETE FROM inference WHERE seq = 4"
"""Block 7 holds it."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_module, "_PAUSE_S", 0.0)


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


def damage(path: Path, *statements: str) -> None:
    """Changes rows, and the total that is compared after each run; the other roll-ups are left wrong."""
    with sqlite3.connect(path) as database:
        for statement in statements:
            assert database.execute(statement).rowcount >= 1
        database.execute("DELETE FROM rollup")
        database.execute(
            "INSERT INTO rollup SELECT 0, tier, asset_id, development, unbound, count(*), sum(amount_e20)"
            " + (sum(amount_e10) + sum(amount_e0) / 10000000000) / 10000000000,"
            " (sum(amount_e10) + sum(amount_e0) / 10000000000) % 10000000000, sum(amount_e0) % 10000000000"
            " FROM inference GROUP BY tier, asset_id, development, unbound"
        )


def incidents(path: Path) -> list[Any]:
    with sqlite3.connect(path) as database:
        names = "kind, first_block, last_block, endpoint, resolved"
        return database.execute(f"SELECT {names} FROM incident ORDER BY id").fetchall()


def require_whole(chain: RecordedChain, url: str, path: Path) -> None:
    fresh = path.with_name("fresh.db")
    fresh.unlink(missing_ok=True)
    indexer_of(chain, fresh, url).sync_once()
    assert contents(path) == contents(fresh)


@pytest.mark.parametrize(
    ("statement", "block"),
    [
        (SEQ_4, 7),
        ("DELETE FROM inference WHERE seq = 0", 4),
        ("DELETE FROM inference WHERE seq = 25", 23),
        ("UPDATE inference SET tier = 2 WHERE seq = 0", 4),
        ("UPDATE inference SET amount_e0 = amount_e0 + 1 WHERE seq = 20", 20),
    ],
)
def test_wrong_block_is_found_and_replaced(
    chain: RecordedChain, url: str, path: Path, statement: str, block: int
) -> None:
    indexer_of(chain, path, url).sync_once()
    damage(path, statement)
    chain.requests.clear()
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    assert incidents(path) == [("rows", block, block, url, 1)]
    asked = [params[0] for method, params in chain.requests if method == "eth_getLogs"]
    assert [(a["fromBlock"], a["toBlock"]) for a in asked] == [(hex(block), hex(block))]
    require_whole(chain, url, path)
    require_verified(indexer.verifier.verify(26))


@pytest.mark.parametrize(
    ("most_blocks", "spans"),
    [
        (1000, [(4, 20), (23, 23)]),
        (7, [(4, 10), (20, 20), (23, 23)]),
        (1, [(4, 4), (7, 7), (20, 20), (23, 23)]),
    ],
)
def test_many_wrong_blocks_are_replaced(
    chain: RecordedChain, url: str, path: Path, most_blocks: int, spans: list[tuple[int, int]]
) -> None:
    """Up to the final block (22) first, then those behind it."""
    indexer_of(chain, path, url).sync_once()
    damage(path, "DELETE FROM inference WHERE seq IN (0, 1, 4, 20, 25)")
    indexer_of(chain, path, url, most_blocks=most_blocks).sync_once()
    assert incidents(path) == [("rows", first, last, url, 1) for first, last in spans]
    require_whole(chain, url, path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rollup SET inferences = inferences + 1",
        "DELETE FROM rollup",
        "UPDATE rollup SET amount_e10 = amount_e10 + 1 WHERE tier = 2",
        "UPDATE deployment SET next_seq = 7",
    ],
)
def test_wrong_sums_are_restored(chain: RecordedChain, url: str, path: Path, statement: str) -> None:
    indexer_of(chain, path, url).sync_once()
    with sqlite3.connect(path) as database:
        database.execute(statement)
    indexer_of(chain, path, url).sync_once()
    assert incidents(path) == [("rollups", 3, 26, "", 1)]
    require_whole(chain, url, path)


def test_cursor_that_alone_is_wrong_is_restored(chain: RecordedChain, url: str, path: Path) -> None:
    indexer_of(chain, path, url).sync_once()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE deployment SET last_block_hash = x'00', last_block_timestamp_s = 1")
    result = indexer_of(chain, path, url).sync_once()
    assert (result.replaced_blocks, result.events) == (0, 0)
    require_whole(chain, url, path)


def test_another_endpoint_knows_old_states(chain: RecordedChain, url: str, path: Path) -> None:
    indexer_of(chain, path, url).sync_once()
    damage(path, "DELETE FROM inference WHERE seq = 25")
    pruned = liar(chain, lambda logs: logs)
    pruned.forgets_states = True
    chain.requests.clear()
    with serve(pruned) as first:
        indexer_of(chain, path, first, url).sync_once()
    assert [row[:3] for row in incidents(path)] == [("rows", 23, 23)]
    asked = [params[0]["fromBlock"] for method, params in chain.requests if method == "eth_getLogs"]
    assert asked[0] == "0x17"  # the audit asks for the rest afterwards
    require_whole(chain, url, path)


def test_logs_tell_when_old_states_are_forgotten(chain: RecordedChain, url: str, path: Path) -> None:
    """What follows the block fits to what is put in its place."""
    indexer_of(chain, path, url).sync_once()
    damage(path, SEQ_4)
    chain.forgets_states = True
    indexer_of(chain, path, url).sync_once()
    assert incidents(path) == [("rows", 7, 7, url, 1)]
    require_whole(chain, url, path)


def test_what_cannot_be_repaired_stops_it(chain: RecordedChain, url: str, path: Path) -> None:
    indexer_of(chain, path, url).sync_once()
    damage(path, SEQ_4)
    before = contents(path)
    chain.alter_logs = without(chain, "InferenceSettled", 4)
    indexer = indexer_of(chain, path, url)
    for _ in range(2):
        with pytest.raises(UnrepairedError, match=f"block 7 cannot be repaired: {url}.*expected seq 4"):
            indexer.sync_once()
    assert contents(path) == before
    assert incidents(path) == [("rows", 7, 7, "", 0)]
    with serve(liar(chain, lambda logs: logs)) as honest:
        indexer_of(chain, path, url, honest).sync_once()
        assert incidents(path) == [("rows", 7, 7, "", 1), ("rows", 7, 7, honest, 1)]
    chain.alter_logs = lambda logs: logs
    require_whole(chain, url, path)


def test_rows_before_the_first_block_are_left_to_verify(chain: RecordedChain, url: str, path: Path) -> None:
    indexer_of(chain, path, url).sync_once()
    damage(path, "UPDATE inference SET id = 5, amount_e0 = amount_e0 + 1 WHERE seq = 4")
    indexer = indexer_of(chain, path, url)
    with pytest.raises(UnrepairedError, match=r"blocks 3 to 7 cannot be repaired: "):
        indexer.sync_once()
    indexer.verifier.repair(indexer.verifier.verify(26))
    require_verified(indexer.verifier.verify(26))
    indexer.sync_once()


def test_group_that_is_missing_is_no_replacement(chain: RecordedChain, url: str, path: Path) -> None:
    indexer_of(chain, path, url).sync_once()
    damage(path, SEQ_4)
    with serve(liar(chain, without(chain, "GroupSettled", 2))) as bad:
        indexer_of(chain, path, bad, url).sync_once()
    assert incidents(path) == [("rows", 7, 7, url, 1)]
    require_whole(chain, url, path)


def test_other_amounts_are_no_replacement(chain: RecordedChain, url: str, path: Path) -> None:
    """They have the right numbers, but not the sums that the contract counts."""
    indexer_of(chain, path, url).sync_once()
    damage(path, SEQ_4)
    one_more = 1 << 96

    def alter(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            log | {"data": f"{log['data'][:-64]}{int(log['data'][-64:], 16) + one_more:064x}"}
            if len(log["data"]) == 2 + 6 * 64 and log["blockNumber"] == "0x7" and log["logIndex"] == "0x0"
            else log
            for log in logs
        ]

    chain.alter_logs = alter
    message = f"{url}: with its events, zkml amount of {USDC}: .* on chain at block 7"
    with pytest.raises(UnrepairedError, match=message):
        indexer_of(chain, path, url).sync_once()


def test_group_that_one_endpoint_lacks_comes_from_the_other(
    chain: RecordedChain, url: str, path: Path
) -> None:
    indexer_of(chain, path, url).sync_once()
    damage(path, "DELETE FROM group_settled WHERE id >> 20 = 7")
    with serve(liar(chain, without(chain, "GroupSettled", 2))) as bad:
        indexer = indexer_of(chain, path, bad, url)
        indexer.verifier.repair(indexer.verifier.verify(26))
    assert incidents(path) == [("rows", 7, 7, url, 1)]
    require_whole(chain, url, path)


def test_endpoints_that_disagree_are_no_replacement(chain: RecordedChain, url: str, path: Path) -> None:
    indexer_of(chain, path, url).sync_once()
    damage(path, "DELETE FROM group_skipped")
    before = contents(path)
    with serve(liar(chain, without(chain, "GroupSkipped"))) as bad:
        indexer = indexer_of(chain, path, bad, url)
        found = indexer.verifier.verify(26)
        with pytest.raises(EndpointsDisagreeError, match="about the events of block 19"):
            indexer.verifier.repair(found)
    assert contents(path) == before
    assert [(row[0], row[-1]) for row in incidents(path)] == [("rows", 0)]
    honest = indexer_of(chain, path, url).verifier
    honest.repair(honest.verify(26))
    assert [(row[0], row[-1]) for row in incidents(path)] == [("rows", 1), ("rows", 1)]


def test_counters_of_one_endpoint_alone_change_nothing(chain: RecordedChain, url: str, path: Path) -> None:
    wrong = liar(chain, lambda logs: logs)
    wrong.counters = [counters.copy() for counters in chain.counters]
    wrong.counters[26][1] += 1
    with serve(wrong) as bad:
        indexer_of(chain, path, bad, url).sync_once()
        assert incidents(path) == [("endpoint", 26, 26, bad, 1)]
    require_whole(chain, url, path)


def test_final_block_is_checked_through_another_endpoint(chain: RecordedChain, url: str, path: Path) -> None:
    with serve(liar(chain, lambda logs: logs)) as other:
        indexer_of(chain, path, url, other).sync_once()
    at = {params[1] for method, params in chain.requests if method == "eth_call"}
    assert "0x16" in at
    assert "0x1a" in at


def test_repaired_database_goes_on(chain: RecordedChain, url: str, path: Path) -> None:
    indexer = indexer_of(chain, path, url)
    indexer.sync_once()
    damage(path, SEQ_4)
    settle_group(chain, {"amount": 7}, {"amount": 8})
    assert indexer.sync_once().inferences == 2
    require_verified(indexer.verifier.verify(27))
