"""The views for analysts."""

from __future__ import annotations

from alembic import op

from indexer.public_v1.views import statements

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes the views; in Postgres in a schema of their own."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.exec_driver_sql("CREATE SCHEMA public_v1")
    for statement in statements(dialect):
        connection.exec_driver_sql(statement)
