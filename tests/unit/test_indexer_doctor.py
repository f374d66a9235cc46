"""`veritally-indexer doctor`: each check fails for its reason, and names the fix."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from indexed import contents
from indexer_chain import REGISTRIES, RecordedChain, serve
from indexer_command import Run, chain_of_all_tiers, sentence

from indexer.doctor import database as database_module
from indexer.migrations import NEWEST
from indexer.nodes import ONE_NODE

DATABASE = Path("veritally-indexer.db")
Findings = list[tuple[bool, str, str, str | None]]


@pytest.fixture
def chain() -> RecordedChain:
    chain = chain_of_all_tiers()
    chain.final = 4
    return chain


def examine(run: Run, *arguments: str) -> tuple[int, dict[str, tuple[bool, str, str | None]]]:
    """Exit code, and what each check said: whether it is right, detail, fix. Each check comes once."""
    code, out, _ = run("doctor", "--json", *arguments)
    found = json.loads(out)
    by_check = {f"{f['subject'].split()[0]} {f['check']}": (f["ok"], f["detail"], f["fix"]) for f in found}
    assert len(by_check) == len(found)
    assert (code == 1) == any(f["fix"] for f in found) == any(not f["ok"] for f in found)
    return code, by_check


def require_failed(run: Run, check: str, detail: str, fix: str, *arguments: str) -> None:
    """Only this check failed."""
    code, found = examine(run, *arguments)
    assert [name for name, (is_ok, _, _) in found.items() if not is_ok] == [check]
    assert detail in found[check][1]
    assert fix in (found[check][2] or "")
    assert code == 1


def test_all_is_well(run: Run) -> None:
    code, out, err = run("doctor")
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if not line.startswith("ok    ")]
    assert lines == [f"warn  chain 31337: second node: {ONE_NODE}"]
    code, found = examine(run)
    assert {
        name: detail for name, (_, detail, _) in found.items() if name.split()[1] not in ("disk", "clock")
    } == {
        "deployment file": "chain 31337, from block 3 on",
        "rpc chain": "31337",
        "rpc contracts": "all 4 have code",
        "rpc state": "views answer at final block 4, and from the beginning",
        "rpc logs": "eth_getLogs looks through 3 blocks at once",
        "chain second node": ONE_NODE,
        "database file": "does not exist yet; it can be made",
    }
    assert not DATABASE.exists()
    run("sync", "--once")
    before = contents(DATABASE)
    _, found = examine(run)
    assert found["database tables"][1] == f"are of version {NEWEST}"
    assert found["database writable"][1] == "yes"
    assert found["database engine"][1] == "SQLite, journal mode wal, synchronous NORMAL"
    assert contents(DATABASE) == before


def test_failed_check_shows_its_fix(chain: RecordedChain, run: Run) -> None:
    chain.codeless = REGISTRIES["ModelRegistry"]
    code, out, err = run("doctor")
    assert code == 1
    (line,) = [line for line in out.splitlines() if line.startswith("FAIL  ")]
    assert ": contracts: no code at ModelRegistry; fix: give the deployment file of this chain" in line
    assert "1 of 9 checks failed" in sentence(err)


def test_nothing_final_yet(chain: RecordedChain, run: Run) -> None:
    chain.final = 0
    assert examine(run)[1]["rpc state"][1].startswith("views answer at block 5, for nothing is final yet")


def test_node_that_forgets_states(chain: RecordedChain, run: Run) -> None:
    chain.forgets_states = True
    require_failed(run, "rpc state", "cannot be asked at final block 4", "or an archive node")
    chain.final = 5
    code, found = examine(run)
    assert (code, found["rpc state"][1]) == (
        0,
        "views answer at final block 5, not at old blocks: an archive node could",
    )


def test_range_of_logs(chain: RecordedChain, run: Run) -> None:
    for _ in range(20):
        chain.mine()
    chain.most_blocks = 6
    code, found = examine(run, "--blocks-per-request", "20")
    assert code == 0
    assert found["rpc logs"][1] == (
        "eth_getLogs looks through 5 blocks at once; --blocks-per-request 5 would save refused requests"
    )
    chain.most_blocks = 0
    require_failed(run, "rpc logs", "refuses a single block: query exceeds max block range", "another node")


def test_clock(chain: RecordedChain, run: Run) -> None:
    chain.blocks[-1]["timestamp"] = hex(int(time.time()) + 300)
    require_failed(run, "rpc clock", "s in the future", "set the clock of this machine")
    chain.blocks[-1]["timestamp"] = hex(int(time.time()) - 7)
    assert examine(run)[1]["rpc clock"][1] in ("block 5 is 7 s old", "block 5 is 8 s old")


def test_node_that_is_not_there(run: Run) -> None:
    code, found = examine(run, "--rpc-url", "http://127.0.0.1:1")
    assert code == 1
    assert found["rpc reachable"][1].startswith("no answer from the RPC http://127.0.0.1:1 (")
    assert found["rpc reachable"][2] == "start the node, or set --rpc-url"
    assert found["chain nodes"] == (False, "none answers", "add a node of chain 31337 with --rpc-url")


def test_node_that_answers_nonsense(chain: RecordedChain, run: Run) -> None:
    chain.raw_answer = (200, b"<html>")
    _, found = examine(run)
    assert "no JSON-RPC batch: <html>" in found["rpc answers"][1]
    assert "rpc URL" in examine(run, "--rpc-url", "ftp://x")[1]


def test_node_behind_the_deployment(chain: RecordedChain, run: Run) -> None:
    del chain.blocks[2:]
    chain.final = 0
    require_failed(run, "rpc head", "block 1, but the deployment begins at block 3", "wait until the node")


def test_node_of_another_chain(chain: RecordedChain, run: Run) -> None:
    chain.chain_id = 1
    _, found = examine(run)
    assert found["rpc chain"] == (
        False,
        "it serves chain 1, not 31337",
        "leave it out of --rpc-url, or name a node of chain 31337",
    )


def lines_of(run: Run, *urls: str) -> str:
    options = [part for url in urls for part in ("--rpc-url", url)]
    (line,) = [line for line in run("doctor", *options)[1].splitlines() if "agreement" in line]
    return line


def test_nodes_that_disagree(chain: RecordedChain, run: Run, environment: dict[str, str]) -> None:
    url = environment["VERITALLY_INDEXER_RPC_URLS"]
    twin = chain_of_all_tiers()
    twin.final = 4
    with serve(twin) as other:
        said = "ok    chain 31337: agreement: 2 nodes are equally far and show the same block 4"
        assert lines_of(run, url, other) == said
        twin.final = 0
        assert lines_of(run, url, other).endswith("show the same block 0")
        twin.final = 4
        twin.blocks[4] = twin.blocks[4] | {"hash": "0x" + "77" * 32}
        assert lines_of(run, url, other).startswith(
            "FAIL  chain 31337: agreement: the nodes show different blocks 4, all final; fix: find out which"
        )
        chain.mine()
        chain.blocks[-1]["timestamp"] = hex(int(chain.blocks[-2]["timestamp"], 16) + 61)
        assert f"agreement: rpc {other} is behind the others; fix: wait" in lines_of(run, url, other)


def test_files(run: Run) -> None:
    _, found = examine(run, "--deployment", "none.json")
    assert "does not exist" in found["deployment file"][1]
    assert "veritally devnet" in (found["deployment file"][2] or "")
    run("config", "init")
    assert examine(run)[1]["config secrets"][0] is True
    Path("veritally-indexer.toml").chmod(0o640)
    require_failed(run, "config secrets", "others can read it", "chmod 600 veritally-indexer.toml")


def test_file_that_cannot_be_made(run: Run) -> None:
    url = "sqlite:////none/of/this.db"
    require_failed(run, "database file", "cannot be made", "make a folder /none/of", "--database-url", url)


def test_file_that_is_no_database(run: Run) -> None:
    DATABASE.write_text("x" * 5_000)
    require_failed(run, "database reachable", "file is not a database", "name a file of this program")


def test_full_disk(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_LEAST_FREE_BYTES", 1 << 62)
    require_failed(run, "database disk", "GB free, enough for about", "free some")


@pytest.mark.parametrize(
    ("statement", "check", "detail", "fix"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "tables", "of version 9999", "the newer version"),
        ("CREATE TABLE doctor_probe (x)", "writable", "already exists", "let the indexer's user make tables"),
    ],
)
def test_sqlite_that_is_not_as_it_should_be(
    run: Run, statement: str, check: str, detail: str, fix: str
) -> None:
    run("sync", "--once")
    with closing(sqlite3.connect(DATABASE)) as database:
        database.execute(statement)
        database.commit()
    require_failed(run, f"database {check}", detail, fix)


def test_sqlite_without_wal(run: Run) -> None:
    run("sync", "--once")
    with closing(sqlite3.connect(DATABASE)) as database:
        database.execute("VACUUM INTO 'copy.db'")
    fix, url = "PRAGMA journal_mode=WAL", "sqlite:///copy.db"
    require_failed(run, "database engine", "journal mode delete", fix, "--database-url", url)


def test_older_tables_are_no_failure(run: Run) -> None:
    run("sync", "--once")
    with closing(sqlite3.connect(DATABASE)) as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.commit()
    code, found = examine(run)
    assert (code, found["database tables"][1]) == (
        0,
        f"are of version 0001; `sync` and `run` bring them to {NEWEST}",
    )


def test_postgres(run: Run, monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
    monkeypatch.setenv("VERITALLY_INDEXER_DATABASE_URL", postgres_url)
    code, found = examine(run)
    assert code == 0
    assert found["database tables"][1] == "there are none yet; `sync` and `run` make them"
    assert found["database writable"][1] == "yes"
    assert found["database engine"][1].startswith("Postgres 1")
    assert "database disk" not in found
    monkeypatch.setattr(database_module, "_OLDEST_POSTGRES", 990_000)
    require_failed(run, "database engine", "Postgres 1", "use Postgres 15 or newer")


def test_server_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITALLY_INDEXER_DATABASE_URL", "postgresql+psycopg://user:s3cret@127.0.0.1:1/db")
    require_failed(run, "database reachable", "connection failed", "start the server")
    assert "s3cret" not in str(run("doctor"))
    assert examine(run, "--database-url", "mysql://h/d")[1]["database URL"][0] is False
