"""JSON schemas of what the HTTP interface takes and gives."""

from __future__ import annotations

from typing import Any

from prover.jobs.job import JobState
from veritally.payments import PaymentScheme
from veritally.tiers import SETTLED_TIERS

_WORD = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
_ADDRESS = {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
_AMOUNT = {"type": "string", "pattern": "^[0-9]+$", "description": "Base units of the asset."}
_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_COUNT = {"type": "integer", "minimum": 0}
_TRUTH = {"type": "boolean"}
_TIER = {"enum": [tier.label for tier in SETTLED_TIERS]}
_HASH_OF_TRANSACTION = {"type": ["string", "null"], "pattern": "^0x[0-9a-f]{64}$"}
_ANYTHING: dict[str, Any] = {"type": "object"}


def _record(*optional: str, **fields: Any) -> dict[str, Any]:
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(name: str) -> dict[str, Any]:
    return {"anyOf": [_ref(name), {"type": "null"}]}


_PROOF_OF_PAYMENT = {
    "id": _WORD,
    "receipt": _ref("Receipt"),
    "settlement": _or_null("Settlement"),
    "evidence": _or_null("Evidence"),
}

SCHEMAS: dict[str, Any] = {
    "InferRequest": _record(input=_list(_NUMBER)),
    "InferAnswer": _record(output=_list(_NUMBER), label=_TEXT, tier=_TIER, **_PROOF_OF_PAYMENT),
    "ChatRequest": _ANYTHING,
    "ChatAnswer": _ANYTHING,
    "Receipt": _record(
        hash=_WORD,
        model_id=_WORD,
        prover=_ADDRESS,
        asset=_ADDRESS,
        request_hash=_WORD,
        response_hash=_WORD,
        payer=_ADDRESS,
        amount=_AMOUNT,
        served_at=_COUNT,
        nonce=_AMOUNT,
        floor=_TIER,
    ),
    "Settlement": _record(
        transaction=_WORD,
        block=_COUNT,
        seq=_COUNT,
        gas_used=_COUNT,
        development=_TRUTH,
        unbound=_TRUTH,
    ),
    "Evidence": _record(
        "circuit",
        "proof",
        "instances",
        "root",
        "signer",
        "signature",
        "merkle_proof",
        kind=_TEXT,
        route=_TEXT,
        circuit=_COUNT,
        proof=_TEXT,
        instances=_list(_WORD),
        root=_WORD,
        signer=_ADDRESS,
        signature=_TEXT,
        merkle_proof=_list(_WORD),
    ),
    "Lookup": _record(
        id=_WORD,
        state={"enum": [state.value for state in JobState]},
        model_id=_WORD,
        tier=_TIER,
        scheme={"enum": [scheme.label for scheme in PaymentScheme if scheme is not PaymentScheme.NONE]},
        transaction=_HASH_OF_TRANSACTION,
        receipt=_or_null("Receipt"),
        settlement=_or_null("Settlement"),
        evidence=_or_null("Evidence"),
        reason={"anyOf": [_record(code=_TEXT, message=_TEXT), {"type": "null"}]},
    ),
    "Models": _record(
        prover=_ADDRESS,
        network=_TEXT,
        asset=_record(address=_ADDRESS, decimals=_COUNT),
        routes=_list(_TEXT),
        models=_list(_ref("Model")),
    ),
    "Model": _record(name=_TEXT, model_id=_WORD, tiers=_list(_ref("Tier"))),
    "Tier": _record(tier=_TIER, path=_TEXT, price=_AMOUNT, pay_to=_ADDRESS),
    "Health": _record("chain_id", "block", status=_TEXT, chain_id=_COUNT, block=_COUNT),
    "Description": _ANYTHING,
    "Error": _record(error=_record("transaction", "id", "reason", code=_TEXT, message=_TEXT)),
}
