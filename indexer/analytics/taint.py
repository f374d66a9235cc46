"""Settled inferences that were called doubtful later: read anew from registry events, never written down.

A group is doubtful when its enclave key is called compromised since a time at or before its block, whenever
that was said, or when somebody showed that its model's circuits contradict each other on its route.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal_column, text
from sqlmodel import Session, col, select

from indexer.analytics import weeks
from indexer.analytics.cube import Cube, sql
from indexer.cursor import Cursor
from indexer.tables import BlockRow, DeploymentRow, RegistryEventRow
from indexer.wire import LOG_INDEX_BITS

COMPROMISED, CONTRADICTED = "EnclaveCompromised", "ContradictionShown"

_AT_ONCE = 500
_COLUMNS = (
    "wk",
    "payer",
    "prover",
    "model",
    "asset",
    "required",
    "achieved",
    "counted",
    "cause",
    "subject",
    "n",
)


@dataclass(frozen=True)
class Doubt:
    """An event that calls settled results doubtful."""

    cause: str
    subject: bytes
    """The key, or the route of a contradiction."""
    model: bytes | None
    """Of a contradiction."""
    since_s: int
    """Unix time in seconds; blocks from this one on are meant. 0 for all."""
    declared_s: int
    """Unix time in seconds of the event's block."""


def load_taint(session: Session, cube: Cube, deployment_id: int) -> None:
    """Fills `doubt` and `tainted_week` anew, from final events."""
    cube.execute("DELETE FROM doubt")
    cube.execute("DELETE FROM tainted_week")
    cursor = cursor_of(session, deployment_id)
    doubts = read_doubts(session, cursor)
    cube.insert("doubt", ("cause", "subject", "model", "since_s", "declared_s"), map(_in_hex, doubts))
    end = end_of_weeks(cube)
    if end is not None:
        for part in _parts(doubts):
            cube.insert("tainted_week", _COLUMNS, _tainted(session, cursor, part, weeks.start_s(end)))


def read_doubts(session: Session, cursor: Cursor) -> list[Doubt]:
    """All final events that call something doubtful, in the order of the chain."""
    row, block = RegistryEventRow, BlockRow
    statement = (
        select(row.event, row.subject, row.arguments, block.timestamp_s)
        .join(block, col(block.id) == col(row.id).op(">>")(literal_column(str(LOG_INDEX_BITS))))
        .where(col(row.event).in_((COMPROMISED, CONTRADICTED)))
        .where(col(row.id) >= cursor.first_key(0), col(row.id) < end_of_final(cursor))
        .order_by(col(row.id))
    )
    return [_doubt(*found) for found in session.exec(statement)]


def cursor_of(session: Session, deployment_id: int) -> Cursor:
    """How far the database has come with a deployment."""
    row = session.exec(select(DeploymentRow).where(col(DeploymentRow.id) == deployment_id)).one()
    return Cursor(**row.model_dump())


def end_of_final(cursor: Cursor) -> int:
    """The key behind that of the last event that is final."""
    return cursor.first_key(0 if cursor.final_block is None else cursor.final_block + 1)


def end_of_weeks(cube: Cube) -> int | None:
    """The week behind the last one that the cube holds; None when it holds none."""
    ((end,),) = cube.select("end_week")
    return None if end is None else int(end)


def _doubt(event: str, subject: bytes, arguments: str, declared_s: int) -> Doubt:
    values = json.loads(arguments)
    if event == COMPROMISED:
        return Doubt(event, subject, None, int(values["compromisedAt"]), declared_s)
    return Doubt(event, subject, bytes.fromhex(values["modelId"][2:]), 0, declared_s)


def _in_hex(doubt: Doubt) -> tuple[Any, ...]:
    model = None if doubt.model is None else f"0x{doubt.model.hex()}"
    return doubt.cause, f"0x{doubt.subject.hex()}", model, doubt.since_s, doubt.declared_s


def _parts(doubts: Iterable[Doubt]) -> list[list[Doubt]]:
    """One doubt for each key, the earliest, and for each route with its model; some at a time."""
    kept: dict[tuple[bytes, bytes | None], Doubt] = {}
    for doubt in doubts:
        name = doubt.subject, doubt.model
        if name not in kept or doubt.since_s < kept[name].since_s:
            kept[name] = doubt
    every = list(kept.values())
    return [every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE)]


def _tainted(session: Session, cursor: Cursor, doubts: Sequence[Doubt], end_s: int) -> list[tuple[Any, ...]]:
    keys = [(b"", 0)] + [(d.subject, d.since_s) for d in doubts if d.model is None]
    models = [(b"", b"")] + [(d.subject, d.model) for d in doubts if d.model is not None]
    parameters: dict[str, Any] = {
        "first_id": cursor.first_key(0),
        "end_id": end_of_final(cursor),
        "end_s": end_s,
    }
    marks = {}
    for name, pairs in (("keys", keys), ("models", models)):
        marks[name] = ", ".join(f"(:{name}_{n}_a, :{name}_{n}_b)" for n in range(len(pairs)))
        for n, (a, b) in enumerate(pairs):
            parameters |= {f"{name}_{n}_a": a, f"{name}_{n}_b": b}
    rows = session.connection().execute(text(sql("load_tainted").format(**marks)), parameters)
    return [(*row[:9], f"0x{bytes(row[9]).hex()}", row[10]) for row in rows]
