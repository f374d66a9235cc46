"""One free inference of the tier SIGNED, settled through Ape; its digests come from eth_account."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from ape.api import AccountAPI
from ape.contracts import ContractInstance
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils import keccak

from veritally.deployment import Deployment
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier

ZERO_ADDRESS = "0x" + 40 * "0"
MODEL_ID = bytes(31) + b"\x01"
SERVED_AT_S = 1_700_000_000
NONCE = 7
ROUTE = ROUTE_OF[Tier.SIGNED]
RECEIPT = {
    "requestHash": bytes(31) + b"\x02",
    "responseHash": bytes(31) + b"\x03",
    "payer": ZERO_ADDRESS,
    "terms": NONCE << 192 | SERVED_AT_S << 32 | Tier.SIGNED << 24,
}
RECEIPT_FIELDS = (
    ("modelId", "bytes32"),
    ("prover", "address"),
    ("asset", "address"),
    ("requestHash", "bytes32"),
    ("responseHash", "bytes32"),
    ("payer", "address"),
    ("terms", "uint256"),
)
GROUP_FIELDS = (("root", "bytes32"), ("route", "bytes4"))


def typed_data(
    deployment: Deployment, name: str, fields: tuple[tuple[str, str], ...], values: dict[str, Any]
) -> SignableMessage:
    """EIP-712 message of our Settlement's domain."""
    domain = {
        "name": "Veritally",
        "version": "1",
        "chainId": deployment.chain_id,
        "verifyingContract": deployment.settlement,
    }
    types = {name: [{"name": field, "type": kind} for field, kind in fields]}
    return encode_typed_data(domain, types, values)


@pytest.fixture
def receipt_hash(deployment: Deployment, prover: AccountAPI) -> bytes:
    values = {"modelId": MODEL_ID, "prover": prover.address, "asset": ZERO_ADDRESS, **RECEIPT}
    message = typed_data(deployment, "Receipt", RECEIPT_FIELDS, values)
    return keccak(b"\x19" + message.version + message.header + message.body)


@pytest.fixture
def group(deployment: Deployment, prover: AccountAPI, receipt_hash: bytes) -> dict[str, Any]:
    """A group of one receipt, whose hash is the root. The prover submits it and need not authorise it."""
    message = typed_data(deployment, "Group", GROUP_FIELDS, {"root": receipt_hash, "route": ROUTE})
    return {
        "modelId": MODEL_ID,
        "prover": prover.address,
        "route": ROUTE,
        "asset": ZERO_ADDRESS,
        "receipts": [tuple(RECEIPT.values())],
        "evidence": prover.sign_message(message).encode_rsv(),
        "authorization": b"",
        "payments": [],
    }


def test_settle_counts_and_emits(
    settlement: ContractInstance, prover: AccountAPI, group: dict[str, Any], receipt_hash: bytes
) -> None:
    transaction = settlement.settle([group], sender=prover)

    (event,) = transaction.decode_logs(settlement.InferenceSettled)
    assert event.receiptHash == receipt_hash
    assert event.payer == ZERO_ADDRESS
    assert event.tier == Tier.SIGNED
    assert event.modelId == MODEL_ID
    assert event.prover == prover.address
    assert event.requestHash == RECEIPT["requestHash"]
    assert event.responseHash == RECEIPT["responseHash"]
    seq, amount_base_units, flags = 0, 0, 0
    assert event.terms == (
        seq << 192 | amount_base_units << 96 | SERVED_AT_S << 32 | Tier.SIGNED << 24 | flags
    )
    assert settlement.tally(Tier.SIGNED) == 1
    assert settlement.modelTally(MODEL_ID, Tier.SIGNED) == 1
    assert settlement.nextSeq() == 1
    assert settlement.isNonceUsed(prover, NONCE)


def test_settle_skips_evidence_of_another(
    settlement: ContractInstance, prover: AccountAPI, group: dict[str, Any]
) -> None:
    other = {**group, "evidence": bytes(65)}

    transaction = settlement.settle([other], sender=prover)

    assert not list(transaction.decode_logs(settlement.InferenceSettled))
    assert len(list(transaction.decode_logs(settlement.GroupSkipped))) == 1
    assert settlement.tally(Tier.SIGNED) == 0


def test_settle_group_reverts_for_others(
    settlement: ContractInstance, prover: AccountAPI, group: dict[str, Any]
) -> None:
    with ape.reverts(settlement.OnlySelf, error_inputs={"caller": prover.address}):
        settlement.settleGroup(0, prover, [group], sender=prover)
