"""Settles computed requests in threads of its own, from the start of the service to its end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from prover.jobs.job import JobState
from prover.jobs.store import DurableJobs
from prover.settling import ledger
from prover.settling.dispatch import Dispatcher
from prover.settling.following import Follower
from prover.settling.forgetting import Forgetter
from prover.settling.hurry import Hurry
from prover.settling.judging import Judge
from prover.settling.looking_up import Finder
from prover.settling.policy import SettlingPolicy
from veritally.chain import Chain
from veritally.errors import ChainUnreachableError
from veritally.transactions import Report, TransactionManager
from veritally.transactions.errors import (
    DatabaseError,
    LeaseLostError,
    NoEndpointError,
    ReorgPastFinalityError,
)

_T = TypeVar("_T")
_log = logging.getLogger("veritally.prover")
_RETRY_S = 1.0
_STEP_S = 0.05
_LEAST_PAUSE_S = 0.05
"""Many requests come together; each of them is no reason to look at the rows."""


class Settling:
    """One thread decides what is settled, another one speaks with the chain about what was sent."""

    def __init__(
        self,
        chain: Chain,
        jobs: DurableJobs,
        manager: TransactionManager,
        judge: Judge,
        policy: SettlingPolicy,
    ) -> None:
        self._jobs = jobs
        self._manager = manager
        self._policy = policy
        self._dispatcher = Dispatcher(chain, jobs.writer, jobs.book, manager, judge, policy)
        self._forgetter = Forgetter(jobs.writer, policy.contents_kept_s)
        self._follower = Follower(jobs.writer, manager, Finder(chain, jobs.book.domain))
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._sent = threading.Event()
        self._hurry = Hurry()
        self._threads: list[threading.Thread] = []
        self._open_count = 0
        self.report: Report | None = None
        """How the sending account stood after the last look at the chain."""
        self.failure: Exception | None = None
        """What ended the work for good; the service must be stopped."""
        jobs.on_change(self._changed.set)

    def start(self) -> None:
        """Starts the threads. What an earlier process left is gone on with."""
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=work.__name__, daemon=True)
            for work in (self._dispatch, self._follow)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stops the threads; what waits stays stored."""
        self._stop.set()
        self._changed.set()
        self._sent.set()
        for thread in self._threads:
            thread.join()

    def settle_now(self, timeout_s: float) -> bool:
        """Settles everything that is computed, vouchers too; tells whether nothing waits any more in time.

        What would cost more than it earns is left, unless the guard lets it go.
        """
        return self._settle_until(ledger.is_waiting, timeout_s)

    def drain(self, timeout_s: float) -> bool:
        """Settles everything, and waits until blocks have it; tells whether they do in time.

        What no transaction carries any more, and nobody knows what became of, is not waited for.
        """
        return self._settle_until(ledger.is_open, timeout_s)

    def counts(self) -> dict[JobState, int]:
        """How many requests are in each state."""
        return self._read(ledger.count_states)

    def _settle_until(self, is_left: Callable[[Session], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        with self._hurry:
            while (left := self._read(is_left)) and time.monotonic() < deadline and not self.failure:
                self._changed.set()
                time.sleep(_STEP_S)
        return not left

    def _read(self, what: Callable[[Session], _T]) -> _T:
        with self._jobs.writer.database.reading() as session:
            return what(session)

    def _run(self, work: Callable[[], float]) -> None:
        """Repeats work; what passes by itself is logged."""
        while not self._stop.is_set():
            try:
                pause_s = work()
            except (ChainUnreachableError, NoEndpointError, DatabaseError) as error:
                _log.warning("%s", error)
                pause_s = _RETRY_S
            except (LeaseLostError, ReorgPastFinalityError) as error:
                self.failure = error
                _log.error("nothing is settled any more: %s", error)
                return
            except Exception:  # a defect of ours: the other requests shall not wait for it for ever
                _log.exception("settling failed")
                pause_s = _RETRY_S
            self._stop.wait(_LEAST_PAUSE_S)
            wake = self._changed if work == self._dispatch else self._sent
            wake.wait(pause_s)
            wake.clear()

    def _dispatch(self) -> float:
        self._forgetter.step(time.time())
        next_s = self._dispatcher.step(time.time(), self._hurry.is_wanted, self._sent.set)
        return max(0.0, next_s - time.time())

    def _follow(self) -> float:
        try:
            self.report = self._manager.tick()
        finally:  # what is known without the chain is written down in any case
            open_count = self._follower.step()
            if open_count != self._open_count:  # what waited for a deposit may go on
                self._open_count = open_count
                self._changed.set()
        return self._policy.poll_s if open_count or self.report.open else self._policy.idle_poll_s
