"""Keeps one deployment up to date: indexes what is new and compares the figures with the contract's."""

from __future__ import annotations

import time
from collections.abc import Callable

from indexer import metrics
from indexer.cursor import find_cursor
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.errors import CounterMismatchError, UnrepairedError
from indexer.nodes import connect_all
from indexer.progress import Progress, SyncResult, Watch
from indexer.settings import IndexerSettings
from indexer.standing import Standing
from indexer.status import read_audits
from indexer.sync import Indexer
from indexer.tallies import TallyReport, compared, read_report
from veritally.deployment import Deployment


class Follower:
    """One deployment in one database."""

    def __init__(
        self, deployed: Deployment, database: Database, endpoints: Endpoints, most_blocks: int
    ) -> None:
        self._deployed = deployed
        self._database = database
        self._endpoints = endpoints
        self._indexer = Indexer(endpoints, database, deployed, most_blocks)
        self._is_open = False
        self.name = f"Settlement {deployed.settlement} on chain {deployed.chain_id}"
        self.nodes = len(endpoints)
        """Number of the nodes that it may ask."""
        self.standing = Standing(deployed.chain_id, deployed.settlement)

    def go_on(self, stopped: Callable[[], bool], watch: Watch, slice_s: float | None = None) -> SyncResult:
        """Indexes up to the head, or for about `slice_s` seconds, and holds it to the contract's counters.

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

        try:
            result = self._indexer.sync_once(is_over, moved)
        except (CounterMismatchError, UnrepairedError):
            metrics.TALLY_MISMATCH.labels(*self.standing.labels).set(1)
            raise
        self.standing.settled(result)
        self._look_at_audits()
        return result

    def compared(self) -> TallyReport:
        """The tallies with the contract's counters beside them."""
        return compared(self._endpoints, read_report(self._database, self._deployed))

    def _look_at_audits(self) -> None:
        settlement = bytes.fromhex(self._deployed.settlement[2:])
        with self._database.transaction() as session:
            cursor = find_cursor(session, self._deployed.chain_id, settlement)
            if cursor is not None:
                self.standing.audited(read_audits(session, cursor.id))


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
