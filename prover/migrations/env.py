"""Run by alembic: applies the versions over the connection that it is given."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from prover.jobs import tables  # noqa: F401  they fill the metadata
from prover.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
