from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from prover.errors import ShuttingDownError
from prover.payments import NotSettled, Outcome
from prover.settler import FinishedInference, fits_one_transaction
from prover.submitter import Submitter
from veritally.payments import UptoPayment
from veritally.receipts import ZERO_ADDRESS, GroupTerms, Receipt
from veritally.tiers import Tier

TERMS = GroupTerms(bytes(32), "0x" + "22" * 20, "0x" + "33" * 20)
LONG_S = 30.0
SHORT_S = 0.05


def inference(nonce: int, tier: Tier = Tier.SIGNED) -> FinishedInference:
    receipt = Receipt(bytes(32), bytes(32), ZERO_ADDRESS, 0, 0, nonce, tier)
    return FinishedInference(TERMS, tier, receipt, UptoPayment(0, 0, 0, 0, b""), None)


class Recorder:
    """Settles nothing, but remembers the batches that it was given; the reason is the nonce."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def settle(self, inferences: Sequence[FinishedInference]) -> list[Outcome]:
        nonces = [item.receipt.nonce for item in inferences]
        self.batches.append(nonces)
        return [NotSettled(str(nonce)) for nonce in nonces]


@asynccontextmanager
async def running(
    settle: Callable[[Sequence[FinishedInference]], Sequence[Outcome]],
    window_s: float = SHORT_S,
    max_age_s: float = LONG_S,
) -> AsyncIterator[Submitter]:
    submitter = Submitter(settle, window_s=window_s, max_age_s=max_age_s)
    submitter.start()
    try:
        yield submitter
    finally:
        await asyncio.wait_for(submitter.close(), 5)


async def test_a_batch_waits_for_the_slowest_paid_request() -> None:
    recorder = Recorder()
    async with running(recorder.settle) as submitter:
        slow_ticket = submitter.open_ticket()
        quick = asyncio.create_task(submitter.submit(inference(1), submitter.open_ticket()))
        await asyncio.sleep(6 * SHORT_S)
        assert recorder.batches == []
        slow = await submitter.submit(inference(2), slow_ticket)
        assert (await quick, slow) == (NotSettled("1"), NotSettled("2"))
    assert recorder.batches == [[1, 2]]


async def test_a_request_that_fails_does_not_hold_up_the_others() -> None:
    recorder = Recorder()
    async with running(recorder.settle) as submitter:
        failing = submitter.open_ticket()
        task = asyncio.create_task(submitter.submit(inference(1), submitter.open_ticket()))
        await asyncio.sleep(0)
        failing.close()
        failing.close()
        assert await asyncio.wait_for(task, 5) == NotSettled("1")
        late = submitter.open_ticket()
        assert await asyncio.wait_for(submitter.submit(inference(2), late), 5) == NotSettled("2")
    assert recorder.batches == [[1], [2]]


async def test_a_batch_does_not_wait_longer_than_its_highest_age() -> None:
    recorder = Recorder()
    async with running(recorder.settle, max_age_s=SHORT_S) as submitter:
        submitter.open_ticket()
        outcome = submitter.submit(inference(1), submitter.open_ticket())
        assert await asyncio.wait_for(outcome, 5) == NotSettled("1")


async def test_inferences_within_the_window_share_a_batch() -> None:
    recorder = Recorder()
    async with running(recorder.settle, window_s=0.3) as submitter:
        first = asyncio.create_task(submitter.submit(inference(1), submitter.open_ticket()))
        await asyncio.sleep(0.05)
        await submitter.submit(inference(2), submitter.open_ticket())
        await first
    assert recorder.batches == [[1, 2]]


async def test_a_batch_is_cut_where_the_gas_of_a_transaction_ends() -> None:
    recorder = Recorder()
    async with running(recorder.settle) as submitter:
        await asyncio.gather(
            *(submitter.submit(inference(n, Tier.ZKML), submitter.open_ticket()) for n in range(25))
        )
    assert [nonce for batch in recorder.batches for nonce in batch] == list(range(25))
    largest = max(len(batch) for batch in recorder.batches)
    assert fits_one_transaction([Tier.ZKML] * largest)
    assert not fits_one_transaction([Tier.ZKML] * (largest + 1))
    assert largest == 16, "as many proofs as are verified together in the benchmarks"


async def test_a_defect_while_settling_is_reported_as_uncertain_and_does_not_stop_the_service() -> None:
    recorder = Recorder()

    def settle(inferences: Sequence[FinishedInference]) -> Sequence[Outcome]:
        if inferences[0].receipt.nonce == 1:
            raise ZeroDivisionError
        return recorder.settle(inferences)

    async with running(settle) as submitter:
        broken = await submitter.submit(inference(1), submitter.open_ticket())
        assert isinstance(broken, NotSettled)
        assert not broken.certain
        assert await submitter.submit(inference(2), submitter.open_ticket()) == NotSettled("2")


async def test_closing_settles_what_waits_and_refuses_more() -> None:
    recorder = Recorder()
    async with running(recorder.settle, window_s=LONG_S) as submitter:
        task = asyncio.create_task(submitter.submit(inference(1), submitter.open_ticket()))
        await asyncio.sleep(0)
    assert await task == NotSettled("1")
    with pytest.raises(ShuttingDownError):
        await submitter.submit(inference(2), submitter.open_ticket())


async def test_a_client_that_goes_away_does_not_stop_its_batch() -> None:
    recorder = Recorder()
    async with running(recorder.settle) as submitter:
        gone = asyncio.create_task(submitter.submit(inference(1), submitter.open_ticket()))
        stays = asyncio.create_task(submitter.submit(inference(2), submitter.open_ticket()))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == NotSettled("2")
    assert recorder.batches == [[1, 2]]
