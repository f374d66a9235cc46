"""The table of proof jobs. It may share a database with others."""

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field, SQLModel

from veritally.transactions.tables import Bigint


class ProofJobRow(SQLModel, table=True):
    """A proof that somebody waits for, and what became of it."""

    __tablename__ = "proof_job"
    id: str = Field(primary_key=True, max_length=64)
    """Hex of the caller's 32 bytes."""
    circuit: str = Field(max_length=64)
    """Hex content hash of the circuit's files."""
    model: str = Field(max_length=64)
    """Its name, for people."""
    inputs: bytes = Field(sa_type=LargeBinary)
    """JSON list of the input values of each inference."""
    state: str = Field(index=True, max_length=8)
    token: int = Field(default=0, sa_type=Bigint)
    """Grows with each attempt: what an earlier one gives is refused."""
    attempts: int = 0
    """Attempts that began since the job was opened."""
    deadline_s: int = Field(sa_type=Bigint)
    """Unix time after which nobody wants the proof."""
    memory_bytes: int = Field(sa_type=Bigint)
    """That the proof is expected to need."""
    cores: int = 1
    opened_at_s: float
    result: bytes | None = Field(default=None, sa_type=LargeBinary)
    """JSON: the proof and its instances."""
    problem: str | None = Field(default=None, sa_type=Text)
    """Why the last attempt failed."""


TABLES = (SQLModel.metadata.tables["proof_job"],)
"""What to create, or to hand to a migration."""
