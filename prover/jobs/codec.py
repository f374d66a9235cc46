"""Orders and results as columns of a row, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from prover.jobs.job import Computed, Job, JobState, Order, Reason, Settlement, Voucher
from prover.jobs.tables import JobRow
from veritally.payments import (
    BatchPayment,
    ChannelConfig,
    ExactPayment,
    PaymentScheme,
    SignedPayment,
    UptoPayment,
    UptoPaymentWithPermit,
)
from veritally.settlement import ZkProof
from veritally.tiers import Tier
from veritally.x402 import ChannelDeposit

_PAYMENTS: Mapping[int, type[Any]] = {
    kind.scheme: kind for kind in (UptoPayment, UptoPaymentWithPermit, BatchPayment, ExactPayment)
}
_NESTED: Mapping[str, type[Any]] = {"upto": UptoPayment, "channel": ChannelConfig}


def payment_to_text(payment: SignedPayment) -> str:
    """A signed payment as JSON."""
    return _to_text({"scheme": int(payment.scheme), **_plain(payment)})


def payment_from_text(text: str) -> SignedPayment:
    """The payment back."""
    values = json.loads(text)
    payment: SignedPayment = _made(_PAYMENTS[PaymentScheme(values.pop("scheme"))], values)
    return payment


def channel_to_text(channel: ChannelConfig) -> str:
    """A channel's config as JSON."""
    return _to_text(_plain(channel))


def channel_from_text(text: str) -> ChannelConfig:
    """The config back."""
    channel: ChannelConfig = _made(ChannelConfig, json.loads(text))
    return channel


def order_columns(order: Order) -> dict[str, Any]:
    """What `JobRow` holds of an order."""
    voucher = order.voucher
    return {
        "id": order.job_id,
        "payment_key": order.payment_key,
        "resource": order.resource,
        "body": order.body,
        "fingerprint": order.fingerprint,
        "model": order.model,
        "model_id": order.model_id,
        "tier": int(order.tier),
        "asset": order.asset,
        "payer": order.payer,
        "payment": payment_to_text(order.payment),
        "max_amount": order.max_amount_base_units,
        "deadline_s": order.deadline_s,
        "streamed": order.streamed,
        "voucher": None if voucher is None else _to_text(_plain(voucher)),
        "channel_id": None if voucher is None else voucher.channel_id,
    }


def computed_columns(computed: Computed) -> dict[str, Any]:
    """What `JobRow` holds of a result."""
    proof = computed.proof
    shown = None if proof is None else {"proof": proof.proof.hex(), "instances": list(proof.instances)}
    return {
        "amount": computed.amount_base_units,
        "request_hash": computed.request_hash,
        "response_hash": computed.response_hash,
        "served_at_s": computed.served_at_s,
        "response": computed.response,
        "proof": None if shown is None else json.dumps(shown),
    }


def settlement_to_text(settlement: Settlement) -> str:
    """Where a request was settled, as JSON."""
    return json.dumps(asdict(settlement))


def job_of(row: JobRow) -> Job:
    """The job of a row."""
    reason = None if row.reason_code is None else Reason(row.reason_code, row.reason_message or "")
    return Job(
        order=order_of(row),
        state=JobState(row.state),
        created_at_s=row.created_at_s,
        computed=computed_of(row),
        nonce=row.nonce,
        receipt_hash=row.receipt_hash,
        evidence=None if row.evidence is None else json.loads(row.evidence),
        transaction=row.transaction,
        settlement=None if row.settlement is None else Settlement(**json.loads(row.settlement)),
        reason=reason,
    )


def order_of(row: JobRow) -> Order:
    """The order of a row."""
    return Order(
        payment_key=row.payment_key,
        resource=row.resource,
        body=row.body,
        model=row.model,
        model_id=row.model_id,
        tier=Tier(row.tier),
        asset=row.asset,
        payer=row.payer,
        payment=payment_from_text(row.payment),
        max_amount_base_units=row.max_amount,
        deadline_s=row.deadline_s,
        voucher=None if row.voucher is None else _voucher(json.loads(row.voucher)),
        streamed=row.streamed,
    )


def computed_of(row: JobRow) -> Computed | None:
    """The result of a row; None before there is one."""
    if row.response is None or row.amount is None:
        return None
    return Computed(
        amount_base_units=row.amount,
        request_hash=row.request_hash or b"",
        response_hash=row.response_hash or b"",
        served_at_s=row.served_at_s or 0,
        response=row.response,
        proof=_proof(row.proof),
    )


def _proof(text: str | None) -> ZkProof | None:
    if text is None:
        return None
    values = json.loads(text)
    return ZkProof(bytes.fromhex(values["proof"]), tuple(values["instances"]))


def _voucher(values: dict[str, Any]) -> Voucher:
    deposit = values.pop("deposit")
    made: Voucher = _made(Voucher, values | {"deposit": None})
    if deposit is None:
        return made
    return Voucher(made.channel_id, made.channel, made.cumulative_base_units, _made(ChannelDeposit, deposit))


def _to_text(values: dict[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"))


def _plain(value: Any) -> dict[str, Any]:
    """A dataclass as JSON: bytes as hex."""
    found = {item.name: getattr(value, item.name) for item in fields(value)}
    return {name: _plain_field(item) for name, item in found.items()}


def _plain_field(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if hasattr(value, "__dataclass_fields__"):
        return _plain(value)
    return value


def _made(kind: type[Any], values: Mapping[str, Any]) -> Any:
    return kind(**{name: _made_field(name, value) for name, value in values.items()})


def _made_field(name: str, value: Any) -> Any:
    if name in _NESTED and isinstance(value, dict):
        return _made(_NESTED[name], value)
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return value
