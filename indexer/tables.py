"""The tables. Their columns are described in docs/indexer.md.

Addresses and model ids are written once, in `address` and `model`, and rows hold small numbers. There are no
foreign keys: rows and what they point at are written in one transaction, and only roll-ups and the cursor are
ever updated.
"""

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Numeric, String
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

_CHOSEN_BY_US = {"autoincrement": False}


class ExactInteger(TypeDecorator[int]):
    """A non-negative integer of any size, never a float: NUMERIC on Postgres, zero-padded text on SQLite.

    Padding makes the text sort like the number. Sums over it are made in Python.
    """

    impl = String
    cache_ok = True
    digits = 0

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC where it is exact."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(self.digits, 0))
        return dialect.type_descriptor(String(self.digits))

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        """What the driver gets.

        Raises:
            ValueError: the value is negative or has too many digits.
        """
        if value is None:
            return None
        if not 0 <= value < 10**self.digits:
            raise ValueError(f"{value} has no place in {self.digits} digits")
        return value if dialect.name == "postgresql" else f"{value:0{self.digits}d}"

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ARG002
        """The integer."""
        return None if value is None else int(value)


class Uint64(ExactInteger):
    """uint64: too big for a signed 64-bit column."""

    cache_ok = True
    digits = 20


class Uint96(ExactInteger):
    """uint96: the amount of one inference."""

    cache_ok = True
    digits = 29


class Uint128(ExactInteger):
    """uint128: what a payment channel holds."""

    cache_ok = True
    digits = 39


class Uint256(ExactInteger):
    """uint256: a sum of amounts."""

    cache_ok = True
    digits = 78


class Bigint(TypeDecorator[int]):
    """64 bits, in the form that makes SQLite's row id of a primary key."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """INTEGER in SQLite has 64 bits."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


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
    address_id: int = Field(primary_key=True, sa_column_kwargs=_CHOSEN_BY_US)
    decimals: int | None


class BlockRow(SQLModel, table=True):
    """A block with at least one event."""

    __tablename__ = "block"
    number: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    hash: bytes
    timestamp_s: int = Field(sa_type=Bigint)


class InferenceRow(SQLModel, table=True):
    """A settled inference."""

    __tablename__ = "inference"
    id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    transaction_hash: bytes
    seq: int = Field(sa_type=Bigint)
    receipt_hash: bytes
    payer_id: int | None
    prover_id: int
    model_id: int
    asset_id: int
    tier: int
    floor: int
    scheme: int
    development: bool
    unbound: bool
    amount_base_units: int = Field(sa_type=Uint96)
    served_at_s: int = Field(sa_type=Uint64)
    request_hash: bytes
    response_hash: bytes


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
    tier: int
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
    payer_id: int | None
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
    amount_base_units: int = Field(sa_type=Uint128)


class RollupRow(SQLModel, table=True):
    """Sums over `inference` per tier, asset and labels of the evidence."""

    __tablename__ = "rollup"
    tier: int = Field(primary_key=True)
    asset_id: int = Field(primary_key=True)
    development: bool = Field(primary_key=True)
    unbound: bool = Field(primary_key=True)
    inferences: int = Field(sa_type=Bigint)
    amount_base_units: int = Field(sa_type=Uint256)


class CursorRow(SQLModel, table=True):
    """How far this database has come; one row."""

    __tablename__ = "cursor"
    id: int = Field(primary_key=True, sa_column_kwargs=_CHOSEN_BY_US)
    chain_id: int = Field(sa_type=Bigint)
    settlement: bytes
    next_block: int = Field(sa_type=Bigint)
    next_seq: int = Field(sa_type=Bigint)
    last_block_hash: bytes | None
    last_block_timestamp_s: int | None = Field(sa_type=Bigint)
