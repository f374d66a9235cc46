"""The roll-up per prover: kept with the rows, and filled for databases that are older than it."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from indexer_chain import UINT96_MAX, RecordedChain
from sqlalchemy import create_engine, text

from indexer.cursor import only_cursor
from indexer.database import Database
from indexer.migrations.upgrade import configuration
from indexer.recount import wrong_rollups
from indexer.rpc import JsonRpc
from indexer.sync import Indexer

OTHER_TOKEN = "0x" + "0d" * 20
_CELLS = "SELECT * FROM rollup_day_prover ORDER BY 1, 2, 3, 4, 5, 6, 7"


@pytest.fixture
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """Of a new database of each kind."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{path}"


def wrong(url: str) -> list[str]:
    with Database(url).transaction() as session:
        cursor = only_cursor(session)
        assert cursor is not None
        return wrong_rollups(session, cursor)


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
def test_an_older_database_is_filled_on_the_way(chain: RecordedChain, rpc: JsonRpc, url: str) -> None:
    chain.settle(*[{"amount": UINT96_MAX}] * 3, {"amount": 9, "asset": OTHER_TOKEN}, {"flags": 2})
    chain.final = 9
    database = Database(url)
    indexer = Indexer(rpc, database, chain.deployment, 1000)
    indexer.open()
    indexer.sync_once()
    assert wrong(url) == []

    engine = create_engine(url)
    with engine.begin() as connection:
        kept = connection.execute(text(_CELLS)).all()
        connection.execute(text("DROP TABLE rollup_day_prover"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    with engine.begin() as connection:  # no further: what later versions bring is there already
        command.upgrade(configuration(connection), "0004")
        filled = connection.execute(text(_CELLS)).all()
    engine.dispose()
    assert len(kept) == 5
    assert filled == kept
    assert wrong(url) == []


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
def test_a_reorganisation_takes_its_sums_back(chain: RecordedChain, rpc: JsonRpc, url: str) -> None:
    indexer = Indexer(rpc, Database(url), chain.deployment, 1000)
    indexer.open()
    indexer.sync_once()
    chain.logs = [log for log in chain.logs if int(log["blockNumber"], 16) < 6]
    chain.counters[6:] = [chain.counters[5]] * len(chain.counters[6:])
    chain.reorganise(4)
    indexer.sync_once()
    engine = create_engine(url)
    with engine.connect() as connection:
        cells = connection.execute(text("SELECT tier, inferences FROM rollup_day_prover ORDER BY tier")).all()
    engine.dispose()
    assert [tuple(cell) for cell in cells] == [(1, 1), (2, 1)]
    assert wrong(url) == []
