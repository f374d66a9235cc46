"""A database that is opened for reading cannot be changed, and does not work for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from indexer_chain import RecordedChain
from sqlalchemy import text

from indexer.database import Database
from indexer.errors import DatabaseError, ReadTookTooLongError
from indexer.rpc import JsonRpc
from indexer.sync import Indexer

_CHANGES = [
    "UPDATE rollup SET inferences = 0",
    "DELETE FROM inference",
    "INSERT INTO address (id, value) VALUES (99, 'x')",
    "CREATE TABLE ours (id INTEGER)",
    "DROP TABLE rollup",
]
_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n WHERE i < 0"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, chain: RecordedChain, rpc: JsonRpc, path: Path) -> str:
    """An indexed database."""
    made = request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{path}"
    indexer = Indexer(rpc, Database(made), chain.deployment, 1000)
    indexer.open()
    indexer.sync_once()
    return str(made)


def count(database: Database) -> int:
    with database.transaction() as session:
        return int(session.connection().execute(text("SELECT sum(inferences) FROM rollup")).scalar_one())


@pytest.mark.parametrize("statement", _CHANGES)
def test_nothing_can_be_changed(url: str, statement: str) -> None:
    database = Database(url, read_for_s=5)
    assert count(database) == 3
    with pytest.raises(DatabaseError, match=r"read-?only"), database.transaction() as session:
        session.connection().execute(text(statement))
    assert count(Database(url)) == 3


def test_what_takes_too_long_is_ended(url: str) -> None:
    database = Database(url, read_for_s=0.2)
    with (
        pytest.raises(ReadTookTooLongError, match=r"longer than 0\.2 s; ask for less at once"),
        database.transaction() as session,
    ):
        session.connection().execute(text(_ENDLESS)).all()
    assert count(database) == 3


def test_a_reader_sees_what_is_written_meanwhile(url: str, chain: RecordedChain, rpc: JsonRpc) -> None:
    database = Database(url, read_for_s=5)
    assert count(database) == 3
    chain.settle({"amount": 1})
    indexer = Indexer(rpc, Database(url), chain.deployment, 1000)
    indexer.open()
    indexer.sync_once()
    assert count(database) == 4


def test_a_file_that_is_not_there_is_not_made(path: Path) -> None:
    with pytest.raises(DatabaseError, match="unable to open"):
        Database(f"sqlite:///{path}", read_for_s=5).version()
    assert not path.exists()


@pytest.mark.parametrize("name", ["with space.db", "x#y.db", "100%.db"])
def test_any_name_of_a_file_will_do(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path}/{name}"
    Database(url).prepare()
    assert Database(url, read_for_s=5).version()
