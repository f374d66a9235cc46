"""HTTP replies: answers, refusals and x402's 402."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from x402.http.constants import PAYMENT_REQUIRED_HEADER
from x402.http.utils import encode_payment_required_header
from x402.schemas import PaymentRequired, PaymentRequirements, ResourceInfo

from prover.door.desk import PAYMENT_IN_USE
from prover.door.errors import (
    CreditExceededError,
    MalformedHeaderError,
    NodeUnavailableError,
    PaymentRefusedError,
    StoreUnavailableError,
    WrongSumError,
)
from prover.door.rendering import NOT_SETTLED, SETTLEMENT_PENDING, Renderer, may_answer
from prover.door.visits import Visit
from prover.door.work import STATUS_OF_REASON
from prover.errors import ProverError, RequestRefusedError
from prover.jobs.errors import BusyError, PaymentInUseError
from prover.jobs.job import Job, JobState
from veritally.payments import PaymentScheme

PAYMENT_REQUIRED = "payment_required"
UNCACHED = {"Cache-Control": "no-store, private", "Vary": "PAYMENT-SIGNATURE"}
"""A cache between client and prover must not keep what was paid for, nor give it to somebody else."""
_RETRY = {"Retry-After": "2"}


class Replies:
    """Replies of one prover."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def result(self, job: Job) -> Response:
        """The reply to a paid request."""
        if may_answer(job):
            headers = UNCACHED | self._renderer.response_header(job)
            if job.order.streamed:
                return Response(
                    self._renderer.whole_stream(job), media_type="text/event-stream", headers=headers
                )
            return Response(self._renderer.answer(job), media_type="application/json", headers=headers)
        if job.state is JobState.RELEASED and job.reason is not None:
            status = STATUS_OF_REASON.get(job.reason.code, 500)
            return refusal(RequestRefusedError(status, job.reason.code, job.reason.message))
        if job.state is JobState.SKIPPED:
            reason = job.reason.message if job.reason else "the contract skipped the receipt"
            return self._unpaid(job, NOT_SETTLED, reason, {})
        message = (
            "it is not settled yet; send the same request with the same payment again, and pay nothing new"
        )
        return self._unpaid(job, SETTLEMENT_PENDING, message, _RETRY)

    def _unpaid(self, job: Job, code: str, message: str, headers: dict[str, str]) -> Response:
        job_id = "0x" + job.order.job_id.hex()
        content = {"code": code, "message": message, "transaction": job.transaction, "id": job_id}
        if job.state is JobState.SKIPPED and job.reason is not None:
            content["reason"] = job.reason.code
        headers = UNCACHED | headers | self._renderer.failure_header(job, code, message)
        return JSONResponse({"error": content}, status_code=402, headers=headers)


def payment_required(visit: Visit, error: PaymentRefusedError | None = None) -> Response:
    """x402's 402: the offers, and what was wrong with the payment."""
    code, message = PAYMENT_REQUIRED, "send the request with a payment for one of the offers"
    if error is not None:
        code, message = error.code, error.message
    offers = [dict(offer.as_requirements()) for offer in visit.offers]
    if isinstance(error, WrongSumError):
        for offer in offers:
            if offer["scheme"] == PaymentScheme.BATCH_SETTLEMENT.label:
                offer["extra"] = {**offer["extra"], **error.extra}
    description = f"{visit.handler.name}, one request at tier {visit.tier.label}"
    required = PaymentRequired(
        error=code,
        resource=ResourceInfo(url=visit.url, description=description, mime_type="application/json"),
        accepts=[PaymentRequirements.model_validate(offer) for offer in offers],
    )
    headers = UNCACHED | {PAYMENT_REQUIRED_HEADER: encode_payment_required_header(required)}
    return JSONResponse(_error(code, message), status_code=402, headers=headers)


def refusal(error: ProverError, visit: Visit | None = None) -> Response:
    """The reply to a request that is not taken."""
    if visit is not None and isinstance(error, PaymentRefusedError):
        return payment_required(visit, error)
    status, code, headers = 500, "internal_error", dict[str, str]()
    if isinstance(error, RequestRefusedError):
        status, code = error.status, error.code
    elif isinstance(error, PaymentInUseError):
        status, code = 409, PAYMENT_IN_USE
    elif isinstance(error, MalformedHeaderError):
        status, code = 400, "malformed_payment"
    elif isinstance(error, CreditExceededError):
        status, code, headers = 429, "credit_exceeded", _RETRY
    elif isinstance(error, BusyError):
        status, code, headers = 503, "busy", _RETRY
    elif isinstance(error, StoreUnavailableError):
        status, code, headers = 503, "store_unavailable", _RETRY
    elif isinstance(error, NodeUnavailableError):
        status, code, headers = 503, "chain_unreachable", _RETRY
    return JSONResponse(_error(code, str(error)), status_code=status, headers=UNCACHED | headers)


def _error(code: str, message: str) -> dict[str, Any]:
    # A message may repeat what the client wrote, and half a character has no UTF-8.
    return {"error": {"code": code, "message": message.encode(errors="replace").decode()}}
