"""The tables. Their columns are described in docs/indexer.md.

Rows of events have one key: their place in the chain, with the number of the deployment above it. Addresses
and model ids are written once, in `address` and `model`, and rows hold small numbers. There are no foreign
keys: rows and what they point at are written in one transaction.
"""

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, SmallInteger, UniqueConstraint
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from indexer.wire import BLOCK_BITS, LOG_INDEX_BITS

DEPLOYMENT_SHIFT = BLOCK_BITS + LOG_INDEX_BITS
"""The bits of a row's key above this one hold the number of its deployment."""
MOST_DEPLOYMENTS = 1 << 63 - DEPLOYMENT_SHIFT
"""That fit into one database."""

_CHOSEN_BY_US = {"autoincrement": False}


class Bigint(TypeDecorator[int]):
    """64 bits, in the form that makes SQLite's row id of a primary key."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """INTEGER in SQLite has 64 bits."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


class Uint64(Bigint):
    """uint64: values from 2^63 on, which no clock shows, are negative in the database."""

    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """The same bits, signed."""
        return value if value is None or value < 1 << 63 else value - (1 << 64)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """The same bits, unsigned."""
        return None if value is None else value % (1 << 64)


class DeploymentRow(SQLModel, table=True):
    """A deployment, and how far this database has come with it."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("chain_id", "settlement"),)
    id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    chain_id: int = Field(sa_type=Bigint)
    settlement: bytes
    next_block: int = Field(sa_type=Bigint)
    next_seq: int = Field(sa_type=Bigint)
    last_block_hash: bytes | None
    last_block_timestamp_s: int | None = Field(sa_type=Bigint)
    final_block: int | None = Field(sa_type=Bigint)


class PayAddressOriginRow(SQLModel, table=True):
    """What the pay addresses of a deployment are derived from: their factory, and the code behind them."""

    __tablename__ = "pay_address_origin"
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    factory: bytes
    implementation: bytes


class AddressRow(SQLModel, table=True):
    """An address that occurs."""

    __tablename__ = "address"
    id: int | None = Field(default=None, primary_key=True)
    value: bytes = Field(unique=True)


class ModelRow(SQLModel, table=True):
    """A model id that occurs."""

    __tablename__ = "model"
    id: int | None = Field(default=None, primary_key=True)
    value: bytes = Field(unique=True)


class AssetRow(SQLModel, table=True):
    """A token that occurs, and its `decimals()`; NULL when it does not answer."""

    __tablename__ = "asset"
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    address_id: int = Field(primary_key=True, sa_column_kwargs=_CHOSEN_BY_US)
    decimals: int | None = Field(sa_type=SmallInteger)


class BlockRow(SQLModel, table=True):
    """A block with at least one event, or one that is not below the final block."""

    __tablename__ = "block"
    id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    hash: bytes
    timestamp_s: int = Field(sa_type=Bigint)
    events: int


class InferenceRow(SQLModel, table=True):
    """A settled inference."""

    __tablename__ = "inference"
    id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    seq: int = Field(sa_type=Bigint)
    amount_e20: int = Field(sa_type=Bigint)
    amount_e10: int = Field(sa_type=Bigint)
    amount_e0: int = Field(sa_type=Bigint)
    served_at_s: int = Field(sa_type=Uint64)
    payer_id: int
    prover_id: int
    model_id: int
    asset_id: int
    tier: int = Field(sa_type=SmallInteger)
    floor: int = Field(sa_type=SmallInteger)
    scheme: int = Field(sa_type=SmallInteger)
    development: bool
    unbound: bool
    receipt_hash: bytes
    request_hash: bytes
    response_hash: bytes
    transaction_hash: bytes


class GroupSettledRow(SQLModel, table=True):
    """A group that settled at least one receipt."""

    __tablename__ = "group_settled"
    id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    transaction_hash: bytes
    root: bytes
    prover_id: int
    model_id: int
    route: bytes
    key: bytes | None
    tier: int = Field(sa_type=SmallInteger)
    settled: int = Field(sa_type=Bigint)
    skipped: int = Field(sa_type=Bigint)
    development: bool
    unbound: bool


class GroupSkippedRow(SQLModel, table=True):
    """A group that was left untouched as a whole."""

    __tablename__ = "group_skipped"
    id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    transaction_hash: bytes
    prover_id: int
    model_id: int
    route: bytes
    group_index: int
    reason_name: str | None
    reason: bytes


class ReceiptSkippedRow(SQLModel, table=True):
    """A receipt that was left untouched."""

    __tablename__ = "receipt_skipped"
    id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    transaction_hash: bytes
    receipt_hash: bytes
    payer_id: int
    prover_id: int
    reason_name: str | None
    reason: bytes


class ChannelRefundedRow(SQLModel, table=True):
    """What a payment channel held and its payer got back."""

    __tablename__ = "channel_refunded"
    id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    transaction_hash: bytes
    payer_id: int
    prover_id: int
    asset_id: int
    amount_e20: int = Field(sa_type=Bigint)
    amount_e10: int = Field(sa_type=Bigint)
    amount_e0: int = Field(sa_type=Bigint)


class RegistryEventRow(SQLModel, table=True):
    """A change of routes, models or enclaves."""

    __tablename__ = "registry_event"
    id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    transaction_hash: bytes
    contract: str
    event: str
    subject: bytes = Field(index=True)
    arguments: str


class IncidentRow(SQLModel, table=True):
    """Something that could not be trusted, and whether it was put right."""

    __tablename__ = "incident"
    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(sa_type=SmallInteger)
    first_block: int = Field(sa_type=Bigint)
    last_block: int = Field(sa_type=Bigint)
    kind: str
    detail: str
    endpoint: str
    noticed_at_s: int = Field(sa_type=Bigint)
    resolved: bool


class VerificationRow(SQLModel, table=True):
    """What the last `verify` of a deployment found."""

    __tablename__ = "verification"
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    block: int = Field(sa_type=Bigint)
    digest: bytes
    chain_digest: bytes
    events: int = Field(sa_type=Bigint)
    problems: str
    verified_at_s: int = Field(sa_type=Bigint)


class AuditRow(SQLModel, table=True):
    """The last block of a deployment that a second endpoint has confirmed, with all before it."""

    __tablename__ = "audit"
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    block: int = Field(sa_type=Bigint)


EVENT_TABLES: tuple[type[SQLModel], ...] = (
    InferenceRow,
    GroupSettledRow,
    GroupSkippedRow,
    ReceiptSkippedRow,
    ChannelRefundedRow,
    RegistryEventRow,
)
"""One row for each event; `id` is the place in the chain."""
