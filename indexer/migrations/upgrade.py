"""Brings the tables of a database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from indexer.migrations import NEWEST


def upgrade(connection: Connection) -> None:
    """Runs the missing versions in the connection's transaction."""
    command.upgrade(configuration(connection), NEWEST)


def configuration(connection: Connection) -> Config:
    """What alembic needs to know, without a file."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    found.attributes["connection"] = connection
    return found
