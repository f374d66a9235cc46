"""What could not be trusted, written down: who looks at the figures later shall know of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sqlmodel import Session, col, select, update

from indexer.cursor import Cursor
from indexer.tables import IncidentRow

ENDPOINT, ROWS, ROLLUPS = "endpoint", "rows", "rollups"
"""Kinds: answers of an endpoint, stored rows, stored sums."""


@dataclass(frozen=True)
class Incident:
    """One of them."""

    first_block: int
    last_block: int
    kind: str
    """What could not be trusted."""
    detail: str
    endpoint: str
    """Without path and key: where wrong answers came from, or what repaired the database; may be empty."""
    resolved: bool
    """Whether the database is right now."""
    noticed_at_s: int = field(default_factory=lambda: int(time.time()))
    """Unix time."""


def record(session: Session, cursor: Cursor, incident: Incident) -> None:
    """Writes an incident down. One that is still open is not written twice, and is closed by its repair."""
    statement = select(IncidentRow).where(
        col(IncidentRow.deployment_id) == cursor.id,
        col(IncidentRow.kind) == incident.kind,
        col(IncidentRow.first_block) <= incident.last_block,
        col(IncidentRow.last_block) >= incident.first_block,
        col(IncidentRow.resolved).is_(False),
    )
    still_open = session.exec(statement).all()
    if still_open and not incident.resolved:
        return
    for row in still_open:
        row.resolved = True
    session.add(IncidentRow(deployment_id=cursor.id, **vars(incident)))


def close(session: Session, cursor: Cursor, kind: str) -> None:
    """Says that nothing of a kind is wrong any more."""
    still_open = col(IncidentRow.kind) == kind, col(IncidentRow.resolved).is_(False)
    of_deployment = col(IncidentRow.deployment_id) == cursor.id
    session.exec(update(IncidentRow).where(of_deployment, *still_open).values(resolved=True))


def incidents(session: Session, cursor: Cursor) -> list[Incident]:
    """All incidents of a deployment, the first one first."""
    statement = select(IncidentRow).where(col(IncidentRow.deployment_id) == cursor.id)
    rows = session.exec(statement.order_by(col(IncidentRow.id)))
    return [Incident(**row.model_dump(exclude={"id", "deployment_id"})) for row in rows]
