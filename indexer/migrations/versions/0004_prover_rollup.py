"""The roll-up per day and prover, filled from the inferences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"

_BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEYS = ("deployment_id", "day", "tier", "prover_id", "asset_id", "development", "unbound")
_FILL = """
INSERT INTO rollup_day_prover
SELECT deployment_id, day, tier, prover_id, asset_id, development, unbound, inferences,
       e20 + (e10 + e0 / 10000000000) / 10000000000,
       (e10 + e0 / 10000000000) % 10000000000,
       e0 % 10000000000
FROM (
    SELECT CAST(inference.id >> 56 AS INTEGER) AS deployment_id, block.timestamp_s / 86400 AS day,
           tier, prover_id, asset_id, development, unbound, count(*) AS inferences,
           CAST(sum(amount_e20) AS BIGINT) AS e20,
           CAST(sum(amount_e10) AS BIGINT) AS e10,
           CAST(sum(amount_e0) AS BIGINT) AS e0
    FROM inference JOIN block ON block.id = inference.id >> 20
    GROUP BY inference.id >> 56, block.timestamp_s / 86400, tier, prover_id, asset_id, development, unbound
) AS counted
"""


def upgrade() -> None:
    """Makes the table and counts what is stored."""
    op.create_table(
        "rollup_day_prover",
        sa.Column("deployment_id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("prover_id", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("development", sa.Boolean(), nullable=False),
        sa.Column("unbound", sa.Boolean(), nullable=False),
        sa.Column("inferences", _BIGINT, nullable=False),
        sa.Column("amount_e20", _BIGINT, nullable=False),
        sa.Column("amount_e10", _BIGINT, nullable=False),
        sa.Column("amount_e0", _BIGINT, nullable=False),
        sa.PrimaryKeyConstraint(*_KEYS),
        sqlite_with_rowid=False,
    )
    op.execute(_FILL)
