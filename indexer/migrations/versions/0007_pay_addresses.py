"""What pay addresses are derived from; the indexer writes it when it opens the deployment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the table, empty."""
    op.create_table(
        "pay_address_origin",
        sa.Column("deployment_id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("factory", sa.LargeBinary(), nullable=False),
        sa.Column("implementation", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment_id"),
    )
