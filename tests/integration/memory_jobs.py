"""Paid requests in memory, settled on the real chain: stands in for the durable store."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, replace
from typing import Any, cast

from prover.jobs.errors import ChannelStateError, PaymentInUseError
from prover.jobs.job import Computed, Job, JobState, Order, Reason, Settlement
from prover.payments import Settled
from prover.settler import FinishedInference
from prover.submitter import Submitter, Ticket
from veritally.devnet import Devnet
from veritally.payments import BatchPayment
from veritally.receipts import GroupTerms, Receipt, SettlementDomain
from veritally.x402.addresses import CHANNELS_ADDRESS


@dataclass
class MemoryChannel:
    charged_base_units: int
    voucher_base_units: int | None = None
    voucher_signature: bytes | None = None
    running: bytes | None = None

    @property
    def is_busy(self) -> bool:
        return self.running is not None


class MemoryJobs:
    def __init__(self, devnet: Devnet, submitter: Submitter) -> None:
        self._devnet = devnet
        self._submitter = submitter
        self._jobs: dict[bytes, Job] = {}
        self._channels: dict[bytes, MemoryChannel] = {}
        self._tickets: dict[bytes, Ticket] = {}
        self._nonces = itertools.count(time.time_ns() // 1000)
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def reserve(self, order: Order) -> tuple[Job, bool]:
        known = self._jobs.get(order.job_id)
        if known is not None and known.state is not JobState.RELEASED:
            if known.order.fingerprint != order.fingerprint:
                raise PaymentInUseError(order.payment_key)
            return known, False
        if order.voucher is not None:
            base = order.voucher.cumulative_base_units - order.max_amount_base_units
            channel = self._channels.setdefault(order.voucher.channel_id, MemoryChannel(base))
            if channel.is_busy or base != channel.charged_base_units:
                raise ChannelStateError(order.voucher.channel_id, "busy or wrong", channel.charged_base_units)
            channel.running = order.job_id
        self._tickets[order.job_id] = self._submitter.open_ticket()
        job = Job(order, JobState.RESERVED, time.time())
        await self._put(job)
        return job, True

    async def computed(self, job_id: bytes, computed: Computed) -> Job:
        job, nonce = self._jobs[job_id], next(self._nonces)
        job = replace(job, state=JobState.COMPUTED, computed=computed, nonce=nonce)
        terms, receipt = self._receipt(job)
        domain = SettlementDomain.of(self._devnet.deployment)
        job = replace(job, receipt_hash=domain.receipt_hash(terms, receipt))
        if job.order.voucher is not None:
            channel = self._channels[job.order.voucher.channel_id]
            payment = cast(BatchPayment, job.order.payment)
            channel.charged_base_units += computed.amount_base_units
            channel.voucher_base_units = payment.max_claimable_base_units
            channel.voucher_signature, channel.running = payment.signature, None
        await self._put(job)
        task = asyncio.create_task(self._settle(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def release(self, job_id: bytes, reason: Reason) -> Job:
        job = replace(self._jobs[job_id], state=JobState.RELEASED, reason=reason)
        if job.order.voucher is not None:
            self._channels[job.order.voucher.channel_id].running = None
        self._tickets.pop(job_id).close()
        await self._put(job)
        return job

    async def find(self, job_id: bytes) -> Job | None:
        by_hash = (job for job in self._jobs.values() if job.receipt_hash == job_id)
        return self._jobs.get(job_id) or next(by_hash, None)

    async def channel(self, channel_id: bytes) -> MemoryChannel | None:
        return self._channels.get(channel_id)

    async def wait(self, job_id: bytes, *states: JobState, timeout_s: float) -> Job:
        def is_there() -> bool:
            job = self._jobs[job_id]
            return job.state in states or job.state.is_over

        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(is_there)
        except TimeoutError:
            pass
        return self._jobs[job_id]

    def _receipt(self, job: Job) -> tuple[GroupTerms, Receipt]:
        order, computed = job.order, job.computed
        assert computed is not None
        assert job.nonce is not None
        hashes = (computed.request_hash, computed.response_hash)
        amount, served_at_s = computed.amount_base_units, computed.served_at_s
        receipt = Receipt(*hashes, order.payer, amount, served_at_s, job.nonce, order.tier)
        return GroupTerms(order.model_id, self._devnet.accounts.prover.address, order.asset), receipt

    async def _settle(self, job: Job) -> None:
        terms, receipt = self._receipt(job)
        order, computed = job.order, cast(Computed, job.computed)
        if order.voucher is not None and order.voucher.deposit is not None:
            await asyncio.to_thread(self._bring, order.voucher.deposit.calldata())
        finished = FinishedInference(terms, order.tier, receipt, cast(Any, order.payment), computed.proof)
        outcome = await self._submitter.submit(finished, self._tickets[order.job_id])
        if isinstance(outcome, Settled):
            labels = outcome.labels
            settlement = Settlement(
                outcome.transaction,
                outcome.block,
                outcome.gas_used,
                outcome.seq,
                labels.development,
                labels.unbound,
            )
            settled = replace(job, state=JobState.MINED, settlement=settlement, evidence=outcome.evidence)
            await self._put(replace(settled, transaction=outcome.transaction))
        else:
            state = JobState.SKIPPED if outcome.certain else JobState.UNKNOWN
            reason = Reason("skipped", outcome.reason)
            await self._put(replace(job, state=state, reason=reason, transaction=outcome.transaction))

    def _bring(self, calldata: bytes) -> None:
        self._devnet.chain.send_data("deposit", CHANNELS_ADDRESS, calldata, self._devnet.accounts.relayer)

    async def _put(self, job: Job) -> None:
        self._jobs[job.order.job_id] = job
        async with self._changed:
            self._changed.notify_all()
