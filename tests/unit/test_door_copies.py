"""Copies of a paid request that come while it fails: run once more, counted once, never left to nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from prover.door import desk as desk_module
from prover.door.credit import Credit
from prover.door.desk import Desk
from prover.errors import InputError
from prover.jobs.job import Computed, JobState, Order
from prover.jobs.rows import Book
from prover.jobs.store import DurableJobs
from prover.migrations.upgrade import upgrade
from veritally.payments import UptoPayment
from veritally.receipts import SettlementDomain
from veritally.tiers import Tier
from veritally.transactions import Database

TOKEN, PAYER = "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
PRICE = 1_000
FAR_S = 4_000_000_000


def order(streamed: bool) -> Order:
    payment = UptoPayment(PRICE, 1, FAR_S, 0, bytes(65))
    return Order(
        "upto:1", "/infer", b"{}", "iris", bytes(32), Tier.SIGNED, TOKEN, PAYER, payment, PRICE, FAR_S,
        streamed=streamed,
    )  # fmt: skip


class FailingOnce:
    """A handler whose first run fails when it is told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.fail = asyncio.Event()

    def longest_s(self, _tier: Tier) -> float:
        return 1.0

    async def run(self, _order: Order) -> Computed:
        self.runs += 1
        if self.runs == 1:
            await self.fail.wait()
            raise InputError("busy")
        return Computed(PRICE, bytes(32), bytes(32), 1, b"{}")


class PassingChecker:
    """Finds every payment good."""

    def __init__(self) -> None:
        self.credit = Credit(10 * PRICE)

    async def check(self, _payment: object, _until_s: float) -> None:
        return None


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[DurableJobs]:
    database = Database(f"sqlite:///{tmp_path}/jobs.db")
    upgrade(database)
    made = DurableJobs(database, Book(SettlementDomain(84532, TOKEN), PAYER, lambda *_: {}))
    yield made
    made.close()


def desk_of(jobs: DurableJobs, monkeypatch: pytest.MonkeyPatch, streamed: bool) -> Desk:
    payment = SimpleNamespace(channel_id=None, cumulative_base_units=0)
    monkeypatch.setattr(desk_module, "payment_header", lambda _headers: b"payment")
    monkeypatch.setattr(desk_module, "read_offered", lambda _header, _offers: payment)
    monkeypatch.setattr(desk_module, "order_of", lambda _visit, _payment: order(streamed))
    menu: Any = SimpleNamespace(
        policy=SimpleNamespace(settle_wait_s=0.2, answer_kept_s=3_600), chain_id=84532
    )
    checker: Any = PassingChecker()
    reads: Any = SimpleNamespace(forget=lambda _word: None)
    return Desk(menu, jobs, checker, reads)


@pytest.mark.parametrize("streamed", [False, True], ids=["at once", "streamed"])
@pytest.mark.parametrize("later_units", [0, 300], ids=["one transaction", "the next transaction"])
async def test_a_copy_that_comes_while_its_request_fails_is_run(
    jobs: DurableJobs, monkeypatch: pytest.MonkeyPatch, later_units: int, streamed: bool
) -> None:
    desk, handler = desk_of(jobs, monkeypatch, streamed), FailingOnce()
    visit: Any = SimpleNamespace(handler=handler, tier=Tier.SIGNED, offers=())
    await desk.admit(visit, ())
    jobs.writer.submit(lambda _unit: time.sleep(0.05))  # so that the release waits for the writer
    await asyncio.sleep(0.01)
    handler.fail.set()
    await asyncio.sleep(0.005)
    for _ in range(later_units):
        jobs.writer.submit(lambda _unit: None)

    copy = await desk.admit(visit, ())

    assert copy is not None
    assert desk._credit.in_flight_base_units(PAYER) == PRICE
    if copy.parts is not None:
        assert await asyncio.wait_for(copy.parts.get(), 5) is None
    job = await jobs.wait(order(streamed).job_id, JobState.COMPUTED, timeout_s=5)
    assert (job.state, handler.runs) == (JobState.COMPUTED, 2)
    assert desk._credit.in_flight_base_units(PAYER) == PRICE
    for watch in list(desk._watching.values()):
        watch.cancel()
