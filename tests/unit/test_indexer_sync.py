from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from indexer_chain import (
    CHAIN_ID,
    FIRST_BLOCK,
    PAYER,
    SETTLEMENT,
    UINT96_MAX,
    USDC,
    RecordedChain,
    group_log,
    group_skipped_log,
    inference_log,
    receipt_skipped_log,
    serve,
)
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from indexer import sync as sync_module
from indexer.chain import SettlementChain
from indexer.database import Database
from indexer.errors import (
    ChainReorganisedError,
    ConcurrentIndexerError,
    DatabaseError,
    InconsistentLogsError,
    NodeBehindError,
    OtherDeploymentError,
    SequenceGapError,
    SettingsError,
    UndecodableEventError,
    WrongChainError,
)
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from indexer.tables import CursorRow, InferenceRow, RollupRow, Uint96
from indexer.tallies import compared, read_report
from veritally.tiers import Tier


@pytest.fixture
def chain() -> RecordedChain:
    """Two inferences in block 3, one in block 6, all kinds of skips in block 8, the head at block 9."""
    chain = RecordedChain()
    chain.mine(
        inference_log(0, amount=5), inference_log(1, Tier.TEE, flags=1), group_log(Tier.TEE, 2, 0, True)
    )
    chain.mine()
    chain.mine()
    chain.settle({"tier": Tier.ZKML, "amount": 7})
    chain.mine()
    chain.mine(group_skipped_log(1, bytes(4)), receipt_skipped_log(b""))
    chain.mine()
    return chain


@pytest.fixture
def rpc(chain: RecordedChain) -> Iterator[JsonRpc]:
    with serve(chain) as url:
        yield JsonRpc(url)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "indexer.db"


def indexer_of(chain: RecordedChain, rpc: JsonRpc, path: Path, blocks_per_request: int = 1000) -> Indexer:
    settlement = SettlementChain(rpc, CHAIN_ID, bytes.fromhex(SETTLEMENT[2:]))
    indexer = Indexer(settlement, Database(f"sqlite:///{path}"), chain.deployment, blocks_per_request)
    indexer.open()
    return indexer


def contents(path: Path) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with sqlite3.connect(path) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        tables = [name for (name,) in names]
        return {name: database.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in tables}


def count(path: Path, table: str) -> int:
    return len(contents(path)[table])


def test_every_event_becomes_a_row(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    result = indexer_of(chain, rpc, path).sync_once()
    assert (result.from_block, result.to_block, result.inferences, result.events) == (FIRST_BLOCK, 9, 3, 6)
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT inference.id >> 20, inference.id & 1048575, seq, tier, floor, development,"
            " CAST(amount_base_units AS INTEGER), block.timestamp_s, hex(payer.value), hex(asset.value)"
            " FROM inference JOIN block ON block.number = inference.id >> 20"
            " LEFT JOIN address payer ON payer.id = payer_id JOIN address asset ON asset.id = asset_id"
            " ORDER BY inference.id"
        ).fetchall()
    payer, usdc = PAYER[2:].upper(), USDC[2:].upper()
    assert rows == [
        (3, 0, 0, 1, 1, 0, 5, 1_764_000_006, payer, usdc),
        (3, 1, 1, 2, 1, 1, 0, 1_764_000_006, "", usdc),
        (6, 0, 2, 3, 1, 0, 7, 1_764_000_012, payer, usdc),
    ]
    stored = contents(path)
    assert len(stored["group_settled"]) == len(stored["group_skipped"]) == len(stored["receipt_skipped"]) == 1
    assert [number for number, *_ in stored["block"]] == [3, 6, 8]
    assert [row[1] for row in stored["asset"]] == [6]


def test_skips_keep_reason_and_its_name(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    selector = bytes.fromhex("4fd16c0b")
    chain.mine(group_skipped_log(0, selector), receipt_skipped_log(bytes.fromhex("4e487b71") + bytes(32)))
    indexer_of(chain, rpc, path).sync_once()
    with sqlite3.connect(path) as database:
        groups = database.execute("SELECT group_index, reason_name, reason FROM group_skipped").fetchall()
        receipts = database.execute("SELECT reason_name, reason FROM receipt_skipped ORDER BY id").fetchall()
    assert groups == [(1, None, bytes(4)), (0, None, selector)]
    assert receipts == [(None, b""), ("Panic", bytes.fromhex("4e487b71") + bytes(32))]


def test_running_again_changes_nothing(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    before = contents(path)
    again = indexer.sync_once()
    assert (again.inferences, again.events, again.to_block) == (0, 0, 9)
    indexer_of(chain, rpc, path).sync_once()
    assert contents(path) == before


@pytest.mark.parametrize("blocks_per_request", [1, 2, 3, 5])
def test_content_does_not_depend_on_the_ranges(
    chain: RecordedChain, rpc: JsonRpc, path: Path, blocks_per_request: int
) -> None:
    indexer_of(chain, rpc, path).sync_once()
    other = path.with_name("other.db")
    indexer_of(chain, rpc, other, blocks_per_request).sync_once()
    assert contents(other) == contents(path)


def test_goes_on_where_it_stopped(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    chain.settle({"amount": 1}, {"amount": 2})
    chain.requests.clear()
    assert indexer.sync_once().inferences == 2
    asked = [params[0]["fromBlock"] for method, params in chain.requests if method == "eth_getLogs"]
    assert asked == [hex(10)]
    fresh = path.with_name("fresh.db")
    indexer_of(chain, rpc, fresh).sync_once()
    assert contents(fresh) == contents(path)


@pytest.mark.parametrize("survived", [0, 1, 2, 3])
def test_failed_commit_leaves_whole_ranges_only(
    chain: RecordedChain, rpc: JsonRpc, path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """The transaction of range number `survived` breaks after all its statements."""
    real, calls = sync_module.write_range, []

    def write_then_break(*arguments: Any) -> None:
        real(*arguments)
        calls.append(arguments)
        if len(calls) > survived:
            raise KeyboardInterrupt

    monkeypatch.setattr(sync_module, "write_range", write_then_break)
    with pytest.raises(KeyboardInterrupt):
        indexer_of(chain, rpc, path, blocks_per_request=2).sync_once()
    assert contents(path)["cursor"][0][3] == FIRST_BLOCK + 2 * survived
    monkeypatch.setattr(sync_module, "write_range", real)
    indexer_of(chain, rpc, path, blocks_per_request=2).sync_once()
    fresh = path.with_name("fresh.db")
    indexer_of(chain, rpc, fresh).sync_once()
    assert contents(path) == contents(fresh)


KILLED = """
import os, signal, sys
from indexer import cli, sync
real, ranges = sync.write_range, []
def write_then_die(*arguments):
    real(*arguments)
    ranges.append(arguments)
    if len(ranges) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
sync.write_range = write_then_die
cli.main(sys.argv[1:])
"""


def test_killed_process_resumes(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    deployment = path.with_name("deployment.json")
    chain.deployment.save(deployment)
    arguments = ["sync", "--once", "--rpc-url", rpc.shown_url, "--database-url", f"sqlite:///{path}"]
    arguments += ["--deployment", str(deployment), "--blocks-per-request", "1"]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], env=os.environ, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert count(path, "inference") == 2
    assert contents(path)["cursor"][0][3] == FIRST_BLOCK + 2
    indexer_of(chain, rpc, path).sync_once()
    fresh = path.with_name("fresh.db")
    indexer_of(chain, rpc, fresh).sync_once()
    assert contents(path) == contents(fresh)


def test_asks_for_nothing_above_the_head_that_it_read(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer_of(chain, rpc, path, blocks_per_request=4).sync_once()
    asked = [(p[0]["fromBlock"], p[0]["toBlock"]) for method, p in chain.requests if method == "eth_getLogs"]
    assert asked == [("0x3", "0x6"), ("0x7", "0x9")]


def without(seq: int) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    hidden = inference_log(seq)["topics"][1]
    return lambda logs: [log for log in logs if log["topics"][1] != hidden]


@pytest.mark.parametrize(("seq", "expected", "found"), [(0, 0, 1), (1, 1, 2), (2, 3, 2)])
def test_left_out_event_is_noticed(
    chain: RecordedChain, rpc: JsonRpc, path: Path, seq: int, expected: int, found: int
) -> None:
    """Also the last one, which no later event of the range gives away."""
    chain.alter_logs = without(seq)
    indexer = indexer_of(chain, rpc, path)
    message = f"blocks 3 to 9: expected seq {expected}, found seq {found}.*nothing of these blocks was stored"
    with pytest.raises(SequenceGapError, match=message):
        indexer.sync_once()
    assert count(path, "inference") == count(path, "block") == 0
    chain.alter_logs = lambda logs: logs
    assert indexer.sync_once().inferences == 3


def test_repeated_sequence_number_is_noticed(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.mine(inference_log(2))
    with pytest.raises(SequenceGapError, match="expected seq 3, found seq 2"):
        indexer_of(chain, rpc, path).sync_once()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"address": USDC}, "another contract"),
        ({"removed": True}, "marked as removed"),
        ({"blockNumber": "0x2"}, "a log of block 2"),
        ({"blockNumber": "0xff"}, "a log of block 255"),
        ({"logIndex": "0x1"}, "log 1 of block 3 twice"),
        ({"blockHash": "0x" + "77" * 32}, "two hashes for block 3"),
    ],
)
def test_logs_that_do_not_fit_are_refused(
    chain: RecordedChain, rpc: JsonRpc, path: Path, change: dict[str, Any], problem: str
) -> None:
    chain.alter_logs = lambda logs: [logs[0] | change, *logs[1:]]
    with pytest.raises(InconsistentLogsError, match=f"blocks 3 to 9: .*{problem}"):
        indexer_of(chain, rpc, path).sync_once()
    assert count(path, "inference") == 0


def test_order_of_the_answer_does_not_matter(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.alter_logs = lambda logs: logs[::-1]
    assert indexer_of(chain, rpc, path).sync_once().inferences == 3


def test_unknown_event_stops(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.mine({"topics": ["0x" + "ab" * 32], "data": "0x"})
    with pytest.raises(UndecodableEventError, match="block 10, log 0: unknown event topic 0xabab"):
        indexer_of(chain, rpc, path).sync_once()


def test_reorganised_chain_stops(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path)
    indexer.sync_once()
    before = contents(path)
    chain.reorganise(2)
    with pytest.raises(ChainReorganisedError, match=r"block 9 was indexed with hash .*delete the database"):
        indexer.sync_once()
    assert contents(path) == before


def test_reorganisation_between_two_ranges_stops(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path, blocks_per_request=3)

    def reorganise_once(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not chain.branch:
            chain.reorganise(5)
        return logs

    chain.alter_logs = reorganise_once
    with pytest.raises(ChainReorganisedError, match="block 5 was indexed"):
        indexer.sync_once()


def test_node_that_is_behind_is_no_empty_chain(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer = indexer_of(chain, rpc, path)
    chain.missing_block = 9
    with pytest.raises(NodeBehindError, match="lacks block 9"):
        indexer.sync_once()
    chain.missing_block = None
    indexer.sync_once()
    chain.logs, chain.blocks = [], chain.blocks[:6]
    with pytest.raises(NodeBehindError, match=r"lacks block 9 \(its head: 5\)"):
        indexer.sync_once()
    chain.blocks = chain.blocks[:2]
    with pytest.raises(NodeBehindError, match=r"lacks block 3 \(its head: 1\)"):
        indexer_of(chain, rpc, path.with_name("fresh.db")).sync_once()


def test_wrong_chain_is_refused(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.chain_id = 1
    with pytest.raises(WrongChainError, match=f"serves chain 1, but the deployment is on chain {CHAIN_ID}"):
        indexer_of(chain, rpc, path)
    assert not path.exists()


def test_database_of_another_deployment_is_refused(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    indexer_of(chain, rpc, path).sync_once()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE cursor SET settlement = zeroblob(20)")
    with pytest.raises(OtherDeploymentError, match=f"0x{'00' * 20} on chain .* but the deployment is .*0x5e"):
        indexer_of(chain, rpc, path)


def test_second_indexer_is_noticed(
    chain: RecordedChain, rpc: JsonRpc, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process stores the same range while this one reads it."""
    real = sync_module.unknown_assets
    other = indexer_of(chain, rpc, path)

    def interrupted(*arguments: Any) -> list[bytes]:
        monkeypatch.setattr(sync_module, "unknown_assets", real)
        assets = real(*arguments)
        other.sync_once()
        return assets

    monkeypatch.setattr(sync_module, "unknown_assets", interrupted)
    with pytest.raises(ConcurrentIndexerError, match="the cursor left block 3"):
        indexer_of(chain, rpc, path).sync_once()
    assert count(path, "inference") == 3


def test_sums_are_exact_beyond_64_bits(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    chain.settle(*[{"amount": UINT96_MAX, "served_at": 2**64 - 1}] * 3)
    indexer_of(chain, rpc, path, blocks_per_request=4).sync_once()
    chain.settle({"amount": UINT96_MAX})
    indexer_of(chain, rpc, path).sync_once()
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        row = session.get(InferenceRow, 10 << 20)
        assert row is not None
        assert (row.amount_base_units, row.served_at_s) == (UINT96_MAX, 2**64 - 1)
        assert session.get(RollupRow, (1, row.asset_id)).amount_base_units == 4 * UINT96_MAX + 5
    report = compared(rpc, read_report(database))
    assert report.counters is not None
    assert report.counters.match


def test_amount_column_is_exact_in_both_databases() -> None:
    ddl = str(CreateTable(InferenceRow.__table__).compile(dialect=postgresql.dialect()))
    assert "amount_base_units NUMERIC(29, 0) NOT NULL" in ddl
    assert "served_at_s NUMERIC(20, 0) NOT NULL" in ddl
    assert "id BIGINT NOT NULL" in ddl
    with pytest.raises(ValueError, match="29 digits"):
        Uint96().process_bind_param(10**29, postgresql.dialect())
    with pytest.raises(ValueError, match="29 digits"):
        Uint96().process_bind_param(-1, postgresql.dialect())


@pytest.mark.parametrize(
    ("answer", "decimals"),
    [
        ("0x" + "0" * 62 + "12", 18),
        (None, None),
        ("0x", None),
        ("0x06", None),
        ("0x" + "f" * 64, None),
        ("0x" + "0" * 61 + "100", None),
    ],
)
def test_any_token_will_do(
    chain: RecordedChain, rpc: JsonRpc, path: Path, answer: str | None, decimals: int | None
) -> None:
    chain.decimals[USDC] = answer
    indexer_of(chain, rpc, path).sync_once()
    assert [row[1] for row in contents(path)["asset"]] == [decimals]
    assert [params[0]["to"] for method, params in chain.requests if params[-1:] == ["latest"]] == [USDC]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "neither sqlite"),
        ("mysql://root:s3cret@host/db", "mysql is not one of"),
        ("sqlite://", "names no file"),
        ("postgresql+nodriver://u:s3cret@host/db", "unknown driver postgresql\\+nodriver"),
        ("postgresql+asyncpg://u:s3cret@host/db", "driver asyncpg is not installed"),
    ],
)
def test_unusable_database_url(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        Database(url)
    assert "s3cret" not in str(caught.value)


def test_database_is_shown_without_parameters(path: Path) -> None:
    assert Database(f"sqlite:///{path}?timeout=5").shown_url == f"sqlite:///{path}"


def test_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseError, match=f"sqlite:///{path}: file is not a database"):
        Database(f"sqlite:///{path}").prepare()


def test_cursor_comes_first_in_a_transaction(chain: RecordedChain, rpc: JsonRpc, path: Path) -> None:
    """It is the lock: whoever loses it must not have written anything yet."""
    indexer = indexer_of(chain, rpc, path)
    statements: list[str] = []
    event.listen(indexer._database._engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    indexer.sync_once()
    writes = [statement.split()[1] for statement in statements if statement.startswith(("UPDATE", "INSERT"))]
    assert writes[0] == CursorRow.__tablename__
