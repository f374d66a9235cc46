"""The tables. They may share a database with others: all names begin with `tx_`."""

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel


class Bigint(TypeDecorator[int]):
    """64 bits, in the form that makes SQLite's row id of a primary key."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """INTEGER in SQLite has 64 bits."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


class Wei(TypeDecorator[int]):
    """An amount of any size as decimal text: exact everywhere, never summed in SQL."""

    impl = String(78)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """What the driver gets."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ARG002
        """The integer."""
        return None if value is None else int(value)


class AccountRow(SQLModel, table=True):
    """A key on a chain: its next nonce, and which process owns it."""

    __tablename__ = "tx_account"
    chain_id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs={"autoincrement": False})
    sender: str = Field(primary_key=True, max_length=42)
    first_nonce: int = Field(sa_type=Bigint)
    """Nonces below are none of ours."""
    next_nonce: int = Field(sa_type=Bigint)
    holder: str | None = None
    token: int = Field(default=0, sa_type=Bigint)
    """Grows with each new owner: what an earlier one writes is refused."""
    lease_until_s: float = 0.0
    """Unix time by the database's clock."""
    final_number: int | None = Field(default=None, sa_type=Bigint)
    final_hash: str | None = Field(default=None, max_length=66)
    """The highest block that made an intent final."""
    paused: str | None = None
    """Why nothing new is signed."""


class IntentRow(SQLModel, table=True):
    """An intent and the nonce that belongs to it."""

    __tablename__ = "tx_intent"
    __table_args__ = (
        UniqueConstraint("chain_id", "sender", "nonce"),
        UniqueConstraint("chain_id", "sender", "key"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Bigint)
    chain_id: int = Field(sa_type=Bigint)
    sender: str = Field(max_length=42)
    key: str | None = Field(default=None, max_length=200)
    """The caller's; NULL for what only fills a gap."""
    nonce: int = Field(sa_type=Bigint)
    to: str = Field(max_length=42)
    data: bytes = Field(sa_type=LargeBinary)
    value_wei: int = Field(sa_type=Wei)
    gas_limit: int = Field(sa_type=Bigint)
    state: str = Field(index=True, max_length=16)
    cancelled: bool = False
    created_at_s: float
    problem: str | None = Field(default=None, sa_type=Text)
    displaced_by: str | None = Field(default=None, max_length=66)
    """The foreign transaction that used an earlier nonce of this intent, or its last one."""
    landed_hash: str | None = Field(default=None, max_length=66)
    landed_number: int | None = Field(default=None, sa_type=Bigint)
    landed_block_hash: str | None = Field(default=None, max_length=66)
    landed_succeeded: bool | None = None
    landed_is_call: bool | None = None
    landed_gas_used: int | None = Field(default=None, sa_type=Bigint)
    landed_gas_price_wei: int | None = Field(default=None, sa_type=Wei)


class AttemptRow(SQLModel, table=True):
    """Signed bytes. Never changed and never deleted: any of them may land."""

    __tablename__ = "tx_attempt"
    id: int | None = Field(default=None, primary_key=True, sa_type=Bigint)
    intent_id: int = Field(foreign_key="tx_intent.id", index=True, sa_type=Bigint)
    nonce: int = Field(sa_type=Bigint)
    hash: str = Field(unique=True, max_length=66)
    raw: bytes = Field(sa_type=LargeBinary)
    max_fee_wei: int = Field(sa_type=Wei)
    """Per unit of gas."""
    tip_wei: int = Field(sa_type=Wei)
    """Per unit of gas."""
    gas_limit: int = Field(sa_type=Bigint)
    is_call: bool
    """False: a transfer of nothing to the sender itself, which only uses the nonce."""
    signed_at_block: int = Field(sa_type=Bigint)


TABLES = tuple(SQLModel.metadata.tables[row.__tablename__] for row in (AccountRow, IntentRow, AttemptRow))
"""What to create, or to hand to a migration."""
