"""Answers about one deployment, kept up to date with the final block."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from eth_utils.address import to_checksum_address
from sqlmodel import Session, col, func, select

from indexer.analytics.answer import Answer
from indexer.analytics.cube import Cube, sql
from indexer.analytics.health_loader import load_health
from indexer.analytics.loaders import AFTER_LOADING
from indexer.analytics.loading import inferences_per_week, load_weeks
from indexer.analytics.metric import Metric, Rows, Scope
from indexer.analytics.tiers import TierSet
from indexer.analytics.verdict import Verdict, judge
from indexer.analytics.weeks import Window, week_of
from indexer.cursor import Cursor
from indexer.database import Database
from indexer.errors import NothingIndexedError
from indexer.incidents import ROLLUPS, ROWS
from indexer.tables import BlockRow, IncidentRow, RegistryEventRow
from indexer.tallies import chosen_cursor
from veritally.deployment import Deployment

DEFAULT_WEEKS = 4
"""Weeks of a window."""
MOST_KEPT = 2_000
"""Answers that are kept; the oldest goes first."""

_T = TypeVar("_T")
_MISSING = object()


@dataclass(frozen=True)
class State:
    """What the answers are about: everything up to the final block, in full weeks."""

    chain_id: int
    settlement: str
    """Address of the contract, 0x hex with checksum."""
    block_number: int
    """Number of the final block."""
    block_hash: str
    """0x hex."""
    block_time_s: int
    """Unix time of the final block."""
    first_week: int
    """The week of the first inference."""
    end_week: int
    """The week of the final block, which is not full yet; equal to `first_week` when none is."""
    repairs: int = 0
    """Number of repairs of rows and sums that the answers rest on."""


class Analysis:
    """One deployment. Reads only; several threads may share it.

    An answer is computed once and kept until the weeks change. While `refresh` loads, the old ones are given.
    """

    def __init__(self, database: Database, deployment: Deployment | None = None) -> None:
        """Loads all full, final weeks of the deployment, by default of the only one in the database.

        Raises:
            NothingIndexedError: there is no final block yet.
            UnknownDeploymentError: the database holds several deployments, or not the one that is meant.
            DatabaseError: it cannot be read.
        """
        self._database = database
        self._deployment = deployment
        self._lock = threading.RLock()
        self._cube = Cube()
        self._kept: dict[tuple[object, ...], object] = {}
        self._seen: tuple[Cursor, object, int] | None = None
        self.state: State
        self.refresh()

    def refresh(self) -> None:
        """Loads what has become full and final, and what a repair has changed. Cheap when there is nothing.

        Raises:
            NothingIndexedError, UnknownDeploymentError, DatabaseError: as when it was made.
        """
        with self._lock:
            self._database.require_existing()
            if not self._database.has_tables():
                raise NothingIndexedError(self._database.shown_url)
            with self._database.transaction() as session:
                cursor = chosen_cursor(session, self._deployment)
                if cursor is None or cursor.final_block is None:
                    raise NothingIndexedError(self._database.shown_url, final=True)
                repairs = _repairs(session, cursor)
                if self._seen is None or (cursor, repairs) != (self._seen[0], self._seen[2]):
                    self._load(session, cursor, repairs)

    def window(self, weeks: int = DEFAULT_WEEKS, end: int | None = None) -> Window:
        """So many weeks up to, but not including, `end`; by default the last full ones."""
        last = self.state.end_week if end is None else end
        return Window(last - weeks, last)

    def answer(self, metric: Metric, scope: Scope | None = None) -> Answer:
        """What the metric says, by default about the last four full weeks and all rows."""
        asked = scope or Scope(self.window())
        return self._keep((metric.name, asked), lambda cube: metric.compute(cube, asked))

    def verdict(self, rows: Rows = Rows.RAW, of: TierSet = TierSet.STRONG) -> Verdict:
        """Whether the share of these tiers grew in the last four full weeks, against the four before."""
        asked = Scope(self.window(), rows)
        return self._keep(("verdict", of, asked), lambda cube: judge(cube, asked, of))

    def _keep(self, key: tuple[object, ...], compute: Callable[[Cube], _T]) -> _T:
        kept = self._kept.get(key, _MISSING)
        if kept is _MISSING:
            with self._lock:
                kept = self._kept.get(key, _MISSING)
                if kept is _MISSING:
                    kept = self._kept[key] = compute(self._cube)
                    if len(self._kept) > MOST_KEPT:
                        del self._kept[next(iter(self._kept))]
        return cast(_T, kept)

    def _load(self, session: Session, cursor: Cursor, repairs: int) -> None:
        block = session.exec(
            select(BlockRow).where(col(BlockRow.id) == cursor.block_key(cursor.final_block or 0))
        ).one()
        end_week = week_of(block.timestamp_s)
        counts = inferences_per_week(session, cursor.id, end_week)
        registries = _registries(session, cursor)
        repaired = self._seen is not None and self._seen[2] != repairs
        changed = load_weeks(session, self._cube, cursor, counts, anew=repaired)
        if changed or self._seen is None or self._seen[1] != registries:
            for derive in AFTER_LOADING:
                derive(session, self._cube, cursor.id)
            self._cube.execute("DELETE FROM payer_week")
            self._cube.execute(sql("payer_week"))
            self._kept = {}
        load_health(session, self._cube, cursor.id)
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != "health"}
        self._seen = cursor, registries, repairs
        self.state = State(
            cursor.chain_id,
            to_checksum_address(cursor.settlement),
            block.id & (1 << 36) - 1,
            f"0x{block.hash.hex()}",
            block.timestamp_s,
            min(counts, default=end_week),
            end_week,
            repairs,
        )


def _registries(session: Session, cursor: Cursor) -> object:
    """Number of the registries' final events, and the last one: they may call older rows doubtful."""
    row = RegistryEventRow
    final = col(row.id) >= cursor.first_key(0), col(row.id) < cursor.first_key((cursor.final_block or 0) + 1)
    return session.exec(select(func.count(), func.max(row.id)).where(*final)).one()


def _repairs(session: Session, cursor: Cursor) -> int:
    """Number of repairs of rows and sums: they may leave the number of inferences as it was."""
    of = col(IncidentRow.deployment_id) == cursor.id, col(IncidentRow.kind).in_((ROWS, ROLLUPS))
    return session.exec(select(func.count()).where(*of, col(IncidentRow.resolved))).one()
