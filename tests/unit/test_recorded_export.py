"""What an export holds of foreign history, that it only grows, and that damage is named."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from exported import LAKE, chain_of_all_events, files_of
from foreign_rows import FOREIGN_CHAIN, TIME_S, add_foreign_history, settlement, source, transfer, write
from indexer_chain import CHAIN_ID, PAYER, PROVER, USDC, RecordedChain
from indexer_command import Run, sentence
from sqlmodel import select

from indexer.database import Database
from indexer.recorded import export_streams
from indexer.recorded.export import export_recorded
from indexer.recorded.export_tables import TABLES
from indexer.recorded.tables import RecordedSettlementRow, RecordedSourceRow, TokenTransferRow

RECORDED = LAKE / "recorded"


@pytest.fixture
def chain() -> RecordedChain:
    chain = chain_of_all_events()
    chain.final = 9
    return chain


@pytest.fixture
def database(run: Run, chain: RecordedChain) -> Database:
    """The one that `run` uses, with foreign history in it."""
    run("sync", "--once")
    database = Database("sqlite:///veritally-indexer.db")
    add_foreign_history(database)
    return database


def recorded_rows(table: str) -> list[dict[str, Any]]:
    return [row for file in files_of(table, RECORDED) for row in pq.read_table(file).to_pylist()]


def streams() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDED / "manifest.json").read_text())["streams"]
    return found


def test_columns_say_what_was_recorded(run: Run, database: Database) -> None:
    code, out, err = run("export", "--to", "lake")
    assert (code, err) == (0, "")
    assert "\nrecorded, unverified: 4 rows in 3 new files, " in out
    claims = recorded_rows("recorded_settlement")
    assert {row["status"] for row in claims} == {"recorded, unverified"}
    first, second, payment = claims
    assert first == second | {
        "log_index": first["log_index"],
        "form": "batch",
        "claim": "0x" + "01" * 32,
        "root": "0x" + "02" * 32,
        "claimed_batch_size": str(2**256 - 1),
        "tee_id": None,
        "claimed_timestamp": None,
        "payer": None,
    }
    assert (second["source"], second["contract"]) == ("opengradient", "0x" + "f1" * 20)
    assert (second["chain_id"], second["block_number"]) == (FOREIGN_CHAIN, 50)
    assert second["block_time"] == datetime.fromtimestamp(TIME_S, UTC)
    assert (second["tee_id"], second["claimed_timestamp"]) == ("0x" + "04" * 32, "7")
    assert (payment["payee"], payment["amount_base_units"]) == ("0x" + "03" * 20, str(2**255))
    assert recorded_rows("token_transfer") == [
        {
            "chain_id": CHAIN_ID,
            "source": "transfers",
            "status": "recorded, unverified",
            "block_number": 8,
            "block_time": datetime.fromtimestamp(TIME_S, UTC),
            "log_index": recorded_rows("token_transfer")[0]["log_index"],
            "transaction_hash": "0x" + "07" * 32,
            "asset": USDC.lower(),
            "sender": PROVER.lower(),
            "recipient": PAYER.lower(),
            "amount_base_units": Decimal(2**96 - 1),
        }
    ]


def test_nothing_of_it_lies_beside_verified_rows(run: Run, database: Database) -> None:
    run("export", "--to", "lake")
    verified = [file.read_bytes() for file in files_of()]
    with sqlite3.connect("veritally-indexer.db") as connection:
        for table in ("recorded_source", *TABLES):
            connection.execute(f"DELETE FROM {table}")
    assert run("export", "--to", "without")[1].count("\n") == 1
    assert [file.read_bytes() for file in files_of("*", Path("without"))] == verified
    assert [file.name for file in Path("without", "recorded").iterdir()] == ["manifest.json"]


def test_what_is_above_the_final_block_is_left_out_until_it_is_final(run: Run, database: Database) -> None:
    run("export", "--to", "lake", "--blocks-per-file", "40")
    before = {file: file.read_bytes() for file in files_of("*", RECORDED)}
    assert [file.stem for file in before if "f1" * 20 in str(file)] == ["000000000050-000000000060"]
    assert run("export", "--to", "lake")[1].endswith("recorded, unverified: nothing new\n")
    with sqlite3.connect("veritally-indexer.db") as connection:
        connection.execute("UPDATE recorded_source SET final_block = 99 WHERE id = 1")
    out = run("export", "--to", "lake", "--blocks-per-file", "40")[1]
    assert "recorded, unverified: 1 rows in 2 new files, " in out
    assert {file: file.read_bytes() for file in before} == before
    places = [(row["block_number"], row["form"]) for row in recorded_rows("recorded_settlement")]
    assert sorted(places) == [(5, "exact"), (50, "batch"), (50, "single-v1"), (61, "single-v1")]
    assert run("export", "--check", "lake")[0] == 0


def test_rows_of_one_block_are_read_in_parts(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(database, *(settlement(1, 50, TIME_S, claimed_timestamp=str(n)) for n in range(7)))
    monkeypatch.setattr(export_streams, "ROWS_PER_PAGE", 2)
    run("export", "--to", "lake")
    rows = [row for row in recorded_rows("recorded_settlement") if row["source"] == "opengradient"]
    assert [row["claimed_timestamp"] for row in rows] == [None, "7", *map(str, range(7))]
    assert [row["log_index"] for row in rows] == sorted(row["log_index"] for row in rows)


def test_rows_that_come_to_exported_blocks_are_noticed(run: Run, database: Database) -> None:
    """Transfers of another deployment of the chain, which were imported later."""
    run("export", "--to", "lake")
    write(database, transfer(CHAIN_ID, 7, (USDC, PROVER, PAYER), 1, TIME_S))
    code, _, err = run("export", "--to", "lake")
    assert code == 1
    problem = f"transfers on chain {CHAIN_ID} has 2 rows up to block 99, and the export 1; "
    assert problem in sentence(err)
    assert run("export", "--to", "again")[0] == 0


def test_transfers_wait_for_all_imports_of_the_chain(run: Run, database: Database) -> None:
    write(database, source(5, "transfers", chain_id=CHAIN_ID, next_block=8))
    run("export", "--to", "lake")
    assert [stream["ranges"][-1]["to_block"] for stream in streams()] == [60, 99, 7]
    assert recorded_rows("token_transfer") == []


def test_both_databases_give_the_same_files(
    run: Run, database: Database, postgres_url: str, tmp_path: Path
) -> None:
    run("export", "--to", "lake")
    other = Database(postgres_url)
    other.prepare()
    with other.writing() as theirs, database.transaction() as ours:
        for table in (RecordedSourceRow, RecordedSettlementRow, TokenTransferRow):
            theirs.add_all([table(**row.model_dump()) for row in ours.exec(select(table)).all()])
    export_recorded(other, tmp_path / "other", 100_000)
    for file in (*files_of("*", RECORDED), RECORDED / "manifest.json"):
        assert (tmp_path / "other" / file.relative_to(LAKE)).read_bytes() == file.read_bytes()


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(("damage", "problem"), [(_flip, "has another SHA-256"), (Path.unlink, "is missing")])
def test_damaged_files_are_named(
    run: Run, database: Database, damage: Callable[[Path], None], problem: str
) -> None:
    run("export", "--to", "lake")
    (file,) = files_of("token_transfer", RECORDED)
    damage(file)
    code, out, err = run("export", "--check", "lake")
    assert (code, out) == (1, "")
    assert f"{file.relative_to(LAKE)} {problem}" in sentence(err)


def test_manifest_that_was_changed_is_named(run: Run, database: Database) -> None:
    run("export", "--to", "lake", "--blocks-per-file", "40")
    manifest = json.loads((RECORDED / "manifest.json").read_text())
    manifest["streams"][1]["ranges"].pop(1)
    manifest["streams"][0]["status"] = "verified"
    (RECORDED / "manifest.json").write_text(json.dumps(manifest))
    code, _, err = run("export", "--check", "lake")
    assert code == 1
    for blocks in ("on chain 10740, blocks 50 to 60", "on chain 10740, blocks 80 to 99"):
        assert f"{blocks}, does not fit" in sentence(err)


def test_a_whole_export(run: Run, database: Database) -> None:
    run("export", "--to", "lake")
    code, out, _ = run("export", "--check", "lake")
    assert code == 0
    assert [line.split(": ")[0] for line in out.splitlines()[1:]] == [
        f"recorded, unverified, opengradient 0x{'f1' * 20} on chain {FOREIGN_CHAIN}",
        f"recorded, unverified, x402 0x{'f2' * 20} to 0x{'03' * 20} on chain {FOREIGN_CHAIN}",
        f"recorded, unverified, transfers on chain {CHAIN_ID}",
    ]
    assert f": 2 rows up to block 60 are as they were written, export digest {digest_of(0)}\n" in out


def digest_of(stream: int) -> str:
    return str(streams()[stream]["ranges"][-1]["export_digest"])


def test_an_export_of_another_version(run: Run, database: Database) -> None:
    RECORDED.mkdir(parents=True)
    (RECORDED / "manifest.json").write_text('{"schema_version": 99}')
    code, _, err = run("export", "--to", "lake")
    assert code == 2
    assert "schema version 99, not 1" in sentence(err)


def test_types_survive_the_file(run: Run, database: Database) -> None:
    run("export", "--to", "lake")
    for table in TABLES.values():
        assert pq.read_schema(files_of(table.name, RECORDED)[0]).equals(table.schema)
