"""The tables that migrations make are those of the program, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect
from transacting import FragileDatabase

from prover.jobs.tables import TABLES
from prover.migrations import NEWEST
from prover.migrations.upgrade import configuration, upgrade

NAMES = {table.name for table in TABLES}


def test_migrations_make_the_tables_of_the_program(empty_database: FragileDatabase) -> None:
    upgrade(empty_database)
    upgrade(empty_database)  # does nothing
    with empty_database.reading() as session:
        connection = session.connection()
        assert ScriptDirectory.from_config(configuration(connection)).get_current_head() == NEWEST
        assert set(inspect(connection).get_table_names()) == NAMES | {"pv_version"}
        options = {
            "compare_type": True,
            "version_table": "pv_version",
            "include_name": lambda name, kind, _: kind != "table" or name in NAMES,
        }
        ours = MetaData()
        for table in TABLES:
            table.to_metadata(ours)
        assert compare_metadata(MigrationContext.configure(connection, opts=options), ours) == []
