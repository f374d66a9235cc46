"""Looks every few seconds how things stand, and says why the service is not ready."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from prover.operations.books import read_books
from prover.operations.nodes import ChainWatch
from prover.operations.standing import BookStanding, ChainStanding, Standing
from veritally.errors import VeritallyError
from veritally.transactions import Database
from veritally.transactions.lease import Key

PERIOD_S = 5.0
OLDEST_HEAD_S = 300.0
"""Age of the latest block from which on the node has lost its chain."""

_log = logging.getLogger("veritally.prover")


class Monitor:
    """How one prover stands. `latest` may be read by many threads."""

    def __init__(self, database: Database, key: Key, chain: ChainWatch) -> None:
        self._database = database
        self._key = key
        self._chain = chain
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prover-monitor", daemon=True)
        self.is_draining: Callable[[], bool] = lambda: False
        """Whether the service takes no new requests."""
        self.failure: Callable[[], Exception | None] = lambda: None
        """What ended the settling for good."""
        self.latest = Standing(time.time(), None, None, ("the service is starting",))

    def look(self) -> Standing:
        """How things stand now. What does not answer is missing, and `problems` says why."""
        problems: list[str] = []
        book = self._book(problems)
        chain = self._nodes(problems)
        problems += _problems(book, chain)
        if failure := self.failure():
            problems.append(f"nothing is settled any more: {failure}")
        self.latest = Standing(time.time(), book, chain, tuple(problems), self.is_draining())
        return self.latest

    def start(self) -> None:
        """Looks at once, and then again and again in a thread of its own."""
        self.look()
        self._thread.start()

    def close(self) -> None:
        """Stops looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(PERIOD_S):
            before = self.latest.problems
            try:
                after = self.look().problems
            except Exception:  # a defect of ours must not end the watch
                _log.exception("how things stand cannot be told")
                continue
            for problem in set(after) - set(before):
                _log.warning("not ready: %s", problem)

    def _book(self, problems: list[str]) -> BookStanding | None:
        try:
            return read_books(self._database, self._key)
        except VeritallyError as error:
            problems.append(str(error))
            return None

    def _nodes(self, problems: list[str]) -> ChainStanding | None:
        try:
            return self._chain.read()
        except VeritallyError as error:
            problems.append(str(error))
            return None


def _problems(book: BookStanding | None, chain: ChainStanding | None) -> Iterator[str]:
    if book and book.paused:
        yield f"no transactions are sent: {book.paused}"
    if chain is None:
        return
    if chain.head_age_s > OLDEST_HEAD_S:
        yield f"block {chain.head_number}, the node's latest, is {chain.head_age_s:.0f} s old"
    for tier, status in chain.routes.items():
        if status != "active":
            yield f"the route of the tier {tier} is {status}"
    for model, left_s in chain.enclave_valid_s.items():
        if left_s <= 0:
            yield f"the enclave key of {model} has expired"
