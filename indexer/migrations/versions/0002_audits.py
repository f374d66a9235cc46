"""Incidents, the last verification of each deployment, and what a second endpoint has confirmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_block", _BIGINT, nullable=False),
        sa.Column("last_block", _BIGINT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("noticed_at_s", _BIGINT, nullable=False),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "verification",
        sa.Column("deployment_id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("block", _BIGINT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("chain_digest", sa.LargeBinary(), nullable=False),
        sa.Column("events", _BIGINT, nullable=False),
        sa.Column("problems", sa.String(), nullable=False),
        sa.Column("verified_at_s", _BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("deployment_id"),
    )
    op.create_table(
        "audit",
        sa.Column("deployment_id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("block", _BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("deployment_id"),
    )
