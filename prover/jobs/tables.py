"""The tables of paid requests. They share a database with those of the transaction manager."""

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field, SQLModel

from prover.workers.tables import TABLES as PROOF_TABLES
from veritally.transactions import TABLES as TRANSACTION_TABLES
from veritally.transactions.tables import Bigint, Wei


class JobRow(SQLModel, table=True):
    """A paid request: what was ordered, what came out, and how far it is."""

    __tablename__ = "pv_job"
    id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    payment_key: str = Field(unique=True, max_length=300)
    resource: str = Field(sa_type=Text)
    body: bytes = Field(sa_type=LargeBinary)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    model: str = Field(sa_type=Text)
    model_id: bytes = Field(sa_type=LargeBinary)
    tier: int
    asset: str = Field(max_length=42)
    payer: str = Field(max_length=42)
    payment: str = Field(sa_type=Text)
    """What the payer signed, as JSON."""
    max_amount: int = Field(sa_type=Wei)
    """Base units of the asset."""
    deadline_s: int = Field(sa_type=Bigint)
    streamed: bool
    voucher: str | None = Field(default=None, sa_type=Text)
    """What a payment out of a channel says besides, as JSON."""
    channel_id: bytes | None = Field(default=None, index=True, sa_type=LargeBinary)
    state: str = Field(index=True, max_length=16)
    created_at_s: float
    computed_at_s: float | None = None
    amount: int | None = Field(default=None, sa_type=Wei)
    """Base units of the asset."""
    request_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    response_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    served_at_s: int | None = Field(default=None, sa_type=Bigint)
    response: bytes | None = Field(default=None, sa_type=LargeBinary)
    proof: str | None = Field(default=None, sa_type=Text)
    nonce: int | None = Field(default=None, unique=True, sa_type=Bigint)
    receipt_hash: bytes | None = Field(default=None, unique=True, sa_type=LargeBinary)
    evidence: str | None = Field(default=None, sa_type=Text)
    batch_id: int | None = Field(default=None, index=True, foreign_key="pv_batch.id", sa_type=Bigint)
    """The newest batch that carries it."""
    alone: bool = False
    """To be settled in a transaction of its own: one that it shared failed as a whole."""
    transaction: str = Field(default="", max_length=66)
    settlement: str | None = Field(default=None, sa_type=Text)
    reason_code: str | None = Field(default=None, max_length=100)
    reason_message: str | None = Field(default=None, sa_type=Text)


class ChannelRow(SQLModel, table=True):
    """A payment channel: what was charged to it, and the newest voucher for that."""

    __tablename__ = "pv_channel"
    id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    payer: str = Field(max_length=42)
    config: str = Field(sa_type=Text)
    charged: int = Field(sa_type=Wei)
    """Base units over the channel's life."""
    running_job: bytes | None = Field(default=None, sa_type=LargeBinary)
    """The request that is running on it; the next one waits until its price is known."""
    voucher_cumulative: int | None = Field(default=None, sa_type=Wei)
    voucher_signature: bytes | None = Field(default=None, sa_type=LargeBinary)
    withdraw_requested_at_s: int | None = Field(default=None, sa_type=Bigint)
    """When the payer asked for its money back; unix time by the chain."""


class DepositRow(SQLModel, table=True):
    """Money that a payer signed for a channel, and that is to be brought there."""

    __tablename__ = "pv_deposit"
    id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    channel_id: bytes = Field(index=True, sa_type=LargeBinary)
    amount: int = Field(sa_type=Wei)
    calldata: bytes = Field(sa_type=LargeBinary)
    state: str = Field(index=True, max_length=16)
    intent_key: str | None = Field(default=None, unique=True, max_length=200)


class BatchRow(SQLModel, table=True):
    """Groups that one intent of the transaction manager settles."""

    __tablename__ = "pv_batch"
    id: int | None = Field(default=None, primary_key=True, sa_type=Bigint)
    intent_key: str = Field(unique=True, max_length=200)
    state: str = Field(index=True, max_length=16)
    groups: str = Field(sa_type=Text)
    """Receipt hashes of each group, in their order, as JSON."""
    landed_block_hash: str | None = Field(default=None, max_length=66)
    """The block whose logs were read."""


class CounterRow(SQLModel, table=True):
    """A number that only grows."""

    __tablename__ = "pv_counter"
    name: str = Field(primary_key=True, max_length=50)
    next_value: int = Field(sa_type=Bigint)


class HomeRow(SQLModel, table=True):
    """The chain, the contract and the prover that everything in the database is about."""

    __tablename__ = "pv_home"
    chain_id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs={"autoincrement": False})
    genesis_hash: str = Field(max_length=66)
    """A development chain that was started anew has another first block."""
    settlement: str = Field(max_length=42)
    prover: str = Field(max_length=42)


OWN_TABLES = tuple(
    SQLModel.metadata.tables[row.__tablename__]
    for row in (BatchRow, JobRow, ChannelRow, DepositRow, CounterRow, HomeRow)
)
TABLES = (*TRANSACTION_TABLES, *OWN_TABLES, *PROOF_TABLES)
"""Everything that the prover's database holds."""
