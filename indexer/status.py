"""How a database stands: how far behind the chain, how busy, when it was verified, what went wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlmodel import Session, col, func, select

from indexer.chain import SettlementChain
from indexer.counters import require_block
from indexer.cursor import Cursor, all_cursors
from indexer.database import Database
from indexer.errors import ChainReorganisedError, NothingIndexedError, NotReadyError, WrongChainError
from indexer.nodes import connect, nodes_of
from indexer.rollup_tables import HourRollupRow, RollupRow
from indexer.rpc import JsonRpc
from indexer.tables import IncidentRow, VerificationRow

RATE_HOURS = 24
_HOUR_S = 3_600


@dataclass(frozen=True)
class Verification:
    """What the last verification found."""

    block: int
    """Up to which it went."""
    digest: bytes
    problems: str
    """Empty when there were none."""
    verified_at_s: int


@dataclass(frozen=True)
class Incident:
    """Something that could not be trusted, and was not put right."""

    first_block: int
    last_block: int
    kind: str


@dataclass(frozen=True)
class Audits:
    """What is on record about the trust in a deployment's rows."""

    incidents: int
    """Number of all incidents."""
    open_incidents: tuple[Incident, ...]
    verification: Verification | None


@dataclass(frozen=True)
class Status:
    """One deployment."""

    chain_id: int
    settlement: bytes
    block: int | None
    """Last indexed one; None before the first range."""
    timestamp_s: int | None
    """Unix time of that block."""
    final_block: int | None
    inferences: int
    recent_inferences: int
    """Of the last 24 hours before that block."""
    audits: Audits
    head: int | None = None
    """The chain's latest block; None when no node said."""
    lag_s: float | None = None
    """Age of the first block that is missing; 0 when none is."""
    nodes: int = 0
    """Number of the nodes of its chain."""
    problem: str = ""
    """Why nobody can tell how far behind it is."""

    @property
    def lag_blocks(self) -> int | None:
        """Blocks of the chain that are not indexed yet; None when nobody knows."""
        return None if self.head is None or self.block is None else max(0, self.head - self.block)

    def behind(self, max_lag_s: float) -> str:
        """Why it is not current; empty when it is."""
        if self.problem:
            return self.problem
        if self.lag_s is None:
            return "nothing is indexed yet"
        if self.lag_s > max_lag_s:
            return f"{self.lag_blocks} blocks or {self.lag_s:.0f} s behind"
        if self.audits.open_incidents:
            return f"{len(self.audits.open_incidents)} open incidents"
        return ""


def read_status(database: Database, rpc_urls: Sequence[str]) -> list[Status]:
    """The status of each deployment in the database. A node that does not answer is part of it, no error.

    Raises:
        NothingIndexedError: there is no deployment in the database.
    """
    database.require_existing()
    stored: list[tuple[Cursor, Status]] = []
    if database.has_tables():
        with database.transaction() as session:
            stored = [(cursor, stored_status(session, cursor)) for cursor in all_cursors(session)]
    if not stored:
        raise NothingIndexedError(database.shown_url)
    nodes = nodes_of((cursor.chain_id for cursor, _ in stored), rpc_urls)
    found = []
    for cursor, status in stored:
        try:
            urls = nodes.of(cursor.chain_id)
            status = replace(status, nodes=len(urls))
            found.append(connect(urls).first_answer(partial(_against_chain, cursor, status)))
        except (NotReadyError, WrongChainError, ChainReorganisedError) as error:
            found.append(replace(status, problem=str(error)))
    return found


def read_audits(session: Session, deployment_id: int) -> Audits:
    """What is on record about a deployment."""
    of = col(IncidentRow.deployment_id) == deployment_id
    number = session.exec(select(func.count()).select_from(IncidentRow).where(of)).one()
    open_rows = session.exec(select(IncidentRow).where(of, col(IncidentRow.resolved).is_(False)))
    still_open = tuple(Incident(row.first_block, row.last_block, row.kind) for row in open_rows)
    row = session.get(VerificationRow, deployment_id)
    if row is None:
        return Audits(number, still_open, None)
    verification = Verification(row.block, row.digest, row.problems, row.verified_at_s)
    return Audits(number, still_open, verification)


def stored_status(session: Session, cursor: Cursor) -> Status:
    """What the database says by itself."""
    every = select(func.sum(RollupRow.inferences)).where(col(RollupRow.deployment_id) == cursor.id)
    recent = select(func.sum(HourRollupRow.inferences)).where(
        col(HourRollupRow.deployment_id) == cursor.id,
        col(HourRollupRow.hour) > (cursor.last_block_timestamp_s or 0) // _HOUR_S - RATE_HOURS,
    )
    return Status(
        cursor.chain_id,
        cursor.settlement,
        None if cursor.last_block_hash is None else cursor.next_block - 1,
        cursor.last_block_timestamp_s,
        cursor.final_block,
        int(session.exec(every).one() or 0),
        int(session.exec(recent).one() or 0),
        read_audits(session, cursor.id),
    )


def _against_chain(cursor: Cursor, status: Status, node: JsonRpc) -> Status:
    """The same with the chain's head and the lag behind it."""
    chain = SettlementChain(node, cursor.chain_id, cursor.settlement)
    chain.require_chain_id()
    head = chain.heads().latest
    if cursor.last_block_hash is None:
        return replace(status, head=head)
    require_block(chain, cursor.next_block - 1, cursor.last_block_hash)
    if head < cursor.next_block:
        return replace(status, head=head, lag_s=0.0)
    (missing,) = chain.blocks([cursor.next_block])
    return replace(status, head=head, lag_s=max(0.0, time.time() - missing.timestamp_s))
