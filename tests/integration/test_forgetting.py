"""What people asked and were answered is deleted; what proves it stays."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterator

import pytest
from settling import AT_ONCE, free, new_pipeline
from sqlmodel import select
from test_jobs_store import BOOK, COMPUTED, IN_VAIN, numbered
from transacting import FragileDatabase

from prover.jobs import rows
from prover.jobs.job import Job, JobState
from prover.jobs.store import DurableJobs
from prover.jobs.tables import JobRow
from prover.migrations.upgrade import upgrade
from prover.settling import forgetting
from prover.settling.forgetting import Forgetter
from veritally.devnet import Devnet

KEPT_S = 100.0


@pytest.fixture
def jobs(empty_database: FragileDatabase) -> Iterator[DurableJobs]:
    upgrade(empty_database)
    jobs = DurableJobs(empty_database, BOOK)
    yield jobs
    jobs.close()


async def one_in_each_state(jobs: DurableJobs) -> dict[JobState, bytes]:
    ids = {}
    for number, state in enumerate(JobState):
        order = numbered(number)
        await jobs.reserve(order)
        if state is JobState.RELEASED:
            await jobs.release(order.job_id, IN_VAIN)
        elif state is not JobState.RESERVED:
            await jobs.computed(order.job_id, COMPUTED)
            jobs.writer.run(lambda unit, o=order, s=state: rows.move(unit, rows.require(unit, o.job_id), s))
        ids[state] = order.job_id
    return ids


def contents(jobs: DurableJobs) -> dict[bytes, tuple[bytes, bytes | None]]:
    with jobs.writer.database.reading() as session:
        return {row.id: (row.body, row.response) for row in session.exec(select(JobRow))}


async def require_job(jobs: DurableJobs, job_id: bytes) -> Job:
    job = await jobs.find(job_id)
    assert job is not None
    return job


async def test_contents_of_what_is_over_are_deleted_and_nothing_else(jobs: DurableJobs) -> None:
    ids = await one_in_each_state(jobs)
    before = contents(jobs)
    receipt = (await require_job(jobs, ids[JobState.FINAL])).receipt_hash
    Forgetter(jobs.writer, KEPT_S).step(time.time() + KEPT_S + 1)
    after = contents(jobs)
    over = {JobState.FINAL: b"", JobState.SKIPPED: b"", JobState.RELEASED: None}
    for state, job_id in ids.items():
        assert after[job_id] == ((b"", over[state]) if state in over else before[job_id]), state
    final = await require_job(jobs, ids[JobState.FINAL])
    assert final.receipt_hash == receipt
    assert final.computed is not None
    assert final.computed.request_hash == COMPUTED.request_hash


async def test_contents_stay_for_the_time(jobs: DurableJobs) -> None:
    await one_in_each_state(jobs)
    before = contents(jobs)
    forgetter = Forgetter(jobs.writer, KEPT_S)
    forgetter.step(time.time() + KEPT_S - 10)
    assert contents(jobs) == before
    forgetter.step(time.time() + KEPT_S + 1)
    assert contents(jobs) == before, "looks again too soon"


async def test_many_are_deleted_in_parts(jobs: DurableJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "_AT_ONCE", 2)
    for number in range(5):
        await jobs.reserve(numbered(number))
        await jobs.release(numbered(number).job_id, IN_VAIN)
    Forgetter(jobs.writer, KEPT_S).step(time.time() + KEPT_S + 1)
    assert set(contents(jobs).values()) == {(b"", None)}


async def test_a_payment_whose_request_was_forgotten_can_be_presented_again(jobs: DurableJobs) -> None:
    await jobs.reserve(numbered(1))
    await jobs.release(numbered(1).job_id, IN_VAIN)
    Forgetter(jobs.writer, KEPT_S).step(time.time() + KEPT_S + 1)
    job, is_new = await jobs.reserve(numbered(1))
    assert is_new
    assert job.order.body == numbered(1).body
    assert contents(jobs)[job.order.job_id][0] == numbered(1).body


async def test_the_service_forgets_by_itself(devnet: Devnet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "EVERY_S", 0.0)
    with new_pipeline(devnet, policy=dataclasses.replace(AT_ONCE, contents_kept_s=0.0)) as running:
        order = dataclasses.replace(free(devnet, 1).order(devnet), body=b"{}")
        await running.jobs.reserve(order)
        await running.jobs.release(order.job_id, IN_VAIN)
        deadline_s = time.monotonic() + 10
        while contents(running.jobs)[order.job_id] != (b"", None) and time.monotonic() < deadline_s:
            await asyncio.sleep(0.05)
        assert contents(running.jobs)[order.job_id] == (b"", None)
