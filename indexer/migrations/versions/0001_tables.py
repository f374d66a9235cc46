"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AMOUNT = ("amount_e20", "amount_e10", "amount_e0")


def upgrade() -> None:
    """Makes all tables."""
    op.create_table(
        "deployment",
        _column("id", sa.SmallInteger(), autoincrement=False),
        _column("chain_id", _BIGINT),
        _column("settlement", sa.LargeBinary()),
        _column("next_block", _BIGINT),
        _column("next_seq", _BIGINT),
        _column("last_block_hash", sa.LargeBinary(), nullable=True),
        _column("last_block_timestamp_s", _BIGINT, nullable=True),
        _column("final_block", _BIGINT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chain_id", "settlement"),
    )
    _dictionary("address")
    _dictionary("model")
    op.create_table(
        "asset",
        _column("deployment_id", sa.SmallInteger(), autoincrement=False),
        _column("address_id", sa.Integer(), autoincrement=False),
        _column("decimals", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("deployment_id", "address_id"),
    )
    op.create_table(
        "block",
        _column("id", _BIGINT, autoincrement=False),
        _column("hash", sa.LargeBinary()),
        _column("timestamp_s", _BIGINT),
        _column("events", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
    )
    _events()
    _rollup("rollup")
    _rollup("rollup_hour", before=("hour",))
    _rollup("rollup_day_model", before=("day",), after=("model_id",))
    _rollup("rollup_day_payer", before=("day",), after=("payer_id",))


def _events() -> None:
    _event(
        "inference",
        *_columns(_BIGINT, "seq", *_AMOUNT, "served_at_s"),
        *_columns(sa.Integer(), "payer_id", "prover_id", "model_id", "asset_id"),
        *_columns(sa.SmallInteger(), "tier", "floor", "scheme"),
        *_columns(sa.Boolean(), "development", "unbound"),
        *_columns(sa.LargeBinary(), "receipt_hash", "request_hash", "response_hash", "transaction_hash"),
    )
    _event(
        "group_settled",
        *_columns(sa.LargeBinary(), "transaction_hash", "root"),
        *_columns(sa.Integer(), "prover_id", "model_id"),
        _column("route", sa.LargeBinary()),
        _column("key", sa.LargeBinary(), nullable=True),
        _column("tier", sa.SmallInteger()),
        *_columns(_BIGINT, "settled", "skipped"),
        *_columns(sa.Boolean(), "development", "unbound"),
    )
    _event(
        "group_skipped",
        _column("transaction_hash", sa.LargeBinary()),
        *_columns(sa.Integer(), "prover_id", "model_id"),
        _column("route", sa.LargeBinary()),
        _column("group_index", sa.Integer()),
        _column("reason_name", sa.String(), nullable=True),
        _column("reason", sa.LargeBinary()),
    )
    _event(
        "receipt_skipped",
        *_columns(sa.LargeBinary(), "transaction_hash", "receipt_hash"),
        *_columns(sa.Integer(), "payer_id", "prover_id"),
        _column("reason_name", sa.String(), nullable=True),
        _column("reason", sa.LargeBinary()),
    )
    _event(
        "channel_refunded",
        _column("transaction_hash", sa.LargeBinary()),
        *_columns(sa.Integer(), "payer_id", "prover_id", "asset_id"),
        *_columns(_BIGINT, *_AMOUNT),
    )
    _event(
        "registry_event",
        _column("transaction_hash", sa.LargeBinary()),
        *_columns(sa.String(), "contract", "event"),
        _column("subject", sa.LargeBinary()),
        _column("arguments", sa.String()),
    )
    op.create_index("ix_registry_event_subject", "registry_event", ["subject"])


def _dictionary(name: str) -> None:
    op.create_table(
        name,
        _column("id", sa.Integer()),
        _column("value", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("value"),
    )


def _event(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name, _column("id", _BIGINT, autoincrement=False), *columns, sa.PrimaryKeyConstraint("id")
    )


def _rollup(name: str, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> None:
    keys = [
        _column("deployment_id", sa.SmallInteger(), autoincrement=False),
        *_columns(sa.Integer(), *before),
        _column("tier", sa.SmallInteger()),
        *_columns(sa.Integer(), *after, "asset_id"),
        *_columns(sa.Boolean(), "development", "unbound"),
    ]
    op.create_table(
        name,
        *keys,
        *_columns(_BIGINT, "inferences", *_AMOUNT),
        sa.PrimaryKeyConstraint(*(key.name for key in keys)),
        sqlite_with_rowid=False,
    )


def _columns(type_: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [_column(name, type_) for name in names]


def _column(
    name: str, type_: sa.types.TypeEngine[Any], *, nullable: bool = False, autoincrement: bool | str = "auto"
) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=nullable, autoincrement=autoincrement)  # type: ignore[arg-type]
