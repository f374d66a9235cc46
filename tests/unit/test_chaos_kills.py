"""A process that dies at any commit loses nothing: the next one goes on to the truth."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
from chaos_chain import asker, busy_chain
from commit_kills import commits_of, run_killed
from postgres import PostgresError, run_postgres
from sqlalchemy import create_engine, text

from indexer.chaos.catalogue import FAULTS
from indexer.chaos.contents import Contents, differences, read_contents, rollup_differences
from indexer.chaos.node import FaultyNode, serve
from indexer.database import Database
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from veritally.deployment import Deployment

BLOCKS_PER_REQUEST = 12
HIDDEN_BLOCKS = 20
REORG_DEPTH = 9


Prepare = Callable[[FaultyNode, "partial[None]"], None]


class Store(Protocol):
    """Databases that can be copied."""

    def url(self, name: str) -> str: ...

    def copy(self, name: str, source: str) -> None: ...


@dataclass(frozen=True)
class Sqlite:
    folder: Path

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.db"

    def copy(self, name: str, source: str) -> None:
        for file in self.folder.glob(f"{name}.db*"):
            file.unlink()
        for file in self.folder.glob(f"{source}.db*"):
            shutil.copy(file, self.folder / file.name.replace(source, name, 1))


@dataclass(frozen=True)
class Postgres:
    server: str

    def url(self, name: str) -> str:
        return self.server.replace("/postgres?", f"/{name}?")

    def copy(self, name: str, source: str) -> None:
        self.make(name, f" TEMPLATE {source}")

    def make(self, name: str, more: str = "") -> None:
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}{more}"))
        engine.dispose()


@contextmanager
def postgres_store() -> Iterator[Store]:
    try:
        with run_postgres() as server:
            store = Postgres(server)
            store.make("prepared")
            store.make("honest")
            yield store
    except PostgresError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        yield Sqlite(tmp_path)
    else:
        with postgres_store() as store:
            yield store


def synchronise(database_url: str, rpc_url: str, deployment: Deployment) -> None:
    """What a process does from its start to its end."""
    database, rpc = Database(database_url), JsonRpc(rpc_url)
    indexer = Indexer(rpc, database, deployment, BLOCKS_PER_REQUEST)
    indexer.open()
    indexer.sync_once()
    rpc.close()
    database._engine.dispose()


def contents(database_url: str) -> Contents:
    database = Database(database_url)
    found = read_contents(database)
    database._engine.dispose()
    return found


def prepare_nothing(_node: FaultyNode, _run: partial[None]) -> None:
    """The process makes the tables itself."""


def prepare_part(node: FaultyNode, run: partial[None]) -> None:
    """The chain grows meanwhile, and with it what is final."""
    node.hide_blocks(HIDDEN_BLOCKS)
    run()
    node.hide_blocks(0)


def prepare_branch(node: FaultyNode, run: partial[None]) -> None:
    """What is indexed leaves the chain."""
    node.faults = [FAULTS["reorg"].fault(REORG_DEPTH, 1)]
    run()
    node.faults = []


@pytest.mark.parametrize("prepare", [prepare_nothing, prepare_part, prepare_branch])
def test_process_may_die_at_every_commit(store: Store, prepare: Prepare) -> None:
    chain = busy_chain()
    node = FaultyNode(asker(chain))
    with serve(node) as url:
        sync = partial(synchronise, rpc_url=url, deployment=chain.deployment)
        sync(store.url("honest"))
        truth = contents(store.url("honest"))
        prepare(node, partial(sync, store.url("prepared")))
        store.copy("counted", "prepared")
        commits = commits_of(partial(sync, store.url("counted")))
        assert commits >= 3
        for killed_at in range(1, commits + 1):
            for after in (False, True):
                store.copy("killed", "prepared")
                run_killed(partial(sync, store.url("killed")), killed_at, after)
                sync(store.url("killed"))
                found = contents(store.url("killed"))
                problems = differences(found, truth) + rollup_differences(found)
                assert not problems, f"killed at commit {killed_at}, {after=}: {problems}"
