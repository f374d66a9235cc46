"""What happens to a paid request: run, receipt, evidence, settlement, answer."""

from __future__ import annotations

import itertools
import logging
import time
from typing import Any

from x402.schemas import PaymentPayload, PaymentRequirements

from prover.catalogue import Catalogue
from prover.errors import InputError, ProverError, RequestRefusedError, ShuttingDownError
from prover.gate import Job
from prover.inference import ModelAnswer, Runner
from prover.payments import NotSettled, PaymentLedger, PresentedPayment, Settled
from prover.settler import FinishedInference
from prover.submitter import Submitter, Ticket
from veritally.receipts import GroupTerms, Receipt, SettlementDomain

_log = logging.getLogger("veritally.prover")


class InferenceService:
    """Serves paid requests. Every reserved payment ends with an outcome or is given back."""

    def __init__(
        self,
        catalogue: Catalogue,
        domain: SettlementDomain,
        runner: Runner,
        submitter: Submitter,
        ledger: PaymentLedger,
    ) -> None:
        self._catalogue = catalogue
        self._domain = domain
        self.runner = runner
        self._submitter = submitter
        self._ledger = ledger
        # Microseconds, so that a restarted service goes on above every number it used before.
        self._nonces = itertools.count(time.time_ns() // 1000)

    async def serve(
        self, job: Job, payload: PaymentPayload, requirements: PaymentRequirements
    ) -> dict[str, Any] | None:
        """The answer to a request whose payment is reserved; None when it was not settled.

        Raises:
            RequestRefusedError: the model gave no result; the payment was not used.
        """
        payment = PresentedPayment.from_payload(payload)
        try:
            answer = await self.runner.run(job.model, job.tier, job.request)
            inference = self._finish(job, answer, payment, int(requirements.amount))
            outcome = await self._submitter.submit(inference, _require_ticket(job))
        except Exception as error:
            self._ledger.release(payment.payment_id)
            raise _refusal(error) from error
        self._ledger.record(payment.payment_id, outcome)
        if isinstance(outcome, NotSettled):
            return None
        return self._answer(job, answer, inference, outcome)

    def _finish(
        self, job: Job, answer: ModelAnswer, payment: PresentedPayment, amount_base_units: int
    ) -> FinishedInference:
        receipt = Receipt(
            request_hash=answer.request_hash,
            response_hash=answer.response_hash,
            payer=payment.payment_id.payer,
            amount_base_units=amount_base_units,
            served_at_s=int(time.time()),
            nonce=next(self._nonces),
            floor=job.tier,
        )
        terms = GroupTerms(job.model.model_id, self._catalogue.prover, self._catalogue.asset)
        return FinishedInference(terms, job.tier, receipt, payment.upto, answer.proof)

    def _answer(
        self, job: Job, answer: ModelAnswer, inference: FinishedInference, settled: Settled
    ) -> dict[str, Any]:
        return {
            "output": list(answer.output),
            "label": answer.label,
            "tier": job.tier.label,
            "receipt": self._receipt_json(inference.terms, inference.receipt),
            "settlement": {
                "transaction": settled.transaction,
                "block": settled.block,
                "seq": settled.seq,
                "gas_used": settled.gas_used,
                "development": settled.labels.development,
                "unbound": settled.labels.unbound,
            },
            "evidence": settled.evidence,
        }

    def _receipt_json(self, terms: GroupTerms, receipt: Receipt) -> dict[str, Any]:
        """All fields that the receipt hash covers; numbers above 2^53 as decimal strings."""
        return {
            "hash": "0x" + self._domain.receipt_hash(terms, receipt).hex(),
            "model_id": "0x" + terms.model_id.hex(),
            "prover": terms.prover,
            "asset": terms.asset,
            "request_hash": "0x" + receipt.request_hash.hex(),
            "response_hash": "0x" + receipt.response_hash.hex(),
            "payer": receipt.payer,
            "amount": str(receipt.amount_base_units),
            "served_at": receipt.served_at_s,
            "nonce": str(receipt.nonce),
            "floor": receipt.floor.label,
        }


def _require_ticket(job: Job) -> Ticket:
    if job.ticket is None:
        raise RequestRefusedError(402, "payment_required", "send the request with a PAYMENT-SIGNATURE header")
    return job.ticket


def _refusal(error: Exception) -> RequestRefusedError:
    """What the client is told when its paid request could not be served."""
    if isinstance(error, RequestRefusedError):
        return error
    if isinstance(error, InputError):
        return RequestRefusedError(422, "unusable_input", f"{error}; the payment was not used")
    if isinstance(error, ShuttingDownError):
        return RequestRefusedError(503, "stopping", str(error))
    _log.error("an inference failed", exc_info=error)
    kind = "inference_failed" if isinstance(error, ProverError) else "internal_error"
    return RequestRefusedError(500, kind, "the model gave no result; the payment was not used")
