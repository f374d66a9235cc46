"""The tables of foreign history. docs/recorded.md describes their columns.

Nothing here is referred to by the tables of verified events, and nothing there by these: no sum over one kind
can reach the other.
"""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from indexer.tables import Bigint

_CHOSEN_BY_US = {"autoincrement": False}


class RecordedSourceRow(SQLModel, table=True):
    """What is followed on a foreign contract, and how far it was read."""

    __tablename__ = "recorded_source"
    __table_args__ = (UniqueConstraint("chain_id", "kind", "contract", "payee"),)
    id: int | None = Field(default=None, primary_key=True)
    chain_id: int = Field(sa_type=Bigint)
    kind: str
    contract: bytes
    payee: bytes
    first_block: int = Field(sa_type=Bigint)
    next_block: int = Field(sa_type=Bigint)
    last_block_hash: bytes | None
    last_block_timestamp_s: int | None = Field(sa_type=Bigint)
    final_block: int | None = Field(sa_type=Bigint)
    other_logs: int = Field(sa_type=Bigint)


class RecordedSettlementRow(SQLModel, table=True):
    """What one foreign event claims. Nobody has verified it."""

    __tablename__ = "recorded_settlement"
    __table_args__ = (Index("recorded_settlement_claim", "chain_id", "claim", "block", "log_index"),)
    source_id: int = Field(primary_key=True, sa_column_kwargs=_CHOSEN_BY_US)
    block: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    log_index: int = Field(primary_key=True, sa_column_kwargs=_CHOSEN_BY_US)
    chain_id: int = Field(sa_type=Bigint)
    block_timestamp_s: int = Field(sa_type=Bigint)
    transaction_hash: bytes
    form: str
    claim: bytes | None
    repeated: bool
    root: bytes | None
    claimed_batch_size: str | None
    tee_id: bytes | None
    input_hash: bytes | None
    output_hash: bytes | None
    claimed_timestamp: str | None
    payer: bytes | None
    payee: bytes | None
    asset: bytes | None
    amount_base_units: str | None


class TokenTransferRow(SQLModel, table=True):
    """A transfer from an address of a prover to somebody who pays provers."""

    __tablename__ = "token_transfer"
    chain_id: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    block: int = Field(primary_key=True, sa_type=Bigint, sa_column_kwargs=_CHOSEN_BY_US)
    log_index: int = Field(primary_key=True, sa_column_kwargs=_CHOSEN_BY_US)
    block_timestamp_s: int = Field(sa_type=Bigint)
    transaction_hash: bytes
    asset: bytes
    sender: bytes
    recipient: bytes
    amount_e20: int = Field(sa_type=Bigint)
    amount_e10: int = Field(sa_type=Bigint)
    amount_e0: int = Field(sa_type=Bigint)
