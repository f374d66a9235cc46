"""The table of proofs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "proof_job",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("circuit", sa.String(64), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False, index=True),
        sa.Column("token", _BIGINT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deadline_s", _BIGINT, nullable=False),
        sa.Column("memory_bytes", _BIGINT, nullable=False),
        sa.Column("cores", sa.Integer(), nullable=False),
        sa.Column("opened_at_s", sa.Float(), nullable=False),
        sa.Column("result", sa.LargeBinary()),
        sa.Column("problem", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
