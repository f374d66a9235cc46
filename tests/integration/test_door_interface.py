"""What the interface says of itself, and how far a request is."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import jsonschema
import pytest
from attacking import new_payer, post, signed
from prover_service import PRICES, RunningService

from veritally.devnet import Devnet


@pytest.fixture(scope="module")
def description(service: RunningService) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{service.url}/openapi.json").json()
    return found


def conforms(description: dict[str, Any], name: str, content: Any) -> None:
    """Checks JSON against a schema of the description, which must not be lax: an empty object must fail."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(content)
    assert not validator.is_valid({})


def references(content: Any) -> list[str]:
    if isinstance(content, dict):
        own = [content["$ref"]] if "$ref" in content else []
        return own + [found for value in content.values() for found in references(value)]
    return [found for item in content for found in references(item)] if isinstance(content, list) else []


def test_every_path_is_described(service: RunningService, description: dict[str, Any]) -> None:
    listed = {
        tier["path"]
        for model in httpx.get(f"{service.url}/v1/models").json()["models"]
        for tier in model["tiers"]
    }
    fixed = {"/v1/models", "/v1/receipts/{id}", "/healthz", "/openapi.json"}
    assert set(description["paths"]) == listed | fixed
    assert {service.infer_url(tier).removeprefix(service.url) for tier in PRICES} == listed


def test_the_description_is_complete_and_loads_nothing(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    named = {reference.removeprefix("#/components/schemas/") for reference in references(description)}
    assert named <= set(schemas)
    assert "http" not in json.dumps(description).replace("https://", "http://").replace("HTTP", "")
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("tier", PRICES)
async def test_answers_are_as_described(
    service: RunningService, devnet: Devnet, description: dict[str, Any], tier: str
) -> None:
    payer = new_payer(devnet)
    for scheme in ("upto", "batch-settlement"):
        answer = (await post(service, signed(service, payer, scheme, tier), tier)).json()
        conforms(description, "InferAnswer", answer)
        looked_up = httpx.get(f"{service.url}/v1/receipts/{answer['id']}").json()
        conforms(description, "Lookup", looked_up)
        assert looked_up["receipt"] == answer["receipt"]


async def test_everything_else_is_as_described(service: RunningService, description: dict[str, Any]) -> None:
    conforms(description, "Models", httpx.get(f"{service.url}/v1/models").json())
    conforms(description, "Health", httpx.get(f"{service.url}/healthz").json())
    conforms(description, "Error", httpx.post(service.infer_url("signed"), json={}).json())
    conforms(
        description, "Error", httpx.post(service.infer_url("signed"), json={"input": [1, 2, 3, 4]}).json()
    )


async def test_a_voucher_is_looked_up_from_its_answer_to_its_settlement(
    service: RunningService, devnet: Devnet
) -> None:
    answer = (await post(service, signed(service, new_payer(devnet), "batch-settlement"))).json()
    assert answer["settlement"] is None
    by_id = httpx.get(f"{service.url}/v1/receipts/{answer['id']}").json()
    by_hash = httpx.get(f"{service.url}/v1/receipts/{answer['receipt']['hash']}").json()
    assert by_id == by_hash
    assert by_id["settlement"] is None

    assert await asyncio.to_thread(service.parts.settling.drain, 30)

    settled = httpx.get(f"{service.url}/v1/receipts/{answer['id']}").json()
    assert settled["transaction"] == settled["settlement"]["transaction"]
    assert settled["evidence"]["merkle_proof"] == []
    assert settled["state"] in ("mined", "final")


@pytest.mark.parametrize("unknown", ["0x" + "00" * 32, "0x12", "..", "x" * 64])
def test_an_unknown_receipt_is_refused(service: RunningService, unknown: str) -> None:
    reply = httpx.get(f"{service.url}/v1/receipts/{unknown}")
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] in ("unknown_receipt", "not_found")
