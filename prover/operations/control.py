"""Steering a running service: draining, and settling at once."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from prover.jobs.job import JobState
from prover.operations.metrics import Metrics
from prover.operations.monitor import Monitor
from prover.operations.standing import Standing

_RETRY_AFTER_S = "30"
_SETTLE_S = 20.0
_ROUND_S = 5.0
_PAUSE_S = 0.2

_log = logging.getLogger("veritally.prover")


class Pipeline(Protocol):
    """What settles the paid requests, in threads of its own."""

    failure: Exception | None
    """What ended the settling for good."""

    def settle_now(self, timeout_s: float) -> bool:
        """Settles what is computed without waiting for more; tells whether nothing waits any more in time."""
        ...

    def drain(self, timeout_s: float) -> bool:
        """The same, and waits for the blocks."""
        ...


class Control:
    """Whether requests are taken, and what an operator may ask of the service. Lives in one event loop."""

    def __init__(self, pipeline: Pipeline, monitor: Monitor) -> None:
        self._pipeline = pipeline
        self._monitor = monitor
        self._draining: asyncio.Task[None] | None = None
        self.stopped = asyncio.Event()
        """Set when the process shall end."""
        monitor.is_draining = lambda: self.is_draining

    @property
    def is_draining(self) -> bool:
        """Whether new requests are refused."""
        return self._draining is not None or self.stopped.is_set()

    @property
    def takes_requests(self) -> bool:
        """Whether new requests are taken: not while it is drained, and never when none can be settled."""
        return not self.is_draining and self._pipeline.failure is None

    def drain(self) -> None:
        """Takes no new requests, settles what is open, and then has the process end."""
        if self._draining is None:
            _log.info("draining: no new requests are taken")
            self._draining = asyncio.create_task(self._drain())

    async def settle_now(self) -> bool:
        """Settles what waits, without waiting for more; tells whether nothing waits any more."""
        return await asyncio.to_thread(self._pipeline.settle_now, _SETTLE_S)

    async def look(self) -> Standing:
        """How things stand now."""
        return await asyncio.to_thread(self._monitor.look)

    async def _drain(self) -> None:
        while not (await asyncio.to_thread(self._pipeline.drain, _ROUND_S) and await self._nothing_runs()):
            await asyncio.sleep(_PAUSE_S)
        self.stopped.set()

    async def _nothing_runs(self) -> bool:
        """What is reserved is still computed, and then there is more to settle.

        Draining has waited for what may still land; what else is unknown stays so.
        """
        book = (await self.look()).book
        return book is not None and set(book.open_jobs) <= {JobState.UNKNOWN}


class DrainGate:
    """ASGI middleware: refuses paid work that is not taken. What it looks up is still answered."""

    def __init__(self, app: ASGIApp, control: Control) -> None:
        self._app = app
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or refuses it before anything of it is read."""
        if scope["type"] == "http" and scope["method"] == "POST" and not self._control.takes_requests:
            await _refusal()(scope, receive, send)
            return
        await self._app(scope, receive, send)


def control_app(control: Control) -> Starlette:
    """What the commands ask, over the socket."""

    async def status(_request: Request) -> Response:
        return JSONResponse((await control.look()).to_json())

    async def settle(_request: Request) -> Response:
        return JSONResponse({"done": await control.settle_now()})

    async def drain(_request: Request) -> Response:
        control.drain()
        return JSONResponse({"draining": True}, status_code=202)

    return Starlette(
        routes=[
            Route("/status", status),
            Route("/settle", settle, methods=["POST"]),
            Route("/drain", drain, methods=["POST"]),
        ]
    )


def health_app(monitor: Monitor, metrics: Metrics) -> Starlette:
    """Metrics and health, for machines of the operator."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        standing = monitor.latest
        content = {"ready": standing.is_ready, "draining": standing.draining, "problems": standing.problems}
        return JSONResponse(content, status_code=200 if standing.is_ready else 503)

    async def show(_request: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", show)],
    )


def _refusal() -> JSONResponse:
    message = "the prover is stopping; send the request again later, this payment was not used"
    headers = {"Retry-After": _RETRY_AFTER_S, "Cache-Control": "no-store"}
    return JSONResponse({"error": {"code": "stopping", "message": message}}, status_code=503, headers=headers)
