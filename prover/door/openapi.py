"""The OpenAPI description of the HTTP interface. Plain JSON: it loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prover.door.schemas import SCHEMAS

_VERSION = "1"
_JSON = "application/json"
_CHAT = "chat/completions"
_PAYMENT = {
    "name": "PAYMENT-SIGNATURE",
    "in": "header",
    "required": False,
    "description": "The payment, as clients of x402 version 2 make it: base64 of JSON. Without it: 402.",
    "schema": {"type": "string", "maxLength": 16_384},
}
_REQUIRED_HEADER = {
    "PAYMENT-REQUIRED": {
        "description": "x402's offers, and the code of what was wrong with the payment: base64 of JSON.",
        "schema": {"type": "string"},
    }
}
_RESPONSE_HEADER = {
    "PAYMENT-RESPONSE": {
        "description": "What became of the payment: base64 of JSON. Empty transaction: it is settled later.",
        "schema": {"type": "string"},
    }
}
_REFUSALS = {
    "400": "The body or the payment's header cannot be read.",
    "404": "No such model, tier or path.",
    "409": "The payment stands for another request, or was answered long ago.",
    "413": "The body is too large.",
    "422": "The model does not take this input.",
    "429": "Too much of this payer's work is unsettled.",
    "500": "The model gave no result; the payment was not used.",
    "503": "Too much work waits, chain or database do not answer, or the service is being stopped.",
}


def describe(directory: Mapping[str, Any]) -> dict[str, Any]:
    """The description of a prover that lists `directory` under `/v1/models`."""
    paths: dict[str, Any] = {
        "/v1/models": {"get": _get("Models, tiers, prices, routes and pay addresses", "Models")},
        "/v1/receipts/{id}": {"get": _receipt()},
        "/healthz": {"get": _health()},
        "/openapi.json": {"get": _get("This description", "Description")},
    }
    for model in directory["models"]:
        for tier in model["tiers"]:
            paths[tier["path"]] = {"post": _paid(model, tier), "get": _offers()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Veritally prover",
            "version": _VERSION,
            "description": f"AI inference, paid with x402 on {directory['network']}, settled with evidence.",
        },
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }


def _paid(model: Mapping[str, Any], tier: Mapping[str, Any]) -> dict[str, Any]:
    is_chat = str(tier["path"]).endswith(_CHAT)
    request, answer = ("ChatRequest", "ChatAnswer") if is_chat else ("InferRequest", "InferAnswer")
    content = {_JSON: {"schema": _ref(answer)}}
    if is_chat:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    return {
        "operationId": str(tier["path"]).removeprefix("/v1/").replace("/", "_"),
        "summary": f"{model['name']} at tier {tier['tier']}, for at most {tier['price']} base units",
        "parameters": [_PAYMENT],
        "requestBody": {"required": True, "content": {_JSON: {"schema": _ref(request)}}},
        "responses": {
            "200": {
                "description": "The answer, with its receipt.",
                "headers": _RESPONSE_HEADER,
                "content": content,
            },
            "402": {
                "description": "No payment, a payment that cannot be collected, or one that was not.",
                "headers": _REQUIRED_HEADER | _RESPONSE_HEADER,
                "content": {_JSON: {"schema": _ref("Error")}},
            },
            **{status: _reply(text, "Error") for status, text in _REFUSALS.items()},
        },
    }


def _offers() -> dict[str, Any]:
    reply = {**_reply("The offers, in a header.", "Error"), "headers": _REQUIRED_HEADER}
    return {"summary": "What one request costs at most", "responses": {"402": reply}}


def _receipt() -> dict[str, Any]:
    job_id = {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Id of the request, or hash of its receipt.",
        "schema": {"type": "string", "pattern": "^(0x)?[0-9a-fA-F]{64}$"},
    }
    described = _get("How far a paid request is", "Lookup")
    described["responses"]["404"] = _reply("No request has this id.", "Error")
    return {**described, "parameters": [job_id]}


def _health() -> dict[str, Any]:
    described = _get("Whether the chain answers", "Health")
    described["responses"]["503"] = _reply("It does not.", "Health")
    return described


def _get(summary: str, schema: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _reply(summary + ".", schema)}}


def _reply(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": _ref(schema)}}}


def _ref(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}
