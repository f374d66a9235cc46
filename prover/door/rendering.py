"""What clients get: answers, receipts and headers, from the stored job alone, so that they never change."""

from __future__ import annotations

import json
from typing import Any

from x402.http.constants import PAYMENT_RESPONSE_HEADER
from x402.http.utils import encode_payment_response_header
from x402.schemas import SettleResponse

from prover.jobs.job import Computed, Job, JobState, Reason
from veritally.receipts import GroupTerms, Receipt
from veritally.tiers import Tier

NOT_SETTLED = "receipt_not_settled"
SETTLEMENT_PENDING = "settlement_pending"
"""x402's own word: the transaction may still be mined."""


class Renderer:
    """Renders the jobs of one prover."""

    def __init__(self, prover: str, network: str) -> None:
        self._prover = prover
        self._network = network

    def answer(self, job: Job) -> bytes:
        """The body of a paid answer."""
        return json.dumps(self._content(job), separators=(",", ":")).encode()

    def last_event(self, job: Job) -> bytes:
        """The server-sent event that ends a stream: the receipt, or why there is none."""
        if job.computed is not None:
            return _event("receipt", {"id": _hex(job.order.job_id), "receipt": self.receipt(job)})
        reason = job.reason or Reason("no_result_yet", "ask for the receipt later")
        content = {"code": reason.code, "message": reason.message, "id": _hex(job.order.job_id)}
        return _event("error", {"error": content})

    def whole_stream(self, job: Job) -> bytes:
        """A stream that was sent before, once more: the response in one event, and the last event."""
        return b"data: " + computed_of(job).response + b"\n\n" + self.last_event(job)

    def receipt(self, job: Job) -> dict[str, Any]:
        """All fields that the receipt hash covers; numbers above 2^53 as decimal strings."""
        terms, receipt = receipt_of(job, self._prover)
        assert job.receipt_hash is not None
        return {
            "hash": _hex(job.receipt_hash),
            "model_id": _hex(terms.model_id),
            "prover": terms.prover,
            "asset": terms.asset,
            "request_hash": _hex(receipt.request_hash),
            "response_hash": _hex(receipt.response_hash),
            "payer": receipt.payer,
            "amount": str(receipt.amount_base_units),
            "served_at": receipt.served_at_s,
            "nonce": str(receipt.nonce),
            "floor": receipt.floor.label,
        }

    def lookup(self, job: Job) -> dict[str, Any]:
        """What `GET /v1/receipts/{id}` says: never inputs, and nothing of an answer that is not paid for."""
        order = job.order
        found: dict[str, Any] = {
            "id": _hex(order.job_id),
            "state": job.state.value,
            "model_id": _hex(order.model_id),
            "tier": order.tier.label,
            "scheme": order.payment.scheme.label,
            "transaction": job.transaction or None,
            "receipt": None,
            "settlement": None,
            "evidence": None,
            "reason": None,
        }
        if job.reason is not None:
            found["reason"] = {"code": job.reason.code, "message": job.reason.message}
        if job.computed is not None and may_answer(job):
            found |= {"receipt": self.receipt(job), "evidence": job.evidence}
            found["settlement"] = _settlement(job)
        return found

    def response_header(self, job: Job) -> dict[str, str]:
        """The header PAYMENT-RESPONSE of an answer."""
        order, computed = job.order, computed_of(job)
        transaction, amount, extra = "", str(computed.amount_base_units), None
        if order.voucher is not None:
            before = order.voucher.cumulative_base_units - order.max_amount_base_units
            state = {
                "channelId": _hex(order.voucher.channel_id),
                "chargedCumulativeAmount": str(before + computed.amount_base_units),
            }
            amount, extra = "", {"channelState": state, "chargedAmount": amount}
        elif job.settlement is not None:
            transaction = job.settlement.transaction
        return self._header(True, order.payer, transaction, amount=amount, extra=extra)

    def stream_header(self, payer: str) -> dict[str, str]:
        """The header PAYMENT-RESPONSE of a stream, which leaves before anything is settled."""
        return self._header(True, payer, "")

    def failure_header(self, job: Job, code: str, message: str) -> dict[str, str]:
        """The header PAYMENT-RESPONSE of a payment that was not collected, as far as is known."""
        return self._header(False, job.order.payer, job.transaction, error_reason=code, error_message=message)

    def _content(self, job: Job) -> dict[str, Any]:
        """A voucher is answered before its settlement, and always in the same way."""
        is_voucher = job.order.voucher is not None
        has_evidence = not is_voucher or job.order.tier is Tier.ZKML
        return {
            **json.loads(computed_of(job).response),
            "id": _hex(job.order.job_id),
            "receipt": self.receipt(job),
            "settlement": None if is_voucher else _settlement(job),
            "evidence": job.evidence if has_evidence else None,
        }

    def _header(self, success: bool, payer: str, transaction: str, **more: Any) -> dict[str, str]:
        settled = SettleResponse(
            success=success, payer=payer, transaction=transaction, network=self._network, **more
        )
        return {PAYMENT_RESPONSE_HEADER: encode_payment_response_header(settled)}


def _event(name: str, content: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(content, separators=(',', ':'))}\n\n".encode()


def receipt_of(job: Job, prover: str) -> tuple[GroupTerms, Receipt]:
    """The receipt of a job that has been computed."""
    order, computed = job.order, computed_of(job)
    assert job.nonce is not None
    receipt = Receipt(
        request_hash=computed.request_hash,
        response_hash=computed.response_hash,
        payer=order.payer,
        amount_base_units=computed.amount_base_units,
        served_at_s=computed.served_at_s,
        nonce=job.nonce,
        floor=order.tier,
    )
    return GroupTerms(order.model_id, prover, order.asset), receipt


def computed_of(job: Job) -> Computed:
    """What a model gave for a job that has been computed."""
    assert job.computed is not None
    return job.computed


def may_answer(job: Job) -> bool:
    """Whether the client may see what the model gave.

    A voucher and a stream are answered at once; anything else when it is paid.
    """
    if job.computed is None or job.state is JobState.RELEASED:
        return False
    return job.state.is_settled or job.order.voucher is not None or job.order.streamed


def _settlement(job: Job) -> dict[str, Any] | None:
    settled = job.settlement
    if settled is None:
        return None
    return {
        "transaction": settled.transaction,
        "block": settled.block,
        "seq": settled.seq,
        "gas_used": settled.gas_used,
        "development": settled.development,
        "unbound": settled.unbound,
    }


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
