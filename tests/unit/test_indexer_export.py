"""What an export holds, and that it only grows."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exported import LAKE, chain_of_all_events, files_of, rows_of
from indexer_chain import CHAIN_ID, SETTLEMENT, UINT96_MAX, RecordedChain
from indexer_command import OTHER_TOKEN, Run, sentence

from indexer.export.digest import ContentDigest, group_digest
from indexer.export.schema import INFERENCE, TABLES


@pytest.fixture
def chain() -> RecordedChain:
    return chain_of_all_events()


def test_final_blocks_alone_are_exported(run: Run, chain: RecordedChain) -> None:
    chain.final = 5
    run("sync", "--once")
    code, out, err = run("export", "--to", "lake")
    assert (code, err) == (0, "")
    assert out.startswith("up to block 5: ")
    assert {row["block_number"] for row in rows_of("inference")} == {3, 4}
    assert [row["block_number"] for row in rows_of("block")] == [3, 4]  # the final one has no events


def test_columns_say_what_the_events_said(run: Run, chain: RecordedChain) -> None:
    chain.final = len(chain.blocks) - 1
    run("sync", "--once")
    run("export", "--to", "lake")
    first, *_, last = rows_of("inference")
    log = next(log for log in chain.logs if int(log["blockNumber"], 16) == 3)
    assert first == {
        "chain_id": CHAIN_ID,
        "settlement": SETTLEMENT,
        "block_number": 3,
        "block_time": first["block_time"],
        "log_index": 0,
        "transaction_hash": log["transactionHash"],
        "seq": 0,
        "receipt_hash": log["topics"][1],
        "payer": f"0x{log['topics'][2][26:]}",
        "prover": f"0x{log['data'][90:130]}",
        "model_id": f"0x{log['data'][2:66]}",
        "tier": "signed",
        "floor": "signed",
        "scheme": "batch_settlement",
        "development": False,
        "unbound": False,
        "asset": f"0x{log['data'][154:194]}",
        "asset_decimals": 6,
        "amount_base_units": Decimal(UINT96_MAX),
        "served_at_s": 2**64 - 1,
        "request_hash": f"0x{log['data'][194:258]}",
        "response_hash": f"0x{log['data'][258:322]}",
    }
    assert first["block_time"].timestamp() == int(chain.blocks[3]["timestamp"], 16)
    assert (last["tier"], last["asset"], last["asset_decimals"]) == ("zkml", OTHER_TOKEN, None)
    unpaid = next(row for row in rows_of("inference") if row["payer"] is None)
    assert (unpaid["tier"], unpaid["development"], unpaid["unbound"]) == ("tee", True, True)


def test_every_table_is_there(run: Run, chain: RecordedChain) -> None:
    chain.final = len(chain.blocks) - 1
    run("sync", "--once")
    run("export", "--to", "lake")
    group = rows_of("group_settled")[2]
    assert (group["key"], group["settled"], group["route"]) == ("0x" + "22" * 32, 2, "0x01020304")
    (skipped,) = rows_of("group_skipped")
    assert (skipped["reason_name"], skipped["reason"]) == (None, "0x00000000")
    (receipt,) = rows_of("receipt_skipped")
    assert (receipt["reason"], receipt["payer"]) == ("0x", "0x" + "c2" * 20)
    (refund,) = rows_of("channel_refunded")
    assert refund["amount_base_units"] == str(2**128 - 1)
    (stop,) = rows_of("registry_event")
    assert (stop["event"], stop["subject"]) == ("RouteStopped", "0x01020304")
    blocks = rows_of("block")
    assert [row["block_number"] for row in blocks] == [3, 4, 6, 8, 9]
    assert blocks[0]["hash"] == chain.blocks[3]["hash"]


def test_a_second_run_adds_only_what_became_final(run: Run, chain: RecordedChain) -> None:
    chain.final = 5
    run("sync", "--once")
    run("export", "--to", "lake")
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files_of()}
    assert run("export", "--to", "lake")[1] == "nothing new: everything up to block 5 is exported\n"
    chain.final = 9
    run("sync", "--once")
    assert run("export", "--to", "lake")[1].startswith("up to block 9: ")
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in before} == before
    assert [row["seq"] for row in rows_of("inference")] == list(range(6))
    assert run("export", "--check", "lake")[0] == 0


def test_files_end_at_multiples_of_the_blocks_per_file(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    run("export", "--to", "lake", "--blocks-per-file", "4")
    names = [file.stem for file in files_of("inference")]
    assert names == ["000000000003-000000000003", "000000000004-000000000007", "000000000008-000000000009"]
    assert [row["seq"] for row in rows_of("inference")] == list(range(6))


def test_two_exports_of_the_same_blocks_are_the_same(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    run("export", "--to", "lake", "--blocks-per-file", "4")
    run("export", "--to", "again", "--blocks-per-file", "4")
    for file in (*files_of(), LAKE / "manifest.json"):
        assert file.read_bytes() == (Path("again") / file.relative_to(LAKE)).read_bytes()


def test_manifest_holds_the_tallies(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    run("export", "--to", "lake")
    (deployment,) = json.loads((LAKE / "manifest.json").read_text())["deployments"]
    assert [(c["tier"], c["inferences"], c["amount_base_units"]) for c in deployment["tallies"]] == [
        ("signed", 3, str(UINT96_MAX + 1_000_001)),
        ("tee", 2, "0"),
        ("zkml", 1, "250"),
    ]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE inference SET seq = 9 WHERE seq = 2", "expected seq 2, found 9"),
        ("UPDATE inference SET tier = 3 WHERE seq = 2", "other tallies up to block 9: "),
        ("UPDATE inference SET amount_e0 = amount_e0 + 1 WHERE seq = 5", "other tallies up to block 9: zkml"),
        ("DELETE FROM inference WHERE seq = 5", "other tallies up to block 9: zkml"),
    ],
)
def test_rows_that_the_rollups_contradict_are_not_exported(
    run: Run, chain: RecordedChain, statement: str, problem: str
) -> None:
    chain.final = 9
    run("sync", "--once")
    with sqlite3.connect("veritally-indexer.db") as database:
        assert database.execute(statement).rowcount == 1
    code, _, err = run("export", "--to", "lake")
    assert code == 1
    assert problem in sentence(err)
    assert not (LAKE / "manifest.json").exists()


def test_an_export_of_what_was_repaired_since_is_noticed(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    run("export", "--to", "lake")
    with sqlite3.connect("veritally-indexer.db") as database:
        database.execute("UPDATE rollup SET inferences = inferences + 1 WHERE tier = 1")
    code, _, err = run("export", "--to", "lake")
    assert code == 1
    assert "other tallies up to block 9: signed" in sentence(err)


def test_digest_ignores_how_rows_are_stored() -> None:
    table = pa.table({"text": ["a", None, "", "bcd"], "number": pa.array([1, None, 3, 4], pa.int16())})
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1, 2), table.slice(3)])
    assert group_digest(chunked) == group_digest(table)
    moved = pa.table({"text": ["a", "", None, "bcd"], "number": table["number"]})
    assert group_digest(moved) != group_digest(table)
    assert ContentDigest(table.schema).hexadecimal() != ContentDigest(INFERENCE.schema).hexadecimal()


def test_types_survive_the_file(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    run("export", "--to", "lake")
    for table in TABLES:
        (file,) = files_of(table.name)
        assert pq.read_schema(file).equals(table.schema)


def test_no_final_block_yet(run: Run, chain: RecordedChain) -> None:
    run("sync", "--once")
    code, _, err = run("export", "--to", "lake")
    assert code == 3
    assert "holds nothing final yet" in sentence(err)


@pytest.mark.parametrize("options", [(), ("--to", "lake", "--check", "lake")])
def test_one_of_the_folders_is_needed(run: Run, options: tuple[str, ...]) -> None:
    code, _, err = run("export", *options)
    assert code == 2
    assert "give either --to or --check" in sentence(err)


def test_a_folder_that_holds_something_else(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    LAKE.mkdir()
    (LAKE / "manifest.json").write_text('{"schema_version": 99}')
    code, _, err = run("export", "--to", "lake")
    assert code == 2
    assert "schema version 99, not 1" in sentence(err)


def test_a_folder_that_cannot_be_written(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    LAKE.write_text("a file")
    code, _, err = run("export", "--to", "lake")
    assert code == 3
    assert "export folder lake: " in sentence(err)


def test_one_export_at_a_time(run: Run, chain: RecordedChain) -> None:
    chain.final = 9
    run("sync", "--once")
    LAKE.mkdir()
    handle = os.open(LAKE, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    code, _, err = run("export", "--to", "lake")
    os.close(handle)
    assert code == 3
    assert "another process exports into lake" in sentence(err)
    assert run("export", "--to", "lake")[0] == 0


def test_a_password_on_the_command_line_is_refused(run: Run) -> None:
    code, _, err = run("export", "--to", "lake", "--database-url", "postgresql+psycopg://me:secret@host/db")
    assert code == 2
    assert "holds a password" in sentence(err)
    assert "secret" not in err
