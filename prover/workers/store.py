"""The rows of proof jobs: what they may become, and who may say so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import CursorResult, Executable, delete, update
from sqlmodel import Session, col, select

from prover.workers.tables import ProofJobRow
from veritally.transactions import Database

_KEPT_S = 3600.0
"""Seconds for which a job stays after its deadline."""


class ProofJobState(StrEnum):
    """How far a proof job is."""

    OPEN = "open"
    """To be given to the engine."""
    RUNNING = "running"
    """The engine has it."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class ProofOrder:
    """A proof that is wanted."""

    job_id: bytes
    """32 bytes; the same id with the same inputs is the same proof."""
    circuit: str
    """Content hash of the circuit's files, in hex."""
    model: str
    inputs: Sequence[Sequence[float]]
    """Values of each inference."""
    deadline_s: int
    """Unix time after which nobody wants it."""
    memory_bytes: int
    cores: int = 1

    @property
    def encoded_inputs(self) -> bytes:
        """The inputs as they are stored."""
        return json.dumps([list(row) for row in self.inputs]).encode()


@dataclass(frozen=True)
class StoredProof:
    """A proof job as it is stored."""

    order: ProofOrder
    state: ProofJobState
    token: int
    attempts: int
    result: bytes | None
    problem: str | None


class ProofStore:
    """Proof jobs in a database. Every change of a running job names its token."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, order: ProofOrder, now_s: float) -> StoredProof:
        """Stores a job, or finds it. One that failed, or was for other inputs, begins anew.

        Raises:
            DatabaseError: the database refuses it.
        """
        with self._database.transaction() as session:
            row = session.get(ProofJobRow, order.job_id.hex())
            if row is None or not _is_same(row, order) or row.state == ProofJobState.FAILED:
                row = _renew(session, row, order, now_s)
            return _stored(row)

    def find(self, job_id: bytes) -> StoredProof | None:
        """The job with this id."""
        with self._database.reading() as session:
            row = session.get(ProofJobRow, job_id.hex())
            return _stored(row) if row is not None else None

    def claim(self, job_id: bytes) -> StoredProof | None:
        """Begins an attempt: from now on only its token counts. None when there is nothing to do."""
        with self._database.transaction() as session:
            row = session.get(ProofJobRow, job_id.hex())
            if row is None or row.state not in (ProofJobState.OPEN, ProofJobState.RUNNING):
                return None
            row.state, row.token, row.attempts = ProofJobState.RUNNING, row.token + 1, row.attempts + 1
            return _stored(row)

    def finish(self, job_id: bytes, token: int, result: bytes) -> bool:
        """Stores the proof of an attempt; False when another attempt has the job, or it is over."""
        return self._end(job_id, token, ProofJobState.DONE, result=result, problem=None)

    def fail(self, job_id: bytes, token: int, problem: str) -> bool:
        """Gives a job up; False as for `finish`."""
        return self._end(job_id, token, ProofJobState.FAILED, problem=problem)

    def reopen(self, job_id: bytes, token: int, problem: str) -> bool:
        """Lets a job be tried again; False as for `finish`."""
        return self._end(job_id, token, ProofJobState.OPEN, problem=problem)

    def left(self) -> list[StoredProof]:
        """The jobs that are not over, those that are wanted first in front."""
        unfinished = (ProofJobState.OPEN, ProofJobState.RUNNING)
        wanted = select(ProofJobRow).where(col(ProofJobRow.state).in_(unfinished))
        order = (col(ProofJobRow.deadline_s), col(ProofJobRow.opened_at_s))
        with self._database.reading() as session:
            return [_stored(row) for row in session.exec(wanted.order_by(*order))]

    def prune(self, now_s: float) -> int:
        """Removes the jobs whose deadline is long past; returns how many there were."""
        past = delete(ProofJobRow).where(col(ProofJobRow.deadline_s) < now_s - _KEPT_S)
        with self._database.transaction() as session:
            return _count(session, past)

    def _end(self, job_id: bytes, token: int, state: ProofJobState, **changes: object) -> bool:
        mine = (
            col(ProofJobRow.id) == job_id.hex(),
            col(ProofJobRow.token) == token,
            col(ProofJobRow.state) == ProofJobState.RUNNING,
        )
        with self._database.transaction() as session:
            return _count(session, update(ProofJobRow).where(*mine).values(state=state, **changes)) == 1


def _count(session: Session, statement: Executable) -> int:
    """Rows that a statement changed."""
    result = session.connection().execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount


def _is_same(row: ProofJobRow, order: ProofOrder) -> bool:
    return row.circuit == order.circuit and row.inputs == order.encoded_inputs


def _renew(session: Session, row: ProofJobRow | None, order: ProofOrder, now_s: float) -> ProofJobRow:
    """A row that begins anew; its token goes on."""
    token = row.token if row is not None else 0
    fresh = ProofJobRow(
        id=order.job_id.hex(),
        circuit=order.circuit,
        model=order.model,
        inputs=order.encoded_inputs,
        state=ProofJobState.OPEN,
        token=token,
        deadline_s=order.deadline_s,
        memory_bytes=order.memory_bytes,
        cores=order.cores,
        opened_at_s=now_s,
    )
    return session.merge(fresh)


def _stored(row: ProofJobRow) -> StoredProof:
    order = ProofOrder(
        job_id=bytes.fromhex(row.id),
        circuit=row.circuit,
        model=row.model,
        inputs=json.loads(row.inputs),
        deadline_s=row.deadline_s,
        memory_bytes=row.memory_bytes,
        cores=row.cores,
    )
    return StoredProof(order, ProofJobState(row.state), row.token, row.attempts, row.result, row.problem)
