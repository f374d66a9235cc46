"""What the interface reads: one deployment in a database that it cannot change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session

from indexer.analytics.analysis import Analysis
from indexer.analytics.catalogue import METRICS
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.weeks import Window
from indexer.api.finder import ReceiptFinder
from indexer.api.names import Names
from indexer.api.place import Finality, Place, Snapshot, place_of
from indexer.cursor import Cursor
from indexer.database import Database
from indexer.errors import IndexerError, NothingIndexedError
from indexer.log import logger
from indexer.tallies import chosen_cursor
from veritally.deployment import Deployment

READ_FOR_S = 5.0
"""What a request may take of the database's time."""
_LOAD_FOR_S = 900.0
"""The same for loading a week that has become full."""
_WARMED_NAMES = 50_000


class Source:
    """One deployment. Several threads may share it."""

    def __init__(self, url: str, deployment: Deployment | None = None) -> None:
        """Loads all full, final weeks.

        Raises:
            NothingIndexedError: there is no final block yet.
            UnknownDeploymentError: the database holds several deployments, or not the one that is meant.
            SettingsError: the URL is unusable.
            DatabaseError: it cannot be read.
        """
        self.database = Database(url, READ_FOR_S)
        self.names = Names()
        self._deployment = deployment
        loading = Database(url, _LOAD_FOR_S)
        loading.require_existing()
        self.finder = ReceiptFinder(loading)
        self.analysis = Analysis(loading, deployment)
        self._answered: Window | None = None

    @contextmanager
    def snapshot(self, finality: Finality = Finality.FINAL) -> Iterator[Snapshot]:
        """The database as it is now.

        Raises:
            UnavailableError: there is nothing in it yet.
            DatabaseError: it cannot be read, or not in time.
        """
        with self.database.transaction() as session:
            cursor = self._cursor(session)
            yield Snapshot(session, cursor, place_of(session, cursor, finality))

    @property
    def analysed(self) -> Place:
        """As of which block the statistics are."""
        state = self.analysis.state
        return Place(
            state.chain_id,
            state.settlement,
            state.block_number,
            state.block_hash,
            state.block_time_s,
            Finality.FINAL,
        )

    def refresh(self) -> None:
        """Takes in what has become final."""
        self.analysis.refresh()
        with self.database.transaction() as session:
            cursor = self._cursor(session)
        self.finder.refresh(cursor)

    def answer_all(self) -> None:
        """Computes the statistics of the last full weeks, so that nobody has to wait for them."""
        window = self.analysis.window()
        if window == self._answered:
            return
        for rows in Rows:
            self.analysis.verdict(rows)
            for metric in METRICS:
                self.analysis.answer(metric, Scope(window, rows))
        self._answered = window

    def warm(self) -> None:
        """Loads what the first requests would have to wait for."""
        self.refresh()
        with self.database.transaction() as session:
            self.names.addresses(session, range(1, _WARMED_NAMES))

    @contextmanager
    def kept_fresh(self, every_s: float) -> Iterator[None]:
        """Refreshes in a thread of its own until the context ends."""
        stop = threading.Event()
        thread = threading.Thread(target=self._keep_fresh, args=(every_s, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(READ_FOR_S)

    def _keep_fresh(self, every_s: float, stop: threading.Event) -> None:
        problem = ""
        while not stop.is_set():
            try:
                self.refresh()
                self.answer_all()
            except IndexerError as error:
                if str(error) != problem:
                    logger().warning("not refreshed", reason=str(error))
                problem = str(error)
            else:
                problem = ""
            stop.wait(every_s)

    def _cursor(self, session: Session) -> Cursor:
        cursor = chosen_cursor(session, self._deployment)
        if cursor is None:
            raise NothingIndexedError(self.database.shown_url)
        return cursor
