from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from veritally.errors import InvalidReceiptError
from veritally.receipts import (
    AUTHORIZATION_TYPE,
    GROUP_TYPE,
    RECEIPT_TYPE,
    ZERO_ADDRESS,
    GroupTerms,
    Receipt,
    SettlementDomain,
)
from veritally.tiers import Tier

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "receipts.json").read_text(encoding="utf-8")
)
DOMAIN = SettlementDomain(int(VECTORS["domain"]["chainId"]), VECTORS["domain"]["verifyingContract"])

RECEIPT = Receipt(
    request_hash=b"\x01" * 32,
    response_hash=b"\x02" * 32,
    payer="0x" + "ab" * 20,
    amount_base_units=1,
    served_at_s=0,
    nonce=0,
    floor=Tier.TEE,
)


def terms_of(vector: dict[str, str]) -> GroupTerms:
    return GroupTerms(bytes.fromhex(vector["modelId"][2:]), vector["prover"], vector["asset"])


def receipt_of(vector: dict[str, str]) -> Receipt:
    return Receipt(
        request_hash=bytes.fromhex(vector["requestHash"][2:]),
        response_hash=bytes.fromhex(vector["responseHash"][2:]),
        payer=vector["payer"],
        amount_base_units=int(vector["amount"]),
        served_at_s=int(vector["servedAt"]),
        nonce=int(vector["nonce"]),
        floor=Tier(int(vector["floor"])),
    )


def eth_account_digest(struct_type: str, message: dict[str, Any]) -> bytes:
    """EIP-712 digest by an implementation that is not ours."""
    name, fields = struct_type.removesuffix(")").split("(")
    members = [dict(zip(("type", "name"), field.split(" "), strict=True)) for field in fields.split(",")]
    domain = {
        "name": "Veritally",
        "version": "1",
        "chainId": DOMAIN.chain_id,
        "verifyingContract": DOMAIN.settlement,
    }
    signable = encode_typed_data(domain_data=domain, message_types={name: members}, message_data=message)
    return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))


@pytest.mark.parametrize("vector", VECTORS["receipts"])
def test_receipt_hash_is_the_pinned_one(vector: dict[str, str]) -> None:
    assert "0x" + DOMAIN.receipt_hash(terms_of(vector), receipt_of(vector)).hex() == vector["receiptHash"]


@pytest.mark.parametrize("vector", VECTORS["receipts"])
def test_receipt_hash_equals_eth_account(vector: dict[str, str]) -> None:
    message = {
        "modelId": bytes.fromhex(vector["modelId"][2:]),
        "prover": vector["prover"],
        "asset": vector["asset"],
        "requestHash": bytes.fromhex(vector["requestHash"][2:]),
        "responseHash": bytes.fromhex(vector["responseHash"][2:]),
        "payer": vector["payer"],
        "terms": int(vector["nonce"]) << 192
        | int(vector["amount"]) << 96
        | int(vector["servedAt"]) << 32
        | int(vector["floor"]) << 24,
    }
    assert "0x" + eth_account_digest(RECEIPT_TYPE, message).hex() == vector["receiptHash"]


@pytest.mark.parametrize("vector", VECTORS["groups"])
def test_group_digest_equals_eth_account_and_its_signature_recovers(vector: dict[str, str]) -> None:
    root, route = bytes.fromhex(vector["root"][2:]), bytes.fromhex(vector["route"][2:])
    digest = DOMAIN.group_digest(root, route)
    assert "0x" + digest.hex() == vector["digest"]
    assert digest == eth_account_digest(GROUP_TYPE, {"root": root, "route": route})
    assert Account._recover_hash(digest, signature=vector["signature"]) == vector["signer"]


@pytest.mark.parametrize("vector", VECTORS["groups"])
def test_authorization_digest_equals_eth_account_and_is_no_group_digest(vector: dict[str, str]) -> None:
    root, route = bytes.fromhex(vector["root"][2:]), bytes.fromhex(vector["route"][2:])
    payments = bytes.fromhex(vector["paymentsHash"][2:])
    digest = DOMAIN.authorization_digest(root, route, payments)
    message = {"root": root, "route": route, "paymentsHash": payments}
    assert "0x" + digest.hex() == vector["authorizationDigest"] != vector["digest"]
    assert digest == eth_account_digest(AUTHORIZATION_TYPE, message)


def test_receipts_root_is_the_pinned_one() -> None:
    vectors = VECTORS["receipts"][:3]
    root = DOMAIN.receipts_root(terms_of(vectors[0]), [receipt_of(vector) for vector in vectors])
    assert "0x" + root.hex() == VECTORS["merkle"][2]["root"]


def test_domain_separator_is_the_pinned_one() -> None:
    assert "0x" + DOMAIN.separator.hex() == VECTORS["domain"]["separator"]


def test_addresses_are_stored_with_checksum() -> None:
    assert RECEIPT.payer == "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("request_hash", b"\x01" * 31),
        ("request_hash", "0x" + "01" * 32),
        ("response_hash", b"\x02" * 33),
        ("payer", "0x" + "ab" * 19),
        ("payer", "0xAbABABABABABABABABABABABABABABABABABABAB"),
        ("payer", None),
        ("payer", ZERO_ADDRESS),
        ("amount_base_units", 0),
        ("amount_base_units", -1),
        ("amount_base_units", 1 << 96),
        ("amount_base_units", 1.0),
        ("amount_base_units", True),
        ("served_at_s", 1 << 64),
        ("nonce", 1 << 64),
        ("nonce", -1),
        ("floor", 0),
        ("floor", 4),
        ("floor", True),
    ],
)
def test_receipt_refuses_field_out_of_range(field: str, value: object) -> None:
    with pytest.raises(InvalidReceiptError):
        dataclasses.replace(RECEIPT, **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [{"amount_base_units": (1 << 96) - 1}, {"served_at_s": (1 << 64) - 1}, {"nonce": (1 << 64) - 1}],
)
def test_receipt_accepts_the_largest_values(changes: dict[str, Any]) -> None:
    assert dataclasses.replace(RECEIPT, **changes) != RECEIPT


def test_free_receipt_names_no_payer() -> None:
    free = dataclasses.replace(RECEIPT, payer=ZERO_ADDRESS, amount_base_units=0)
    assert free.payer == ZERO_ADDRESS


@pytest.mark.parametrize("model_id", [b"", b"\x00" * 31, "0x" + "00" * 32])
def test_terms_refuse_a_model_id_that_is_not_32_bytes(model_id: Any) -> None:
    with pytest.raises(InvalidReceiptError, match="model_id"):
        GroupTerms(model_id, RECEIPT.payer, RECEIPT.payer)


def test_terms_refuse_a_bad_address() -> None:
    with pytest.raises(InvalidReceiptError, match="asset"):
        GroupTerms(b"\x00" * 32, RECEIPT.payer, "USDC")
