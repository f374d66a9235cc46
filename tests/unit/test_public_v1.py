"""The views for analysts: what docs/sql.md says, on both databases, and the role that sees nothing else."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from analyst_chain import DAY_S, MONDAY_S, chain_for_analysts, fill_by_hand
from indexed import indexer_of
from indexer_chain import PAYER, RecordedChain
from sqlalchemy import make_url

from indexer.amounts import join
from indexer.database import Database
from indexer.public_v1.views import VIEWS
from indexer.rpc import JsonRpc
from indexer.sync import Indexer

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
ROLE = (ROOT / "deploy" / "postgres" / "read_only_role.sql").read_text(encoding="utf-8")
METADATA = json.loads((ROOT / "deploy" / "datasette" / "metadata.json").read_text(encoding="utf-8"))
POSTGRES_TYPES = {
    "integer": {"bigint", "integer", "smallint"},
    "text": {"text", "character varying"},
    "time": {"timestamp with time zone"},
    "date": {"date"},
    "amount": {"numeric"},
    "flag": {"boolean"},
}


def table_below(heading: str) -> list[tuple[str, str]]:
    """The columns of a table in the document: name and type."""
    section = DOCUMENT.split(f"\n{heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    own = re.findall(r"^\| `(\w+)` \| ([a-z]+\*?) \| .+ \|$", section, re.MULTILINE)
    return (table_below("## Every event") if "After the columns of [every event]" in section else []) + own


def documented() -> dict[str, list[tuple[str, str]]]:
    views = re.findall(r"^### (\w+)$", DOCUMENT.split("\n## Views")[1].split("\n## ")[0], re.MULTILINE)
    found = {view: table_below(f"### {view}") for view in views}
    found["settled_final"] = found["settled"]
    return found


VIEWS_IN_DOCUMENT = documented()
EXAMPLES = re.findall(r"```sql\n(.+?);\n```", DOCUMENT, re.DOTALL)


@pytest.fixture
def chain() -> RecordedChain:
    return chain_for_analysts()


@pytest.fixture
def indexed(chain: RecordedChain, rpc: JsonRpc, path: Path) -> sqlite3.Connection:
    indexer_of(chain, rpc, path).sync_once()
    connection = sqlite3.connect(path)
    fill_by_hand(connection)
    return connection


@pytest.fixture
def in_postgres(chain: RecordedChain, rpc: JsonRpc, postgres_url: str) -> Iterator[psycopg.Connection]:
    indexer = Indexer(rpc, Database(postgres_url), chain.deployment, 1000)
    indexer.open()
    indexer.sync_once()
    url = make_url(postgres_url)
    with psycopg.connect(host=url.query["host"], user="postgres", dbname=url.database) as connection:  # type: ignore[arg-type]
        connection.execute("SET TimeZone = 'UTC'")
        fill_by_hand(connection)
        yield connection


def plain(value: Any) -> Any:
    """A value of Postgres as SQLite gives it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value


def records(connection: Any, view: str) -> list[dict[str, Any]]:
    cursor = connection.execute(f"SELECT * FROM {view}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_document_describes_the_views() -> None:
    assert tuple(VIEWS_IN_DOCUMENT) == VIEWS
    assert all(VIEWS_IN_DOCUMENT.values())


@pytest.mark.parametrize("view", VIEWS)
def test_columns_are_those_of_the_document(indexed: sqlite3.Connection, view: str) -> None:
    rows = records(indexed, f"public_v1_{view}")
    assert rows, "nothing to check the types with"
    columns = VIEWS_IN_DOCUMENT[view]
    found = indexed.execute(f"SELECT * FROM public_v1_{view} LIMIT 0").description
    assert [column[0] for column in found] == [name for name, _ in columns]
    for name, kind in columns:
        values = [row[name] for row in rows]
        assert kind.endswith("*") or None not in values, name
        python = int if kind.rstrip("*") in ("integer", "flag") else str
        assert {type(value) for value in values if value is not None} <= {python}, name
        if kind.startswith("flag"):
            assert set(values) <= {0, 1}, name


def test_columns_in_postgres_are_those_of_the_document(in_postgres: psycopg.Connection) -> None:
    rows = in_postgres.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public_v1' ORDER BY table_name, ordinal_position"
    ).fetchall()
    for view, columns in VIEWS_IN_DOCUMENT.items():
        of_view = [(name, kind) for table, name, kind in rows if table == view]
        assert [name for name, _ in of_view] == [name for name, _ in columns], view
        for (name, found), (_, kind) in zip(of_view, columns, strict=True):
            assert found in POSTGRES_TYPES[kind.rstrip("*")], (view, name)
    assert {table for table, _, _ in rows} == set(VIEWS)


@pytest.mark.parametrize("view", VIEWS)
def test_both_databases_give_the_same_rows(
    indexed: sqlite3.Connection, in_postgres: psycopg.Connection, view: str
) -> None:
    ours = records(indexed, f"public_v1_{view}")
    theirs = records(in_postgres, f"public_v1.{view}")
    found = [{name: plain(value) for name, value in row.items()} for row in theirs]
    for row in ours:
        if "uri" in row:  # Postgres holds no NUL
            row["uri"] = "<script>'"
    assert sorted(map(repr, found)) == sorted(map(repr, ours))


def test_amounts_are_exact(indexed: sqlite3.Connection) -> None:
    rows = {row["seq"]: row for row in records(indexed, "public_v1_settled")}
    assert (rows[0]["amount_base_units"], rows[0]["amount"]) == (
        "79228162514264337593543950335",
        "79228162514264337593543.950335",
    )
    assert (rows[1]["amount"], rows[2]["amount"], rows[3]["amount"]) == ("1.000000", "0.000001", "0.000000")
    assert (rows[5]["amount_base_units"], rows[5]["amount"]) == ("250", None)
    (refund,) = records(indexed, "public_v1_refunds")
    assert refund["amount_base_units"] == str(2**128 - 1)
    (total,) = [r for r in records(indexed, "public_v1_tallies") if r["tier"] == "signed"]
    assert total["amount_base_units"] == str(2**96 - 1 + 1_000_001)


def test_sums_carry(indexed: sqlite3.Connection) -> None:
    indexed.execute("UPDATE rollup SET amount_e20 = 7, amount_e10 = 25000000000, amount_e0 = 39999999999")
    total = join(7, 25_000_000_000, 39_999_999_999)
    assert {row["amount_base_units"] for row in records(indexed, "public_v1_tallies")} == {str(total)}


@pytest.mark.parametrize("decimals", [0, 1, 18, 20, 21, 29, 30, 36])
def test_whole_tokens_are_exact_for_any_decimals(indexed: sqlite3.Connection, decimals: int) -> None:
    indexed.execute("UPDATE asset SET decimals = ?", [decimals])
    for row in records(indexed, "public_v1_settled"):
        digits = re.sub(r"\D", "", row["amount"])
        assert int(digits) == int(row["amount_base_units"])
        assert re.fullmatch(r"(0|[1-9]\d*)" + (rf"\.\d{{{decimals}}}" if decimals else ""), row["amount"])


def test_labelled_evidence_counts_as_signed(indexed: sqlite3.Connection) -> None:
    rows = records(indexed, "public_v1_settled")
    assert [(r["tier"], r["counted_tier"], r["payer"] is None) for r in rows] == [
        *[("signed", "signed", False)] * 3,
        *[("tee", "signed", True)] * 2,
        ("zkml", "zkml", False),
    ]
    assert [row["served_at_s"] is None for row in rows] == [True, False, False, False, False, False]


def test_only_what_is_final_is_called_so(indexed: sqlite3.Connection, chain: RecordedChain) -> None:
    final = {row["seq"] for row in records(indexed, "public_v1_settled_final")}
    assert final == {row["seq"] for row in records(indexed, "public_v1_settled") if row["final"]}
    indexed.execute("UPDATE deployment SET final_block = 4")
    assert {row["seq"] for row in records(indexed, "public_v1_settled_final")} == {0, 1, 2, 3, 4}
    indexed.execute("UPDATE deployment SET final_block = NULL")
    assert records(indexed, "public_v1_settled_final") == []
    assert len(records(indexed, "public_v1_settled")) == 6


def test_weeks_are_full_and_final(indexed: sqlite3.Connection, chain: RecordedChain) -> None:
    """Blocks 0 to 6 lie in the first week, 7 to 13 in the second one."""
    payer_weeks = [
        {"week": "2025-11-24", "inferences": 3, "signed": 3, "tee": 0, "zkml": 0},
        {"week": "2025-12-01", "inferences": 1, "signed": 0, "tee": 0, "zkml": 1},
    ]
    for final_block, weeks in ((6, 0), (7, 1), (13, 1), (14, 2)):
        time_s = MONDAY_S + final_block * DAY_S
        indexed.execute("UPDATE deployment SET final_block = ?", [final_block])
        indexed.execute("INSERT OR REPLACE INTO block VALUES (?, x'00', ?, 0)", [final_block, time_s])
        found = records(indexed, "public_v1_payer_week")
        expected = [{"payer": PAYER} | week for week in payer_weeks[:weeks]]
        assert [{k: v for k, v in row.items() if k not in ("chain_id", "settlement")} for row in found] == (
            expected
        )


def test_registries_are_read_in_the_latest_state(indexed: sqlite3.Connection) -> None:
    (enclave,) = records(indexed, "public_v1_enclaves")
    assert (enclave["key_kind"], enclave["platform"], enclave["development"]) == ("p256", "nitro", 0)
    assert enclave["valid_until"] == "2025-11-26T00:00:00Z"
    assert (enclave["compromised_at"], enclave["revoked_at"]) == (
        "2025-11-24T00:00:08Z",
        "2025-11-24T00:00:09Z",
    )
    (route,) = records(indexed, "public_v1_routes")
    assert (route["route"], route["tier"], route["deterministic"]) == ("0x01020304", "zkml", 1)
    assert route["stopped_at"] < route["activated_at"] < route["contradicted_at"]
    (model,) = records(indexed, "public_v1_models")
    assert (model["owner"], model["circuits"], model["stopped_circuits"]) == (PAYER, 0, 1)
    assert model["deprecated_at"] is not None


def test_examples_run_on_both_databases(indexed: sqlite3.Connection, in_postgres: psycopg.Connection) -> None:
    assert len(EXAMPLES) == 4
    for example in EXAMPLES:
        theirs = [tuple(map(plain, row)) for row in in_postgres.execute(example).fetchall()]
        ours = indexed.execute(example.replace("public_v1.", "public_v1_")).fetchall()
        assert len(ours) == len(theirs)
        assert [len(row) for row in ours] == [len(row) for row in theirs]
    assert indexed.execute(EXAMPLES[-1].replace("public_v1.", "public_v1_")).fetchall()


def test_what_others_claim_is_exact_and_unverified(indexed: sqlite3.Connection) -> None:
    (claim,) = records(indexed, "public_v1_recorded")
    assert (claim["status"], claim["claimed_batch_size"]) == ("recorded, unverified", str(2**256 - 1))


def test_incidents_name_no_node(indexed: sqlite3.Connection) -> None:
    (incident,) = records(indexed, "public_v1_incidents")
    assert not {"a secret", "host"} & set(incident.values())


@pytest.fixture
def reader(in_postgres: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A session of the role for readers; the script has run twice."""
    for _ in range(2):
        in_postgres.execute(ROLE)  # type: ignore[arg-type]
    in_postgres.commit()
    info = in_postgres.info
    with psycopg.connect(
        host=info.host, user="veritally_reader", dbname=info.dbname, autocommit=True
    ) as connection:
        yield connection
    in_postgres.execute("DROP OWNED BY veritally_reader; DROP ROLE veritally_reader")
    in_postgres.commit()


def test_reader_reads_every_view(reader: psycopg.Connection) -> None:
    for view in VIEWS:
        assert reader.execute(f"SELECT * FROM {view}").fetchall(), view  # type: ignore[arg-type]
    assert reader.execute("SHOW statement_timeout").fetchone() == ("10s",)


def test_reader_reads_views_of_later_versions(
    reader: psycopg.Connection, in_postgres: psycopg.Connection
) -> None:
    in_postgres.execute("CREATE VIEW public_v1.later AS SELECT 1 AS one")
    in_postgres.commit()
    assert reader.execute("SELECT one FROM later").fetchone() == (1,)


def test_reader_reads_nothing_else(reader: psycopg.Connection, in_postgres: psycopg.Connection) -> None:
    tables = in_postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert len(tables) > 15
    for (table,) in tables:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"SELECT * FROM public.{table}")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public_v1.mine (a integer)",
        "CREATE TABLE public.mine (a integer)",
        "CREATE TEMPORARY TABLE mine (a integer)",
        "CREATE SCHEMA mine",
        "CREATE OR REPLACE VIEW public_v1.tallies AS SELECT 1 AS chain_id",
        "DROP VIEW public_v1.tallies",
        "INSERT INTO public_v1.deployments (chain_id) VALUES (1)",
        "UPDATE public_v1.settled_final SET seq = 0",
        "DELETE FROM public_v1.incidents",
        "INSERT INTO public.model VALUES (99, '')",
        "TRUNCATE public.inference",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, '')",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY public_v1.tallies TO PROGRAM 'true'",
        "ALTER ROLE veritally_reader SUPERUSER",
        "SET ROLE postgres",
    ],
)
def test_reader_writes_nothing(reader: psycopg.Connection, statement: str) -> None:
    reader.execute("SET default_transaction_read_only = off; SET statement_timeout = 0")
    with pytest.raises(psycopg.Error) as refused:
        reader.execute(statement)  # type: ignore[arg-type]
    assert refused.type in (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ObjectNotInPrerequisiteState,  # a view with joins takes no rows, whoever asks
        psycopg.errors.FeatureNotSupported,
    )


def test_reader_starts_read_only(reader: psycopg.Connection) -> None:
    assert reader.execute("SHOW transaction_read_only").fetchone() == ("on",)


def test_datasette_describes_what_there_is(indexed: sqlite3.Connection) -> None:
    database = METADATA["databases"]["veritally-indexer"]
    kinds = dict(indexed.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"))
    for name, table in database["tables"].items():
        assert kinds[name] == ("table" if table.get("hidden") else "view")
        columns = {column[0] for column in indexed.execute(f"SELECT * FROM {name} LIMIT 0").description}
        assert set(table.get("columns", {})) <= columns
    assert set(database["tables"]) == kinds.keys()
    examples = [example.replace("public_v1.", "public_v1_") for example in EXAMPLES]
    assert [query["sql"] for query in database["queries"].values()] == examples
