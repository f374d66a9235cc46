"""Brings the tables of a database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from prover.migrations import NEWEST
from veritally.transactions import Database


def upgrade(database: Database) -> None:
    """Runs the missing versions in one transaction; does nothing when there are none.

    Raises:
        DatabaseError: the database cannot be opened or written.
    """
    with database.transaction() as session:
        command.upgrade(configuration(session.connection()), NEWEST)


def configuration(connection: Connection) -> Config:
    """What alembic needs to know, without a file."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    found.attributes["connection"] = connection
    return found
