"""Foreign history: what is followed, what it claims, and transfers from provers to payers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables."""
    _make_sources()
    _make_settlements()
    op.create_table(
        "token_transfer",
        sa.Column("chain_id", _BIGINT, nullable=False, autoincrement=False),
        sa.Column("block", _BIGINT, nullable=False, autoincrement=False),
        sa.Column("log_index", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("block_timestamp_s", _BIGINT, nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("asset", sa.LargeBinary(), nullable=False),
        sa.Column("sender", sa.LargeBinary(), nullable=False),
        sa.Column("recipient", sa.LargeBinary(), nullable=False),
        sa.Column("amount_e20", _BIGINT, nullable=False),
        sa.Column("amount_e10", _BIGINT, nullable=False),
        sa.Column("amount_e0", _BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "block", "log_index"),
    )


def _make_sources() -> None:
    op.create_table(
        "recorded_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain_id", _BIGINT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("contract", sa.LargeBinary(), nullable=False),
        sa.Column("payee", sa.LargeBinary(), nullable=False),
        sa.Column("first_block", _BIGINT, nullable=False),
        sa.Column("next_block", _BIGINT, nullable=False),
        sa.Column("last_block_hash", sa.LargeBinary(), nullable=True),
        sa.Column("last_block_timestamp_s", _BIGINT, nullable=True),
        sa.Column("final_block", _BIGINT, nullable=True),
        sa.Column("other_logs", _BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chain_id", "kind", "contract", "payee"),
    )


def _make_settlements() -> None:
    op.create_table(
        "recorded_settlement",
        sa.Column("source_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("block", _BIGINT, nullable=False, autoincrement=False),
        sa.Column("log_index", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("chain_id", _BIGINT, nullable=False),
        sa.Column("block_timestamp_s", _BIGINT, nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("claim", sa.LargeBinary(), nullable=True),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=True),
        sa.Column("claimed_batch_size", sa.String(), nullable=True),
        sa.Column("tee_id", sa.LargeBinary(), nullable=True),
        sa.Column("input_hash", sa.LargeBinary(), nullable=True),
        sa.Column("output_hash", sa.LargeBinary(), nullable=True),
        sa.Column("claimed_timestamp", sa.String(), nullable=True),
        sa.Column("payer", sa.LargeBinary(), nullable=True),
        sa.Column("payee", sa.LargeBinary(), nullable=True),
        sa.Column("asset", sa.LargeBinary(), nullable=True),
        sa.Column("amount_base_units", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("source_id", "block", "log_index"),
    )
    columns = ["chain_id", "claim", "block", "log_index"]
    op.create_index("recorded_settlement_claim", "recorded_settlement", columns)
