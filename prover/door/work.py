"""Runs orders to their end, whether or not the client still waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial

from prover.door.answers import Answer, Handler
from prover.errors import InputError, ProverError, RequestRefusedError, ShuttingDownError
from prover.jobs.job import Computed, Job, Jobs, Order, Reason

_log = logging.getLogger("veritally.prover.door")

STATUS_OF_REASON = {
    "unknown_model": 404,
    "unusable_input": 422,
    "maximum_too_low": 422,
    "upstream_failed": 502,
    "busy": 503,
    "too_late": 503,
    "upstream_timeout": 504,
}
"""HTTP status of what keeps a request without an answer; 500 for everything else."""

Part = bytes | None
"""A part of a stream; None at its end."""


class Work:
    """The orders that run. For one event loop."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._running: dict[bytes, tuple[asyncio.Task[Job | None], asyncio.Queue[Part]]] = {}

    def start(self, handler: Handler, order: Order) -> asyncio.Queue[Part]:
        """Starts an order unless it runs; the queue gets the parts of a stream."""
        if self.is_running(order.job_id):
            return self._running[order.job_id][1]
        parts: asyncio.Queue[Part] = asyncio.Queue()
        task = asyncio.create_task(self._run(handler, order, parts))
        self._running[order.job_id] = task, parts
        task.add_done_callback(partial(self._forget, order.job_id))
        return parts

    def is_running(self, job_id: bytes) -> bool:
        """Whether the order with this id runs here."""
        found = self._running.get(job_id)
        return found is not None and not found[0].done()

    async def outcome(self, job_id: bytes, timeout_s: float) -> Job | None:
        """What became of an order that runs here; None when it does not, or not for so long."""
        if (found := self._running.get(job_id)) is None:
            return None
        await asyncio.wait([found[0]], timeout=timeout_s)
        return found[0].result() if found[0].done() else None

    async def close(self) -> None:
        """Waits for what runs."""
        await asyncio.gather(*(task for task, _ in self._running.values()), return_exceptions=True)

    def _forget(self, job_id: bytes, ended: asyncio.Task[Job | None]) -> None:
        """Forgets what has ended, unless the same order has been started again since."""
        found = self._running.get(job_id)
        if found is not None and found[0] is ended:
            del self._running[job_id]

    async def _run(self, handler: Handler, order: Order, parts: asyncio.Queue[Part]) -> Job | None:
        try:
            computed = await _collect(await handler.run(order), parts)
            return await self._jobs.computed(order.job_id, computed)
        except ShuttingDownError:
            _log.info("request 0x%s stays reserved: it is run after the next start", order.job_id.hex())
            return None
        except Exception as error:
            return await self._jobs.release(order.job_id, reason_of(error))
        finally:
            parts.put_nowait(None)


def reason_of(error: Exception) -> Reason:
    """What the client is told when its paid request could not be served."""
    if isinstance(error, RequestRefusedError):
        return Reason(error.code, error.message)
    if isinstance(error, InputError):
        return Reason("unusable_input", f"{error}; the payment was not used")
    _log.error("a request has no answer: %s", type(error).__name__, exc_info=error)
    code = "inference_failed" if isinstance(error, ProverError) else "internal_error"
    return Reason(code, "the model gave no result; the payment was not used")


def is_refused_by_us(job: Job) -> bool:
    """Whether the job ended without an answer."""
    return job.computed is None and job.reason is not None


async def _collect(answer: Answer, parts: asyncio.Queue[Part]) -> Computed:
    if isinstance(answer, Computed):
        return answer
    return await _drain(answer, parts)


async def _drain(stream: AsyncIterator[bytes | Computed], parts: asyncio.Queue[Part]) -> Computed:
    async for item in stream:
        if isinstance(item, Computed):
            return item
        parts.put_nowait(item)
    raise ProverError("a stream ended without its result; report this as a defect of the model's handler")
