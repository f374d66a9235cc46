"""What a prover that is stopped owes and is owed, as the next one sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from attacking import FUNDS, new_payer
from prover_service import BODY, PRICES, service_settings, sign_payment

from prover import app as prover_app
from prover.app import Parts, create_app
from prover.assembly import assemble
from prover.connection import connect
from prover.jobs.job import Job, JobState, Order
from veritally.devnet import Devnet
from veritally.transactions.errors import DatabaseError

pytestmark = pytest.mark.timeout(300)
PATHS = {tier: f"http://prover/v1/{tier}/models/iris/infer" for tier in PRICES}


@asynccontextmanager
async def life(
    devnet: Devnet, folder: Path, **values: object
) -> AsyncIterator[tuple[httpx.AsyncClient, Parts]]:
    """A service from its start to its end, without a socket."""
    settings = service_settings(devnet, folder, **values)
    parts = await asyncio.to_thread(lambda: assemble(settings, connect(settings), print))
    served = create_app(parts)
    transport = httpx.ASGITransport(served, raise_app_exceptions=False)
    async with (
        served.router.lifespan_context(served),
        httpx.AsyncClient(transport=transport, timeout=120) as http,
    ):
        yield http, parts


async def leave_when(
    http: httpx.AsyncClient, tier: str, headers: dict[str, str], is_time: Callable[[], bool]
) -> None:
    """Sends a paid request and hangs up."""
    asked = asyncio.create_task(http.post(PATHS[tier], json=BODY, headers=headers))
    while not is_time():
        assert not asked.done()
        await asyncio.sleep(0.01)
    asked.cancel()


async def test_a_paid_proof_that_a_stop_interrupts_is_made_after_the_next_start(
    devnet: Devnet, tmp_path: Path
) -> None:
    payer = new_payer(devnet)
    async with life(devnet, tmp_path) as (http, parts):
        headers = await sign_payment(http, payer, PATHS["zkml"])
        await leave_when(http, "zkml", headers, lambda: bool(parts.proofs.figures().running))
        (left,) = parts.jobs.unfinished()
    async with life(devnet, tmp_path) as (http, parts):
        settled = await parts.jobs.wait(left.order.job_id, JobState.MINED, timeout_s=100)
        again = await http.post(PATHS["zkml"], json=BODY, headers=headers)
    assert (settled.state.is_settled, settled.reason) == (True, None)
    assert again.status_code == 200
    assert FUNDS - devnet.usdc_balance_base_units(payer.address) == PRICES["zkml"]


async def test_what_a_payer_owes_counts_after_a_restart(
    devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prover_app, "DRAIN_S", 0.0)
    payer = new_payer(devnet)
    settings = {"batch_window_s": 100, "batch_max_age_s": 100, "max_unsettled_usd": "0.0015"}
    async with life(devnet, tmp_path, **settings) as (http, parts):
        headers = await sign_payment(http, payer, PATHS["signed"])

        def is_computed() -> bool:
            return [job.state for job in parts.jobs.unfinished()] == [JobState.COMPUTED]

        await leave_when(http, "signed", headers, is_computed)
    async with life(devnet, tmp_path, **settings) as (http, parts):
        second = await sign_payment(http, payer, PATHS["signed"])
        refused = await asyncio.wait_for(http.post(PATHS["signed"], json=BODY, headers=second), 20)
        await asyncio.to_thread(parts.settling.drain, 60)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "credit_exceeded")


async def test_a_request_whose_reservation_was_stored_but_not_confirmed_is_run_when_it_comes_again(
    devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer = new_payer(devnet)
    async with life(devnet, tmp_path, answer_timeout_s=20) as (http, parts):
        headers = await sign_payment(http, payer, PATHS["signed"])
        reserve = parts.jobs.reserve

        async def confirm_nothing(order: Order) -> tuple[Job, bool]:
            await reserve(order)
            raise DatabaseError("prover.db", "the connection was lost during the commit")

        with monkeypatch.context() as lost:
            lost.setattr(parts.jobs, "reserve", confirm_nothing)
            failed = await http.post(PATHS["signed"], json=BODY, headers=headers)
        again = await http.post(PATHS["signed"], json=BODY, headers=headers)
    assert (failed.status_code, failed.json()["error"]["code"]) == (503, "store_unavailable")
    assert "prover.db" not in failed.text
    assert again.status_code == 200
    assert FUNDS - devnet.usdc_balance_base_units(payer.address) == PRICES["signed"]
