"""When a running service takes paid requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from prover.operations.control import Control, DrainGate
from prover.operations.monitor import Monitor
from veritally.transactions import Database
from veritally.transactions.errors import LeaseLostError
from veritally.transactions.lease import Key

SENDER = "0x" + "11" * 20


class Pipeline:
    """Settles nothing."""

    failure: Exception | None = None

    def settle_now(self, timeout_s: float) -> bool:
        return False

    def drain(self, timeout_s: float) -> bool:
        return False


async def taken(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("taken")


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture
def control(pipeline: Pipeline, tmp_path: Path) -> Control:
    chain: Any = None  # nobody looks
    monitor = Monitor(Database(f"sqlite:///{tmp_path}/prover.db"), Key(84532, SENDER), chain)
    return Control(pipeline, monitor)


async def statuses(control: Control) -> list[int]:
    """Of a paid request and of a look-up."""
    app = Starlette(routes=[Route("/", taken, methods=["GET", "POST"])])
    transport = httpx.ASGITransport(DrainGate(app, control))
    async with httpx.AsyncClient(transport=transport, base_url="http://prover") as http:
        return [(await http.request(method, "/")).status_code for method in ("POST", "GET")]


async def test_requests_are_taken_until_the_service_stops(control: Control) -> None:
    assert await statuses(control) == [200, 200]
    control.stopped.set()
    assert await statuses(control) == [503, 200]


async def test_nothing_is_taken_that_this_process_can_never_settle(
    control: Control, pipeline: Pipeline
) -> None:
    pipeline.failure = LeaseLostError(SENDER, 84532)
    assert await statuses(control) == [503, 200]
