"""A recorded chain to index, its node, and where the database goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from indexer_chain import (
    RecordedChain,
    group_skipped_log,
    receipt_skipped_log,
    serve,
)
from indexer_command import Run
from indexer_running import Running, Start
from postgres import PostgresError, run_postgres
from sqlalchemy import create_engine, text

from indexer import rpc as rpc_module
from indexer.cli import main
from indexer.rpc import JsonRpc
from veritally.tiers import Tier


@pytest.fixture
def chain() -> RecordedChain:
    """Two inferences in block 3, one in block 6, all kinds of skips in block 8, the head at block 9."""
    chain = RecordedChain()
    chain.settle({"amount": 5}, {"tier": Tier.TEE, "flags": 1})
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


@pytest.fixture
def environment(
    chain: RecordedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Settings of the indexer by environment, in an empty folder."""
    for name in [name for name in os.environ if name.startswith("VERITALLY_")]:
        monkeypatch.delenv(name)
    chain.deployment.save(tmp_path / "deployment.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rpc_module, "_PAUSE_S", 0.0)
    with serve(chain) as url:
        monkeypatch.setenv("VERITALLY_INDEXER_RPC_URLS", url)
        yield {"VERITALLY_INDEXER_RPC_URLS": url}


@pytest.fixture
def run(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the indexer's command in this process: exit code, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            main(arguments)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Starts `veritally-indexer run`."""
    started: list[Running] = []

    def start(*arguments: str) -> Running:
        started.append(Running(*arguments))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.communicate()


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[str]:
    """The URL of an empty server. Without an installed one these tests are left out, but not by CI."""
    try:
        with run_postgres() as url:
            yield url
    except PostgresError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database."""
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE indexer"))
        yield postgres_server.replace("/postgres?", "/indexer?")
        connection.execute(text("DROP DATABASE indexer WITH (FORCE)"))
    engine.dispose()
