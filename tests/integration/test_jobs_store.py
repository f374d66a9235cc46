"""Paid requests in the database: one payment, one request, one answer."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlmodel import Session
from transacting import FragileDatabase

from prover.jobs import rows
from prover.jobs.errors import AmountError, BusyError, PaymentInUseError, UnknownJobError
from prover.jobs.job import Computed, JobState, Order, Reason
from prover.jobs.rows import Book
from prover.jobs.store import DurableJobs
from prover.jobs.writer import Unit
from prover.migrations.upgrade import upgrade
from veritally.payments import UptoPayment
from veritally.receipts import GroupTerms, Receipt, SettlementDomain
from veritally.settlement import ZkProof
from veritally.tiers import Tier

PROVER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
PAYER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
ASSET = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
BOOK = Book(SettlementDomain(84532, ASSET), PROVER, lambda _, proof: {"proof": "0x" + proof.proof.hex()})
ORDER = Order(
    payment_key="network:payer:1",
    resource="/infer",
    body=b'{"input": [1]}',
    model="iris",
    model_id=b"\x07" * 32,
    tier=Tier.SIGNED,
    asset=ASSET,
    payer=PAYER,
    payment=UptoPayment(1_000, 1, 2_000_000_000, 0, b"\x01" * 65),
    max_amount_base_units=1_000,
    deadline_s=2_000_000_000,
)
COMPUTED = Computed(640, b"\x01" * 32, b"\x02" * 32, 1_764_000_000, b'{"output": [1]}')
IN_VAIN = Reason("in_vain", "it gave nothing")


def numbered(number: int) -> Order:
    return dataclasses.replace(ORDER, payment_key=f"network:payer:{number}")


class CountingDatabase(FragileDatabase):
    """Counts what it commits."""

    commits = 0

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with super().transaction() as session:
            yield session
        self.commits += 1


@pytest.fixture
def database(empty_database: FragileDatabase) -> FragileDatabase:
    upgrade(empty_database)
    return empty_database


@pytest.fixture
def jobs(database: FragileDatabase) -> Iterator[DurableJobs]:
    store = DurableJobs(database, BOOK)
    yield store
    store.close()


async def test_copies_of_a_request_are_one_job(jobs: DurableJobs) -> None:
    found = await asyncio.gather(*(jobs.reserve(ORDER) for _ in range(20)))
    assert [is_new for _, is_new in found] == [True] + [False] * 19
    assert {job.order.job_id for job, _ in found} == {ORDER.job_id}
    assert {job.state for job, _ in found} == {JobState.RESERVED}


@pytest.mark.parametrize("change", [{"body": b"other"}, {"resource": "/dearer"}])
async def test_a_payment_stands_for_one_request(jobs: DurableJobs, change: dict[str, object]) -> None:
    await jobs.reserve(ORDER)
    with pytest.raises(PaymentInUseError, match="sign a new one"):
        await jobs.reserve(dataclasses.replace(ORDER, **change))  # type: ignore[arg-type]


async def test_what_is_stored_is_what_was_ordered_and_computed(jobs: DurableJobs) -> None:
    job, _ = await jobs.reserve(ORDER)
    assert job.order == ORDER
    job = await jobs.computed(ORDER.job_id, COMPUTED)
    assert (job.state, job.computed) == (JobState.COMPUTED, COMPUTED)
    receipt = Receipt(b"\x01" * 32, b"\x02" * 32, PAYER, 640, 1_764_000_000, job.nonce or 0, Tier.SIGNED)
    expected = BOOK.domain.receipt_hash(GroupTerms(ORDER.model_id, PROVER, ASSET), receipt)
    assert job.receipt_hash == expected
    assert await jobs.find(ORDER.job_id) == await jobs.find(expected) == job


async def test_an_answer_never_changes(jobs: DurableJobs) -> None:
    await jobs.reserve(ORDER)
    first = await jobs.computed(ORDER.job_id, COMPUTED)
    other = dataclasses.replace(COMPUTED, response=b"{}", amount_base_units=1)
    assert await jobs.computed(ORDER.job_id, other) == first
    assert await jobs.release(ORDER.job_id, IN_VAIN) == first
    assert await jobs.reserve(ORDER) == (first, False)


async def test_a_released_payment_may_be_used_for_any_request(jobs: DurableJobs) -> None:
    await jobs.reserve(ORDER)
    released = await jobs.release(ORDER.job_id, IN_VAIN)
    assert (released.state, released.reason) == (JobState.RELEASED, IN_VAIN)
    other = dataclasses.replace(ORDER, body=b"other")
    job, is_new = await jobs.reserve(other)
    assert (job.order, job.state, job.reason, is_new) == (other, JobState.RESERVED, None, True)


@pytest.mark.parametrize("amount", [0, 1_001])
async def test_nobody_is_charged_more_than_it_signed_for(jobs: DurableJobs, amount: int) -> None:
    await jobs.reserve(ORDER)
    with pytest.raises(AmountError, match="from 1 to the maximum"):
        await jobs.computed(ORDER.job_id, dataclasses.replace(COMPUTED, amount_base_units=amount))


async def test_a_proof_is_evidence_at_once(jobs: DurableJobs) -> None:
    await jobs.reserve(dataclasses.replace(ORDER, tier=Tier.ZKML))
    proved = dataclasses.replace(COMPUTED, proof=ZkProof(b"\x05", (2**250, 3)))
    job = await jobs.computed(ORDER.job_id, proved)
    assert (job.state, job.evidence, job.computed) == (JobState.EVIDENCED, {"proof": "0x05"}, proved)


async def test_numbers_of_receipts_go_on_after_a_restart(database: FragileDatabase) -> None:
    nonces = []
    for number in range(3):
        store = DurableJobs(database, BOOK)
        await store.reserve(numbered(number))
        nonces.append((await store.computed(numbered(number).job_id, COMPUTED)).nonce)
        store.close()
    assert nonces == [nonces[0], (nonces[0] or 0) + 1, (nonces[0] or 0) + 2]


async def test_too_many_requests_are_sent_away(database: FragileDatabase) -> None:
    store = DurableJobs(database, BOOK, most_reserved=2)
    for number in range(2):
        await store.reserve(numbered(number))
    with pytest.raises(BusyError, match="2 requests wait"):
        await store.reserve(numbered(2))
    assert (await store.reserve(numbered(0)))[1] is False
    store.close()


async def test_whoever_waits_is_woken(jobs: DurableJobs) -> None:
    await jobs.reserve(ORDER)
    waiting = [
        asyncio.create_task(jobs.wait(ORDER.job_id, JobState.COMPUTED, timeout_s=20.0)) for _ in range(5)
    ]
    await asyncio.sleep(0.1)
    assert not any(task.done() for task in waiting)
    await jobs.computed(ORDER.job_id, COMPUTED)
    found = await asyncio.wait_for(asyncio.gather(*waiting), 5.0)
    assert {job.state for job in found} == {JobState.COMPUTED}


async def test_waiting_ends_with_the_time_or_with_the_request(jobs: DurableJobs) -> None:
    await jobs.reserve(ORDER)
    assert (await jobs.wait(ORDER.job_id, JobState.MINED, timeout_s=0.05)).state is JobState.RESERVED
    await jobs.release(ORDER.job_id, IN_VAIN)
    assert (await jobs.wait(ORDER.job_id, JobState.MINED, timeout_s=20.0)).state is JobState.RELEASED
    with pytest.raises(UnknownJobError, match="reserve it first"):
        await jobs.wait(numbered(2).job_id, JobState.MINED, timeout_s=1.0)


async def test_requests_that_come_together_share_commits(database: FragileDatabase) -> None:
    counting = CountingDatabase(database._url.render_as_string(hide_password=False))
    store = DurableJobs(counting, BOOK)
    await asyncio.gather(*(store.reserve(numbered(number)) for number in range(100)))
    assert len(store.unfinished()) == 100
    assert counting.commits < 20
    store.close()
    counting.close()


async def test_work_that_fails_takes_nothing_else_down(jobs: DurableJobs) -> None:
    def defect(unit: Unit) -> None:
        rows.reserve(unit, numbered(7), 1_000)
        raise ZeroDivisionError

    futures = [
        jobs.writer.submit(lambda unit: rows.reserve(unit, numbered(1), 1_000)),
        jobs.writer.submit(defect),
        jobs.writer.submit(lambda unit: rows.reserve(unit, numbered(2), 1_000)),
    ]
    results = await asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=True)
    assert isinstance(results[1], ZeroDivisionError)
    assert await jobs.find(numbered(1).job_id) is not None
    assert await jobs.find(numbered(2).job_id) is not None
    assert await jobs.find(numbered(7).job_id) is None


async def test_steps_of_one_transaction_see_each_other(jobs: DurableJobs) -> None:
    def together(unit: Unit) -> list[JobState]:
        first, is_new = rows.reserve(unit, ORDER, 1_000)
        copy, is_copy_new = rows.reserve(unit, ORDER, 1_000)
        assert (is_new, is_copy_new) == (True, False)
        held = rows.require(unit, ORDER.job_id)
        computed = rows.compute(unit, ORDER.job_id, COMPUTED, BOOK)
        late = rows.release(unit, ORDER.job_id, IN_VAIN)
        assert held.nonce == late.nonce
        return [first.state, copy.state, computed.state, late.state]

    seen = jobs.writer.run(together, ORDER.job_id)
    assert seen == [JobState.RESERVED, JobState.RESERVED, JobState.COMPUTED, JobState.COMPUTED]
    stored = await jobs.find(ORDER.job_id)
    assert stored is not None
    assert (stored.state, stored.computed) == (JobState.COMPUTED, COMPUTED)
    again = jobs.writer.run(lambda unit: rows.compute(unit, ORDER.job_id, COMPUTED, BOOK))
    assert again == stored


async def test_a_released_request_is_computed_after_it_was_taken_again(jobs: DurableJobs) -> None:
    def together(unit: Unit) -> JobState:
        rows.release(unit, ORDER.job_id, IN_VAIN)
        rows.reserve(unit, ORDER, 1_000)
        return rows.compute(unit, ORDER.job_id, COMPUTED, BOOK).state

    await jobs.reserve(ORDER)
    assert jobs.writer.run(together, ORDER.job_id) is JobState.COMPUTED
    stored = await jobs.find(ORDER.job_id)
    assert stored is not None
    assert (stored.state, stored.reason) == (JobState.COMPUTED, None)


async def test_a_client_that_goes_away_stops_no_writing(jobs: DurableJobs) -> None:
    tasks = [asyncio.create_task(jobs.reserve(numbered(number))) for number in range(20)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (await asyncio.wait_for(jobs.reserve(ORDER), 5.0))[0].state is JobState.RESERVED
