"""`verify` and repairs with a real Postgres: the same digest as with SQLite, the same damages found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from indexer_chain import RecordedChain, serve
from sqlalchemy import create_engine, text
from whole_chain import liar, make_whole_chain, settle_group

from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.incidents import incidents
from indexer.sync import Indexer
from indexer.verification import last_verification, require_verified

DAMAGES = [
    "DELETE FROM inference WHERE seq = 4",
    "UPDATE inference SET receipt_hash = '\\x00' WHERE seq = 3",
    "UPDATE inference SET unbound = true WHERE seq = 0",
    "UPDATE inference SET served_at_s = -2 WHERE seq = 20",
    "UPDATE group_settled SET key = NULL WHERE id = (SELECT min(id) FROM group_settled)",
    "UPDATE group_skipped SET reason_name = NULL, reason = '\\x01'",
    "UPDATE receipt_skipped SET payer_id = 77",
    "UPDATE channel_refunded SET amount_e20 = 0",
    "UPDATE registry_event SET event = 'RouteAdded'",
    "DELETE FROM address WHERE id = 2",
    "DELETE FROM model",
    "DELETE FROM block WHERE id = 4",
    "DELETE FROM asset",
    "UPDATE rollup_hour SET inferences = inferences + 1",
    "DELETE FROM rollup_day_payer",
    "UPDATE rollup SET amount_e0 = amount_e0 + 1",
    "UPDATE deployment SET next_seq = 3",
]


@pytest.fixture
def chain() -> RecordedChain:
    return make_whole_chain()


@pytest.fixture
def rpc_url(chain: RecordedChain) -> Iterator[str]:
    with serve(chain) as url:
        yield url


def indexer_of(chain: RecordedChain, database_url: str, *urls: str, most_blocks: int = 1000) -> Indexer:
    endpoints = Endpoints.of_urls(urls, 5.0)
    indexer = Indexer(endpoints, Database(database_url), chain.deployment, most_blocks)
    indexer.open()
    return indexer


def damage(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount >= 1
    engine.dispose()


def test_digest_is_that_of_sqlite(chain: RecordedChain, rpc_url: str, postgres_url: str, path: Path) -> None:
    digests = set()
    with serve(liar(chain, lambda logs: logs)) as other:
        for url, most_blocks in ((postgres_url, 7), (f"sqlite:///{path}", 1000)):
            indexer = indexer_of(chain, url, rpc_url, other, most_blocks=most_blocks)
            indexer.sync_once()
            found = indexer.verifier.verify(26)
            require_verified(found)
            digests |= {found.digest, *(finding.digest for finding in found.endpoints)}
    assert len(digests) == 1


def test_damage_is_noticed_and_repaired(chain: RecordedChain, rpc_url: str, postgres_url: str) -> None:
    """One damage after another in one database."""
    indexer = indexer_of(chain, postgres_url, rpc_url)
    indexer.sync_once()
    good = indexer.verifier.verify(26).digest
    for statement in DAMAGES:
        damage(postgres_url, statement)
        found = indexer.verifier.verify(26)
        assert not found.match, statement
        indexer.verifier.repair(found)
        again = indexer.verifier.verify(26)
        assert (again.problems, again.digest) == ([], good), statement
    settle_group(chain, {"amount": 1})
    assert indexer.sync_once().inferences == 1
    require_verified(indexer.verifier.verify(27))


def test_wrong_rows_are_found_by_the_counters(chain: RecordedChain, rpc_url: str, postgres_url: str) -> None:
    indexer = indexer_of(chain, postgres_url, rpc_url)
    indexer.sync_once()
    damage(postgres_url, "DELETE FROM inference WHERE seq IN (4, 25)")
    damage(postgres_url, "UPDATE rollup SET inferences = inferences - 1 WHERE tier = 1")
    settle_group(chain, {"amount": 1})
    indexer.sync_once()
    require_verified(indexer.verifier.verify(27))
    with Database(postgres_url).transaction() as session:
        cursor = indexer._cursor()
        found = [
            (row.kind, row.first_block, row.last_block, row.resolved) for row in incidents(session, cursor)
        ]
        verified = last_verification(session, cursor)
    assert found == [("rows", 7, 7, True), ("rows", 23, 23, True)]
    assert verified is not None
    assert (verified.block, verified.problems) == (27, "")
