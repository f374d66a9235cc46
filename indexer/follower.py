"""Keeps one deployment up to date: indexes what is new and compares the figures with the contract's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from indexer import metrics
from indexer.cursor import find_cursor
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.errors import CounterMismatchError
from indexer.nodes import connect_all
from indexer.progress import Progress, SyncResult, Watch
from indexer.settings import IndexerSettings
from indexer.standing import Standing
from indexer.status import read_audits
from indexer.sync import Indexer
from indexer.tallies import TallyReport, compared, read_report, require_match
from veritally.deployment import Deployment


@dataclass(frozen=True)
class Round:
    """What one round brought."""

    result: SyncResult
    report: TallyReport | None
    """With the contract's counters; None when nothing changed, or when it was stopped."""
    is_at_head: bool
    """Whether nothing was left to read."""


class Follower:
    """One deployment in one database."""

    def __init__(
        self, deployed: Deployment, database: Database, endpoints: Endpoints, most_blocks: int
    ) -> None:
        self._deployed = deployed
        self._database = database
        self._endpoints = endpoints
        self._indexer = Indexer(endpoints, database, deployed, most_blocks)
        self._is_open = self._is_compared = False
        self.name = f"Settlement {deployed.settlement} on chain {deployed.chain_id}"
        self.standing = Standing(deployed.chain_id, deployed.settlement)

    def go_on(self, stopped: Callable[[], bool], watch: Watch, slice_s: float | None = None) -> Round:
        """Indexes up to the head, or for about `slice_s` seconds; compares the counters when it got there.

        Raises:
            NotReadyError: a node or the database does not answer.
            CheckFailedError: what was found cannot be trusted.
        """
        if not self._is_open:
            self._indexer.open()
            self._is_open = True
        end_s = None if slice_s is None else time.monotonic() + slice_s
        has_stored = False

        def is_over() -> bool:
            is_time = end_s is not None and time.monotonic() >= end_s
            return stopped() or (is_time and has_stored)

        def moved(progress: Progress) -> None:
            nonlocal has_stored
            has_stored = progress.block >= progress.first_block
            self.standing.moved(progress)
            watch(progress)

        result = self._indexer.sync_once(is_over, moved)
        if result.replaced_blocks:
            metrics.REORGS.labels(*self.standing.labels).inc()
        if result.events or result.replaced_blocks:
            self._is_compared = False
        is_at_head = not self.standing.lag_blocks
        self._look_at_audits()
        report = self._compared() if is_at_head and not self._is_compared and not stopped() else None
        return Round(result, report, is_at_head)

    def _look_at_audits(self) -> None:
        settlement = bytes.fromhex(self._deployed.settlement[2:])
        with self._database.transaction() as session:
            cursor = find_cursor(session, self._deployed.chain_id, settlement)
            if cursor is not None:
                self.standing.audited(read_audits(session, cursor.id))

    def _compared(self) -> TallyReport:
        """The contract's counters beside ours."""
        report = compared(self._endpoints, read_report(self._database, self._deployed))
        mismatch = metrics.TALLY_MISMATCH.labels(*self.standing.labels)
        try:
            require_match(report)
        except CounterMismatchError:
            mismatch.set(1)
            raise
        mismatch.set(0)
        self._is_compared = True
        return report


def followers_of(settings: IndexerSettings) -> list[Follower]:
    """One for each deployment of the settings, all in one database.

    Raises:
        NoNodeError: none of the nodes serves the chain of a deployment.
    """
    database = Database(settings.database_url.get_secret_value())
    return [
        Follower(deployed, database, endpoints, settings.blocks_per_request)
        for deployed, endpoints in connect_all(settings.deployments, settings.rpc_urls)
    ]
