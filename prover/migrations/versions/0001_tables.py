"""The first tables: those of the transaction manager, then those of paid requests."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WEI = sa.String(78)
_HASH = sa.String(66)
_ADDRESS = sa.String(42)


def upgrade() -> None:
    """Makes all tables."""
    _transactions()
    _jobs()
    _channels()


def _transactions() -> None:
    op.create_table(
        "tx_account",
        _column("chain_id", _BIGINT, autoincrement=False),
        _column("sender", _ADDRESS),
        _column("first_nonce", _BIGINT),
        _column("next_nonce", _BIGINT),
        _optional("holder", sa.String()),
        _column("token", _BIGINT),
        _column("lease_until_s", sa.Float()),
        _optional("final_number", _BIGINT),
        _optional("final_hash", _HASH),
        _optional("paused", sa.String()),
        sa.PrimaryKeyConstraint("chain_id", "sender"),
    )
    op.create_table(
        "tx_intent",
        _column("id", _BIGINT),
        _column("chain_id", _BIGINT),
        _column("sender", _ADDRESS),
        _optional("key", sa.String(200)),
        _column("nonce", _BIGINT),
        _column("to", _ADDRESS),
        _column("data", sa.LargeBinary()),
        _column("value_wei", _WEI),
        _column("gas_limit", _BIGINT),
        _column("state", sa.String(16), index=True),
        _column("cancelled", sa.Boolean()),
        _column("created_at_s", sa.Float()),
        _optional("problem", sa.Text()),
        _optional("displaced_by", _HASH),
        _optional("landed_hash", _HASH),
        _optional("landed_number", _BIGINT),
        _optional("landed_block_hash", _HASH),
        _optional("landed_succeeded", sa.Boolean()),
        _optional("landed_is_call", sa.Boolean()),
        _optional("landed_gas_used", _BIGINT),
        _optional("landed_gas_price_wei", _WEI),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chain_id", "sender", "nonce"),
        sa.UniqueConstraint("chain_id", "sender", "key"),
    )
    op.create_table(
        "tx_attempt",
        _column("id", _BIGINT),
        _column("intent_id", _BIGINT, sa.ForeignKey("tx_intent.id"), index=True),
        _column("nonce", _BIGINT),
        _column("hash", _HASH, unique=True),
        _column("raw", sa.LargeBinary()),
        _column("max_fee_wei", _WEI),
        _column("tip_wei", _WEI),
        _column("gas_limit", _BIGINT),
        _column("is_call", sa.Boolean()),
        _column("signed_at_block", _BIGINT),
        sa.PrimaryKeyConstraint("id"),
    )


def _jobs() -> None:
    op.create_table(
        "pv_batch",
        _column("id", _BIGINT),
        _column("intent_key", sa.String(200), unique=True),
        _column("state", sa.String(16), index=True),
        _column("groups", sa.Text()),
        _optional("landed_block_hash", _HASH),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pv_job",
        _column("id", sa.LargeBinary()),
        _column("payment_key", sa.String(300), unique=True),
        _column("resource", sa.Text()),
        _column("body", sa.LargeBinary()),
        _column("fingerprint", sa.LargeBinary()),
        _column("model", sa.Text()),
        _column("model_id", sa.LargeBinary()),
        _column("tier", sa.Integer()),
        _column("asset", _ADDRESS),
        _column("payer", _ADDRESS),
        _column("payment", sa.Text()),
        _column("max_amount", _WEI),
        _column("deadline_s", _BIGINT),
        _column("streamed", sa.Boolean()),
        _optional("voucher", sa.Text()),
        _optional("channel_id", sa.LargeBinary(), index=True),
        _column("state", sa.String(16), index=True),
        _column("created_at_s", sa.Float()),
        _optional("computed_at_s", sa.Float()),
        _optional("amount", _WEI),
        _optional("request_hash", sa.LargeBinary()),
        _optional("response_hash", sa.LargeBinary()),
        _optional("served_at_s", _BIGINT),
        _optional("response", sa.LargeBinary()),
        _optional("proof", sa.Text()),
        _optional("nonce", _BIGINT, unique=True),
        _optional("receipt_hash", sa.LargeBinary(), unique=True),
        _optional("evidence", sa.Text()),
        _optional("batch_id", _BIGINT, sa.ForeignKey("pv_batch.id"), index=True),
        _column("alone", sa.Boolean()),
        _column("transaction", _HASH),
        _optional("settlement", sa.Text()),
        _optional("reason_code", sa.String(100)),
        _optional("reason_message", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )


def _channels() -> None:
    op.create_table(
        "pv_channel",
        _column("id", sa.LargeBinary()),
        _column("payer", _ADDRESS),
        _column("config", sa.Text()),
        _column("charged", _WEI),
        _optional("running_job", sa.LargeBinary()),
        _optional("voucher_cumulative", _WEI),
        _optional("voucher_signature", sa.LargeBinary()),
        _optional("withdraw_requested_at_s", _BIGINT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pv_deposit",
        _column("id", sa.LargeBinary()),
        _column("channel_id", sa.LargeBinary(), index=True),
        _column("amount", _WEI),
        _column("calldata", sa.LargeBinary()),
        _column("state", sa.String(16), index=True),
        _optional("intent_key", sa.String(200), unique=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pv_counter",
        _column("name", sa.String(50)),
        _column("next_value", _BIGINT),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "pv_home",
        _column("chain_id", _BIGINT, autoincrement=False),
        _column("genesis_hash", _HASH),
        _column("settlement", _ADDRESS),
        _column("prover", _ADDRESS),
        sa.PrimaryKeyConstraint("chain_id"),
    )


def _column(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)
