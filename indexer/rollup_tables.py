"""The tables of the roll-ups: sums over `inference`, kept in the transaction that writes its rows.

A cell is deleted when its last inference is.
"""

from sqlalchemy import SmallInteger
from sqlmodel import Field, SQLModel

from indexer.tables import Bigint

_CHOSEN_BY_US = {"autoincrement": False}
_WITHOUT_ROWID = {"sqlite_with_rowid": False}


class RollupRow(SQLModel, table=True):
    """Sums over `inference` per tier, asset and labels of the evidence."""

    __tablename__ = "rollup"
    __table_args__ = _WITHOUT_ROWID
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    tier: int = Field(primary_key=True, sa_type=SmallInteger)
    asset_id: int = Field(primary_key=True)
    development: bool = Field(primary_key=True)
    unbound: bool = Field(primary_key=True)
    inferences: int = Field(sa_type=Bigint)
    amount_e20: int = Field(sa_type=Bigint)
    amount_e10: int = Field(sa_type=Bigint)
    amount_e0: int = Field(sa_type=Bigint)


class HourRollupRow(SQLModel, table=True):
    """The same per hour: block time in seconds / 3600."""

    __tablename__ = "rollup_hour"
    __table_args__ = _WITHOUT_ROWID
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    hour: int = Field(primary_key=True)
    tier: int = Field(primary_key=True, sa_type=SmallInteger)
    asset_id: int = Field(primary_key=True)
    development: bool = Field(primary_key=True)
    unbound: bool = Field(primary_key=True)
    inferences: int = Field(sa_type=Bigint)
    amount_e20: int = Field(sa_type=Bigint)
    amount_e10: int = Field(sa_type=Bigint)
    amount_e0: int = Field(sa_type=Bigint)


class DayModelRollupRow(SQLModel, table=True):
    """The same per day and model."""

    __tablename__ = "rollup_day_model"
    __table_args__ = _WITHOUT_ROWID
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    day: int = Field(primary_key=True)
    tier: int = Field(primary_key=True, sa_type=SmallInteger)
    model_id: int = Field(primary_key=True)
    asset_id: int = Field(primary_key=True)
    development: bool = Field(primary_key=True)
    unbound: bool = Field(primary_key=True)
    inferences: int = Field(sa_type=Bigint)
    amount_e20: int = Field(sa_type=Bigint)
    amount_e10: int = Field(sa_type=Bigint)
    amount_e0: int = Field(sa_type=Bigint)


class DayPayerRollupRow(SQLModel, table=True):
    """The same per day and payer; `payer_id` is 0 where nobody paid."""

    __tablename__ = "rollup_day_payer"
    __table_args__ = _WITHOUT_ROWID
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    day: int = Field(primary_key=True)
    tier: int = Field(primary_key=True, sa_type=SmallInteger)
    payer_id: int = Field(primary_key=True)
    asset_id: int = Field(primary_key=True)
    development: bool = Field(primary_key=True)
    unbound: bool = Field(primary_key=True)
    inferences: int = Field(sa_type=Bigint)
    amount_e20: int = Field(sa_type=Bigint)
    amount_e10: int = Field(sa_type=Bigint)
    amount_e0: int = Field(sa_type=Bigint)


class DayProverRollupRow(SQLModel, table=True):
    """The same per day and prover."""

    __tablename__ = "rollup_day_prover"
    __table_args__ = _WITHOUT_ROWID
    deployment_id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs=_CHOSEN_BY_US)
    day: int = Field(primary_key=True)
    tier: int = Field(primary_key=True, sa_type=SmallInteger)
    prover_id: int = Field(primary_key=True)
    asset_id: int = Field(primary_key=True)
    development: bool = Field(primary_key=True)
    unbound: bool = Field(primary_key=True)
    inferences: int = Field(sa_type=Bigint)
    amount_e20: int = Field(sa_type=Bigint)
    amount_e10: int = Field(sa_type=Bigint)
    amount_e0: int = Field(sa_type=Bigint)
