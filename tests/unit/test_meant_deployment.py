"""Which deployment the analysts' commands are about: its file says where provers are paid."""

from __future__ import annotations

from pathlib import Path

import pytest
from settled_world import Settled, World, deployment_of

from indexer.analytics.weeks import start_s
from indexer.commands.asking import meant_deployment
from indexer.database import Database
from indexer.errors import NothingIndexedError

OTHER = "0x" + "6f" * 20


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'indexer.db'}"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Of the deployment in the database, and of another one."""
    ours, other = tmp_path / "deployment.json", tmp_path / "other.json"
    deployment_of().save(ours)
    deployment_of(OTHER).save(other)
    return ours, other


def test_known_file_of_the_only_deployment_is_meant(url: str, files: tuple[Path, Path]) -> None:
    ours, other = files
    database = World(url).database
    assert meant_deployment(database, None, [other, ours]) == deployment_of()
    assert meant_deployment(database, None, [other]) is None
    assert meant_deployment(database, None, [ours.with_name("missing.json")]) is None


def test_given_file_is_meant_whatever_is_known(url: str, files: tuple[Path, Path]) -> None:
    ours, other = files
    assert meant_deployment(World(url).database, other, [ours]) == deployment_of(OTHER)


def test_of_several_deployments_none_is_guessed(url: str, files: tuple[Path, Path]) -> None:
    World(url).settle([Settled(0, "a", 1)], start_s(3000))
    assert meant_deployment(World(url, OTHER).database, None, list(files)) is None


def test_without_a_database_there_is_nothing_to_ask(url: str, files: tuple[Path, Path]) -> None:
    with pytest.raises(NothingIndexedError):
        meant_deployment(Database(url), None, list(files))
    Database(url).file.touch()
    assert meant_deployment(Database(url), None, list(files)) is None
