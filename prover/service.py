"""What happens to a paid request: reserved, run, stored; then it waits for its block."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

from x402.schemas import PaymentPayload, PaymentRequirements

from prover.catalogue import Catalogue, ServedModel
from prover.errors import InputError, ProverError, RequestRefusedError, ShuttingDownError
from prover.gate import Job as Request
from prover.inference import Runner
from prover.jobs.errors import BusyError, PaymentInUseError
from prover.jobs.job import Computed, Job, Jobs, JobState, Order, Reason
from prover.payments import PresentedPayment
from prover.requests import InferenceInput, parse_inference_body

_log = logging.getLogger("veritally.prover")
_LEFT_S = 10
"""Seconds that must be left until a payment's deadline for a request to be run again."""
_INTERRUPTED = Reason("interrupted", "the prover was interrupted; send the request again")
_TOO_LATE = Reason("too_late", "the payment expires before the request can be run again; sign a new one")
_STATUS_OF = {"unusable_input": 422, "stopping": 503}


class InferenceService:
    """Serves paid requests. Each of them is stored before it runs, and its answer before it is sent."""

    def __init__(self, catalogue: Catalogue, runner: Runner, jobs: Jobs, answer_timeout_s: float) -> None:
        """A request waits `answer_timeout_s` for its block; after that, it is told that it is pending."""
        self._catalogue = catalogue
        self._runner = runner
        self._jobs = jobs
        self._answer_timeout_s = answer_timeout_s
        self._running: set[asyncio.Task[None]] = set()

    async def serve(
        self, request: Request, payload: PaymentPayload, requirements: PaymentRequirements
    ) -> dict[str, Any] | None:
        """The answer to a paid request; None when it is not settled. The same request gets the same answer.

        Raises:
            RequestRefusedError: the payment stands for another request, or the model gave no result.
        """
        job, is_new = await self._reserve(self._order(request, payload, requirements))
        if is_new:
            self._start(job, request.model, request.request)
        job = await self._jobs.wait(job.order.job_id, JobState.MINED, timeout_s=self._answer_timeout_s)
        if job.state is JobState.RELEASED:
            raise _refusal(job.reason)
        return self._answer(job) if job.state.is_settled else None

    async def resume(self, left: list[Job]) -> None:
        """Runs again what an earlier process has left unfinished; what cannot be run is given back."""
        for job in left:
            order = job.order
            model = self._catalogue.models.get(order.model)
            if model is None or model.model_id != order.model_id or order.streamed:
                await self._jobs.release(
                    order.job_id, Reason("interrupted", "it was interrupted; send it again")
                )
            elif order.deadline_s and order.deadline_s < time.time() + _LEFT_S:
                await self._jobs.release(
                    order.job_id, Reason("too_late", "its payment expires; sign a new one")
                )
            else:
                await self._run_again(job, model)

    async def _run_again(self, job: Job, model: ServedModel) -> None:
        try:
            request = parse_inference_body(job.order.body, model.package)
        except RequestRefusedError as error:
            await self._jobs.release(job.order.job_id, Reason(error.code, error.message))
        else:
            self._start(job, model, request)

    async def close(self) -> None:
        """Waits for the requests that run."""
        await asyncio.gather(*self._running)

    async def _reserve(self, order: Order) -> tuple[Job, bool]:
        try:
            return await self._jobs.reserve(order)
        except PaymentInUseError as error:
            raise RequestRefusedError(409, "payment_already_in_use", str(error)) from None
        except BusyError as error:
            raise RequestRefusedError(503, "busy", str(error)) from None

    def _start(self, job: Job, model: ServedModel, request: InferenceInput) -> None:
        """In a task of its own: a client that goes away stops nothing that is paid for."""
        task = asyncio.create_task(self._run(job.order, model, request))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, order: Order, model: ServedModel, request: InferenceInput) -> None:
        try:
            answer = await self._runner.run(model, order.tier, request)
            content = {"output": list(answer.output), "label": answer.label, "tier": order.tier.label}
            computed = Computed(
                amount_base_units=order.max_amount_base_units,
                request_hash=answer.request_hash,
                response_hash=answer.response_hash,
                served_at_s=int(time.time()),
                response=json.dumps(content).encode(),
                proof=answer.proof,
            )
            await self._jobs.computed(order.job_id, computed)
        except Exception as error:
            await self._jobs.release(order.job_id, _reason(error))

    def _order(self, request: Request, payload: PaymentPayload, requirements: PaymentRequirements) -> Order:
        payment = PresentedPayment.from_payload(payload)
        return Order(
            payment_key=payment.payment_id.key_on(self._catalogue.network),
            resource=f"/v1/{request.tier.label}/models/{request.model.package.name}/infer",
            body=request.body,
            model=request.model.package.name,
            model_id=request.model.model_id,
            tier=request.tier,
            asset=self._catalogue.asset,
            payer=payment.payment_id.payer,
            payment=payment.upto,
            max_amount_base_units=int(requirements.amount),
            deadline_s=payment.upto.deadline_s,
        )

    def _answer(self, job: Job) -> dict[str, Any]:
        if job.computed is None or job.settlement is None:
            raise RuntimeError(f"request 0x{job.order.job_id.hex()} is {job.state} without a result")
        return {
            **json.loads(job.computed.response),
            "receipt": self._receipt_json(job, job.computed),
            "settlement": dict(vars(job.settlement)),
            "evidence": job.evidence,
        }

    def _receipt_json(self, job: Job, computed: Computed) -> dict[str, Any]:
        """All fields that the receipt hash covers; numbers above 2^53 as decimal strings."""
        order = job.order
        return {
            "hash": "0x" + (job.receipt_hash or b"").hex(),
            "model_id": "0x" + order.model_id.hex(),
            "prover": self._catalogue.prover,
            "asset": order.asset,
            "request_hash": "0x" + computed.request_hash.hex(),
            "response_hash": "0x" + computed.response_hash.hex(),
            "payer": order.payer,
            "amount": str(computed.amount_base_units),
            "served_at": computed.served_at_s,
            "nonce": str(job.nonce),
            "floor": order.tier.label,
        }


def _reason(error: Exception) -> Reason:
    """Why a paid request gave nothing."""
    if isinstance(error, InputError):
        return Reason("unusable_input", f"{error}; the payment was not used")
    if isinstance(error, ShuttingDownError):
        return Reason("stopping", str(error))
    _log.error("an inference failed", exc_info=error)
    code = "inference_failed" if isinstance(error, ProverError) else "internal_error"
    return Reason(code, "the model gave no result; the payment was not used")


def _refusal(reason: Reason | None) -> RequestRefusedError:
    """What the client of a request that gave nothing is told."""
    reason = reason or Reason("internal_error", "the model gave no result; the payment was not used")
    return RequestRefusedError(_STATUS_OF.get(reason.code, 500), reason.code, reason.message)
