"""What happens to a request: offer, payment, reservation, work, settlement, answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from x402.mechanisms.evm.batch_settlement import errors as codes

from prover.door.answers import Ask, Handler
from prover.door.channels import ChannelJobs
from prover.door.checks import PaymentChecker
from prover.door.directory import Directory
from prover.door.errors import DoorError, PaymentRefusedError, WrongSumError
from prover.door.node_reads import NodeReads
from prover.door.offers import Menu
from prover.door.payments import OfferedPayment, payment_header, read_offered
from prover.door.visits import Admitted, Visit, order_of
from prover.door.work import Work
from prover.errors import RequestRefusedError
from prover.jobs.errors import ChannelStateError, PaymentInUseError
from prover.jobs.job import Job, JobState, Order, Reason
from veritally.tiers import Tier

PAYMENT_IN_USE = "payment_already_in_use"
_ANSWERED_AT_ONCE = (JobState.COMPUTED, JobState.EVIDENCED, JobState.SUBMITTED, JobState.UNKNOWN)
_LONGEST_WATCH_S = 86_400.0
_LEFT_S = 10
"""Seconds that must be left of a payment for a request to be run again."""
_INTERRUPTED = Reason("interrupted", "the prover was interrupted; send the request again")
_TOO_LATE = Reason("too_late", "the payment expires before the request can be run again; sign a new one")


class Desk:
    """Takes payments and has the work done, each payment for one request."""

    def __init__(self, menu: Menu, jobs: ChannelJobs, checker: PaymentChecker, reads: NodeReads) -> None:
        self._menu = menu
        self._jobs = jobs
        self._checker = checker
        self._credit = checker.credit
        self._reads = reads
        self._policy = menu.policy
        self._work = Work(jobs)
        self._watching: dict[bytes, asyncio.Task[None]] = {}

    async def resume(self, left: Sequence[Job], directory: Directory) -> None:
        """Goes on with what an earlier process left unfinished.

        What was not computed is run again, or given back when it cannot be. The rest is still owed.
        """
        for job in left:
            handler = directory.handler_of(job.order)
            if job.state is not JobState.RESERVED:
                self._count(job.order)
            elif handler is None or job.order.streamed:
                await self._jobs.release(job.order.job_id, _INTERRUPTED)
            elif job.order.deadline_s and job.order.deadline_s < time.time() + _LEFT_S:
                await self._jobs.release(job.order.job_id, _TOO_LATE)
            else:
                self._run_again(handler, job.order)

    async def close(self) -> None:
        """Waits for the work that runs, and ends the connections."""
        await self._work.close()
        for task in list(self._watching.values()):
            task.cancel()
        await self._reads.close()

    def visit(self, handler: Handler, tier: Tier, resource: str, url: str, body: bytes) -> Visit:
        """Reads a request.

        Raises:
            RequestRefusedError: it is not in order.
        """
        ask = handler.ask(tier, body)
        return self._visit(handler, tier, resource, url, body, ask)

    def window(self, handler: Handler, tier: Tier, resource: str, url: str) -> Visit:
        """What a request would cost at most, without one."""
        ask = Ask(handler.prices_base_units[tier])
        return self._visit(handler, tier, resource, url, b"", ask)

    def _visit(self, handler: Handler, tier: Tier, resource: str, url: str, body: bytes, ask: Ask) -> Visit:
        offers = self._menu.offers(handler, tier, ask.max_amount_base_units)
        return Visit(handler, tier, resource, url, body, ask, offers)

    async def admit(self, visit: Visit, headers: Sequence[tuple[bytes, bytes]]) -> Admitted | None:
        """Takes the payment of a request and starts its work, once; None when it carries no payment.

        Raises:
            DoorError: the payment is not taken.
            JobError: it is not stored.
        """
        header = payment_header(headers)
        if header is None:
            return None
        payment = read_offered(header, visit.offers)
        order = order_of(visit, payment)
        try:
            voucher = await self._checker.check(payment, visit.handler.longest_s(visit.tier))
            order = replace(order, voucher=voucher)
            is_first = self._hold(order)
        except DoorError:  # such as for a payment that was collected, for this very request
            known = await self._jobs.find(order.job_id)
            if known is None or known.state is JobState.RELEASED:
                raise
            return Admitted(await self._same(visit, known, order, payment), None)
        return await self._reserve(visit, order, payment, is_first)

    async def result(self, visit: Visit, job: Job) -> Job:
        """The job when it can be answered, or as far as it is when the client has waited long enough."""
        if job.state.is_over:
            return job
        until_s = time.monotonic() + visit.handler.longest_s(visit.tier) + self._policy.settle_wait_s
        at_once = job.order.voucher is not None or job.order.streamed
        if at_once:
            done = await self._work.outcome(job.order.job_id, until_s - time.monotonic())
            if done is not None:
                return done
        states = (*(_ANSWERED_AT_ONCE if at_once else ()), JobState.MINED, JobState.FINAL)
        left_s = max(0.0, until_s - time.monotonic())
        return await self._jobs.wait(job.order.job_id, *states, timeout_s=left_s)

    async def _reserve(self, visit: Visit, order: Order, payment: OfferedPayment, is_first: bool) -> Admitted:
        """Stores an order that is held, and starts it. `is_first`: no copy of it was held before."""
        try:
            job, is_new = await self._jobs.reserve(order)
        except BaseException as error:
            if is_first:
                self._let_go(order)
            await self._explain(error, payment)
            raise
        if not is_new:
            if is_first:
                self._let_go(order)
            return Admitted(await self._same(visit, job, order, payment), None)
        self._count(order)  # a copy that was held before may have been let go
        parts = self._work.start(visit.handler, order)
        return Admitted(job, parts if order.streamed else None)

    async def _explain(self, error: BaseException, payment: OfferedPayment) -> None:
        """Where a voucher does not fit, its client is told how to go on.

        Raises:
            PaymentRefusedError: it is told.
        """
        if isinstance(error, PaymentInUseError | ChannelStateError):
            await self._require_sum(payment)
        if isinstance(error, ChannelStateError):
            raise PaymentRefusedError(codes.ERR_CHANNEL_BUSY, str(error)) from None

    def _hold(self, order: Order) -> bool:
        """Counts what the order will take from its payer; False when a copy of it is counted already."""
        if order.voucher is None:
            return self._credit.take(order.payer, order.job_id, order.max_amount_base_units)
        return self._checker.channels.promise(order.voucher, self._menu.chain_id)

    def _let_go(self, order: Order) -> None:
        if order.voucher is None:
            self._credit.give_back(order.payer, order.job_id)
        else:
            self._checker.channels.take_back(order.voucher, self._menu.chain_id)

    def _count(self, order: Order) -> None:
        """Counts what an order that was taken before will take from its payer."""
        if order.voucher is not None:
            self._checker.channels.promise(order.voucher, self._menu.chain_id)
        else:
            self._credit.keep(order.payer, order.job_id, order.max_amount_base_units)
            self._watch(order)

    def _run_again(self, handler: Handler, order: Order) -> None:
        self._count(order)
        self._work.start(handler, order)

    def _watch(self, order: Order) -> None:
        """Gives the credit back once the order is settled or ended: this run of it, not an earlier one."""
        if (earlier := self._watching.get(order.job_id)) is not None:
            earlier.cancel()
        task = asyncio.create_task(self._give_back_after(order))
        self._watching[order.job_id] = task
        task.add_done_callback(partial(self._unwatch, order.job_id))

    def _unwatch(self, job_id: bytes, ended: asyncio.Task[None]) -> None:
        if self._watching.get(job_id) is ended:
            del self._watching[job_id]

    async def _give_back_after(self, order: Order) -> None:
        settled = (JobState.MINED, JobState.FINAL)
        await self._jobs.wait(order.job_id, *settled, timeout_s=_LONGEST_WATCH_S)
        self._reads.forget(order.payer)
        self._credit.give_back(order.payer, order.job_id)

    async def _same(self, visit: Visit, job: Job, order: Order, payment: OfferedPayment) -> Job:
        """The job, when it is of the same request and the very same payment, and not too old.

        One that nobody runs, as when the database was lost while it was reserved, is run now.

        Raises:
            PaymentInUseError: it is of another request, or the payment was signed once more.
            PaymentRefusedError: the same of a voucher; its client is told how to go on.
            RequestRefusedError: it was answered long ago.
        """
        if job.order.fingerprint != order.fingerprint or job.order.payment != order.payment:
            await self._require_sum(payment)
            raise PaymentInUseError(order.payment_key)
        if job.state.is_over and job.created_at_s + self._policy.answer_kept_s < time.time():
            message = f"this payment was answered long ago; see /v1/receipts/0x{order.job_id.hex()}"
            raise RequestRefusedError(409, PAYMENT_IN_USE, message)
        if self._is_left(job) and not order.streamed:
            job = await self._jobs.find(order.job_id) or job  # it may have ended since it was read
            if self._is_left(job):
                self._run_again(visit.handler, job.order)
        return job

    def _is_left(self, job: Job) -> bool:
        """Whether nobody runs what was reserved."""
        return job.state is JobState.RESERVED and not self._work.is_running(job.order.job_id)

    async def _require_sum(self, payment: OfferedPayment) -> None:
        """Checks that a voucher goes on from what its channel was charged; other payments pass.

        Raises:
            PaymentRefusedError: it does not, or another request of the channel runs.
        """
        channel, cumulative = payment.channel_id, payment.cumulative_base_units
        known = None if channel is None else await self._jobs.channel(channel)
        if channel is None or known is None:
            return
        if known.is_busy:
            message = "another request of this channel runs; send this one again when that is answered"
            raise PaymentRefusedError(codes.ERR_CHANNEL_BUSY, message)
        if cumulative != known.charged_base_units + payment.offer.amount_base_units:
            extra = await self._checker.channels.correction(known, channel)
            raise WrongSumError(known.charged_base_units, extra)
