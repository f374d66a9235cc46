from __future__ import annotations

import json
from pathlib import Path

import pytest
from deployments import make_deployment

from veritally.pay_address import pay_address, pay_address_of
from veritally.tiers import SETTLED_TIERS, Tier

VECTORS: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "receipts.json").read_text(encoding="utf-8")
)["payAddresses"]


@pytest.mark.parametrize("vector", VECTORS)
def test_pay_address_is_the_pinned_one(vector: dict[str, str]) -> None:
    floor = Tier(int(vector["floor"]))
    address = pay_address(vector["factory"], vector["implementation"], vector["prover"], floor)
    assert address == vector["payAddress"]


def test_prover_and_floor_change_the_address() -> None:
    assert len({vector["payAddress"] for vector in VECTORS}) == len(VECTORS) == 2 * len(SETTLED_TIERS)


def test_pay_address_of_takes_the_factory_of_the_deployment() -> None:
    vector = VECTORS[0]
    deployment = make_deployment(PayAddressFactory=vector["factory"], implementation=vector["implementation"])
    assert pay_address_of(deployment, vector["prover"], Tier(int(vector["floor"]))) == vector["payAddress"]
