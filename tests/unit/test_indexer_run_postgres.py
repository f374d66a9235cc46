"""`veritally-indexer run` and `status` with a real Postgres."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from indexer_chain import RecordedChain
from indexer_command import Run, chain_of_all_tiers
from indexer_running import BUSY_S, Start
from sqlalchemy import Engine, create_engine, text

from indexer import follow as follow_module
from veritally.tiers import Tier


@pytest.fixture
def database(
    postgres_url: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """An empty database that the settings name."""
    monkeypatch.setenv("VERITALLY_INDEXER_DATABASE_URL", postgres_url)
    engine = create_engine(postgres_url)
    yield engine
    engine.dispose()


@pytest.fixture
def chain() -> RecordedChain:
    return chain_of_all_tiers()


def test_follows_and_says_how_it_stands(
    chain: RecordedChain, database: Engine, start: Start, run: Run
) -> None:
    running = start()
    assert running.line("indexed")["inferences"] == 6
    assert run("status")[0] == 0
    chain.settle({"tier": Tier.ZKML, "amount": 2**96 - 1})
    assert run("status", "--max-lag-s", "0.001")[0] in (0, 3)
    assert running.line("indexed")["inferences"] == 1
    with database.begin() as connection:
        values = "0, 3, 4, 'logs', '', '', 1, false"
        connection.execute(
            text(
                "INSERT INTO incident (deployment_id, first_block, last_block, kind, detail, endpoint, "
                f"noticed_at_s, resolved) VALUES ({values})"
            )
        )
    code, out, _ = run("status", "--json")
    (found,) = json.loads(out)["deployments"]
    assert (code, found["block"], found["inferences"], found["incidents"]) == (3, 6, 7, 1)
    running.stop()


def test_stops_soon_although_others_lock_the_database(
    chain: RecordedChain, database: Engine, start: Start
) -> None:
    running = start()
    running.line("indexed")
    with database.begin() as connection:
        connection.execute(text("UPDATE deployment SET next_seq = next_seq"))
        chain.settle({})
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with database.connect() as other:
            while not other.execute(text(waits)).scalar_one():
                other.rollback()
        seconds, _ = running.stop()
    assert seconds < follow_module.GRACE_S + BUSY_S
    assert start().line("indexed")["inferences"] == 1
