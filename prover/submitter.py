"""Collects finished inferences and settles them together.

A batch is settled when no paid request is on its way any more, or when its first inference has waited long
enough. So requests that came together share one transaction, although a proof takes seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prover.errors import ShuttingDownError
from prover.payments import NotSettled, Outcome
from prover.settler import FinishedInference, fits_one_transaction

_log = logging.getLogger("veritally.prover")

Settle = Callable[[Sequence[FinishedInference]], Sequence[Outcome]]


class Ticket:
    """Announces one paid request. While it is open, batches wait for it (up to their highest age)."""

    def __init__(self, submitter: Submitter) -> None:
        self._submitter = submitter
        self._open = True

    def close(self) -> None:
        """The request has delivered its inference or ended; closing twice is fine."""
        if self._open:
            self._open = False
            self._submitter.ticket_closed()


@dataclass(frozen=True)
class _Waiting:
    inference: FinishedInference
    outcome: asyncio.Future[Outcome]
    since_s: float
    """Time of the event loop."""


class Submitter:
    """Batches inferences for `settle`, which runs in a thread, one batch at a time."""

    def __init__(self, settle: Settle, *, window_s: float, max_age_s: float) -> None:
        self._settle = settle
        self._window_s = window_s
        self._max_age_s = max_age_s
        self._waiting: list[_Waiting] = []
        self._open_tickets = 0
        self._changed = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts collecting, in the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Settles what waits and stops."""
        self._closing = True
        self._changed.set()
        if self._task is not None:
            await self._task

    def open_ticket(self) -> Ticket:
        """Announces a paid request."""
        self._open_tickets += 1
        return Ticket(self)

    def ticket_closed(self) -> None:
        """For `Ticket`: one request less is on its way."""
        self._open_tickets -= 1
        self._changed.set()

    async def submit(self, inference: FinishedInference, ticket: Ticket) -> Outcome:
        """Hands over an inference and waits until it is settled or skipped.

        Raises:
            ShuttingDownError: the submitter is closing.
        """
        if self._closing:
            raise ShuttingDownError
        loop = asyncio.get_running_loop()
        waiting = _Waiting(inference, loop.create_future(), loop.time())
        self._waiting.append(waiting)
        ticket.close()
        self._changed.set()
        return await waiting.outcome

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            self._changed.clear()
            pause_s = self._pause_s()
            if pause_s is None or pause_s > 0:
                await self._wait_for_change(pause_s)
            else:
                await self._settle_batch(self._take_batch())

    def _pause_s(self) -> float | None:
        """Seconds until the next batch is due if nothing changes; None when nothing waits."""
        if not self._waiting:
            return None
        tiers = [item.inference.tier for item in self._waiting]
        if self._closing or not fits_one_transaction(tiers):
            return 0.0
        wanted_age_s = self._max_age_s if self._open_tickets else min(self._window_s, self._max_age_s)
        return max(0.0, self._waiting[0].since_s + wanted_age_s - asyncio.get_running_loop().time())

    async def _wait_for_change(self, timeout_s: float | None) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return

    def _take_batch(self) -> list[_Waiting]:
        """The longest run of waiting inferences that fits one transaction."""
        count = 1
        while count < len(self._waiting) and fits_one_transaction(
            [item.inference.tier for item in self._waiting[: count + 1]]
        ):
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    async def _settle_batch(self, batch: Sequence[_Waiting]) -> None:
        outcomes: Sequence[Outcome]
        try:
            outcomes = await asyncio.to_thread(self._settle, [item.inference for item in batch])
        except Exception as error:
            # A defect of ours. The transaction may have been sent: nobody may be told that it was not.
            _log.exception("settling %d inferences failed", len(batch))
            failure = NotSettled(f"unexpected {type(error).__name__} while settling", certain=False)
            outcomes = [failure] * len(batch)
        for item, outcome in zip(batch, outcomes, strict=True):
            if not item.outcome.done():
                item.outcome.set_result(outcome)
