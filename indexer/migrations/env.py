"""Run by alembic: applies the versions over the connection that it is given."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from indexer import rollup_tables, tables  # noqa: F401  they fill the metadata
from indexer.recorded import tables as recorded_tables  # noqa: F401

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
with context.begin_transaction():
    context.run_migrations()
